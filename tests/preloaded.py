"""What processes of tests have imported before they are forked: under `processes`."""

import h5py  # noqa: F401
import torch
import worlds  # noqa: F401

import nsdcodec.encoding.encoder  # noqa: F401

# What PyTorch imports when its first optimizer is made is most of it.
torch.optim.SGD([torch.zeros(1)])
