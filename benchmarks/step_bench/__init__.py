"""The speed of trajectory matching: an iteration of ours beside the published loop, on the same work in one run.

`work` makes it, `published` and `contenders` do it, `floor` counts it, `process`, `timed`, `hardware` and `gradients`
measure in processes of their own, `rounds` takes turns, `targets` judges, `report` shows, `run` is the whole.
"""
