"""Write a class-balanced part of an HDF5 source: subset.py IN.h5 OUT.h5 TRAIN_PER_CLASS TEST_PER_CLASS.

For runs on a CPU that should see real images and not take days. The first images of each class; needs h5py, numpy.
"""

import sys

import h5py
import numpy as np

source, target, train, test = sys.argv[1:]
with h5py.File(source) as whole, h5py.File(target, "w") as part:
    for split, count in (("train", int(train)), ("test", int(test))):
        labels = whole[f"{split}/labels"][:]
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]))
        part[f"{split}/images"] = whole[f"{split}/images"][:][chosen]
        part[f"{split}/labels"] = labels[chosen]
    part.attrs["classes"] = whole.attrs["classes"]
