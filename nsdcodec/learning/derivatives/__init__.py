"""Exact gradients through the steps of a network's training."""
