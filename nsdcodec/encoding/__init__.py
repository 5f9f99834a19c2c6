"""The encoder: it distils a source of real images into an .nsd file."""
