"""What a file says, and how it becomes images."""
