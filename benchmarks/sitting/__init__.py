"""The stages of a sitting at a GPU, and what runs them: `gpu_sitting.py` is the command."""
