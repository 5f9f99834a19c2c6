"""What all measurements of speed share.

`command` starts a script, `machine` says what it runs on and how busy that is, `process_memory` reads memory, `verdict`
judges a target, `report` writes Markdown and JSON.
"""
