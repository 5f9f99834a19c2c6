"""How varied the images of each class of a set are: diversity.py FILE...

Prints the number of images, and the rank that holds 95 % and 99 % of what is left of all images once the mean of their
class is taken away: in how many directions the images of a class differ.
"""

import sys

import torch

from nsdcodec import NSDDataset

for path in sys.argv[1:]:
    dataset = NSDDataset(path)
    images, _ = dataset.all()
    flat = images.double().flatten(1)
    means = torch.stack([flat[dataset.hard_labels == label].mean(dim=0) for label in range(len(dataset.classes))])
    squares = torch.linalg.svdvals(flat - means[dataset.hard_labels]).square()
    kept = squares.cumsum(0) / squares.sum()
    ranks = [int((kept < share).sum()) + 1 for share in (0.95, 0.99)]
    print(f"{path}: {len(images)} images, rank {ranks[0]} for 95 %, {ranks[1]} for 99 %")
