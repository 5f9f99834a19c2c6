"""What training needs: networks, batches of real data, the training loop."""
