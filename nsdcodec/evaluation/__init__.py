"""Evaluation: the accuracy of networks trained on a set, on clean and corrupted images; analysis of real images."""
