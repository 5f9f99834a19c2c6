"""Training of networks: architectures, batches of real images, the training loop."""
