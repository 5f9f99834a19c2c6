"""The speed of loading, side by side: the same images by our loader and by what people load images with.

`made` makes files, `forms` writes their images as others read them, `contenders` serve batches, `rounds` and `probe`
measure, `targets` judges, `report` shows, `run` is the whole.
"""
