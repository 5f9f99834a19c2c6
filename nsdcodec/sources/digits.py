"""Scikit-learn's bundled digits: 1,797 images of 1 x 8 x 8, so that everything can be tried without a download."""

from __future__ import annotations

import numpy as np
import torch

from nsdcodec.sources.base import Source, Split, augmentation, drawn, selected
from nsdcodec.system.packages import package

ABOUT = "1,797 handwritten digits of 1 x 8 x 8, bundled with scikit-learn"
CLASSES = tuple("0123456789")
# The set comes without a split. This one is fixed for good: reported accuracies depend on it.
TEST_SHARE = 5  # one in five of each class, rounded down
SPLIT_SEED = 0


def load() -> Source:
    """Raises MissingData without scikit-learn."""
    bunch = package("sklearn.datasets").load_digits()
    # Stored as 0 to 16.
    pixels = np.round(bunch.images * 255 / 16).astype(np.uint8)
    everything = Split(torch.from_numpy(pixels[:, None]), torch.from_numpy(bunch.target.astype(np.int64)))
    counts = torch.bincount(everything.labels, minlength=len(CLASSES)) // TEST_SHARE
    test = drawn(everything.labels, counts, SPLIT_SEED)
    return Source("digits", CLASSES, selected(everything, ~test), selected(everything, test), augmentation("digits"))
