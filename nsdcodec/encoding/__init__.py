"""Real images in, the best file out."""
