"""What processes of tests have imported before they are forked."""

import contexts  # noqa: F401
import h5py  # noqa: F401
import torch

import nsdcodec.encoding.encoder  # noqa: F401

# What PyTorch imports when its first optimizer is made is most of it.
torch.optim.SGD([torch.zeros(1)])
