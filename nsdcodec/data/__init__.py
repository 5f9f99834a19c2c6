"""A file in a training loop: batches of images and labels, in an order of their own, augmented, parted and joined."""
