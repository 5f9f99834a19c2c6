"""What training needs: networks, augmentation, batches of real data, the training loop."""
