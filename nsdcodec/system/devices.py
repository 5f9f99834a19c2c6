"""Copies to a device."""

from __future__ import annotations

import torch
from torch import Tensor


def on_device(values: Tensor, device: torch.device) -> Tensor:
    """Copies a few values to the device, without waiting for work that the device is doing."""
    if values.device.type == "cpu" and device.type == "cuda":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)
