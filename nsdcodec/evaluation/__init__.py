"""What a set is worth: accuracy of networks trained on it, on clean and on corrupted images; how real images look."""
