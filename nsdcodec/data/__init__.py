"""A file in a training loop: decoding, batches, order, augmentation, subsets and joined sets."""
