"""The file format: what a file says, and how it becomes images and labels."""
