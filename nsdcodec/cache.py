"""Decoded images that are kept, where they fit: a batch is then an indexing. Between `decoder` and `dataset`."""

from __future__ import annotations

import os

import torch
from torch import Tensor
from torch.utils.data import get_worker_info

from nsdcodec.container.header import Header
from nsdcodec.decoder import Decoder
from nsdcodec.errors import UnknownName

CACHES = ("auto", "none", "float32", "float16", "uint8")
# Images decoded at once to fill the cache: a batch of a size that is quick on any device.
CHUNK = 1024


class Cache:
    """Images of a file by device, in the type that `kind` names ("auto" is float32). They are kept once about as many
    were decoded as there are, if they fit in `limit` bytes: by default a quarter of what the device has free.

    A worker of a DataLoader keeps nothing: its memory is not shared, and it may live no longer than an epoch.
    """

    def __init__(self, header: Header, kind: str, limit: int | None) -> None:
        if kind not in CACHES:
            raise UnknownName("cache", kind, CACHES)
        self._header, self._kind, self._limit = header, kind, limit
        self._dtype: torch.dtype = getattr(torch, "float32" if kind in ("auto", "none") else kind)
        self._kept: dict[torch.device, Tensor] = {}
        self._decoded = 0

    def emptied(self) -> Cache:
        return Cache(self._header, self._kind, self._limit)

    def images(self, decoder: Decoder, index: Tensor, device: torch.device) -> Tensor:
        """Images float32 [n, C, H, W] for int64 [n] on the CPU."""
        if device not in self._kept:
            self._decoded += len(index)
            if self._decoded <= self._header.layout.images or get_worker_info() is not None:
                return decoder.images(index)
            self.fill(decoder, device)
            if device not in self._kept:
                return decoder.images(index)
        kept = self._kept[device].index_select(0, index.to(device))
        return self._from_pixels(kept) if kept.dtype == torch.uint8 else kept.float()

    def fill(self, decoder: Decoder, device: torch.device) -> None:
        """Decodes every image and keeps it, where that is wanted and fits."""
        count, geometry = self._header.layout.images, self._header.layout.geometry
        if self._kind == "none" or device in self._kept:
            return
        if count * geometry.image_elements * self._dtype.itemsize > self._bytes_for(device):
            return
        kept = torch.empty(
            (count, geometry.channels, geometry.height, geometry.width), dtype=self._dtype, device=device
        )
        with torch.no_grad():
            for index in torch.arange(count).split(CHUNK):
                images = decoder.images(index)
                kept[index[0] : index[-1] + 1] = self._to_pixels(images) if self._dtype == torch.uint8 else images
        self._kept[device] = kept

    def _bytes_for(self, device: torch.device) -> int:
        return free_memory(device) // 4 if self._limit is None else self._limit

    def _to_pixels(self, images: Tensor) -> Tensor:
        mean, std = self._normalization(images.device)
        return ((images * std + mean) * 255).round().clamp(0, 255)

    def _from_pixels(self, pixels: Tensor) -> Tensor:
        mean, std = self._normalization(pixels.device)
        return (pixels / 255 - mean) / std

    def _normalization(self, device: torch.device) -> tuple[Tensor, ...]:
        pair = (self._header.normalization.mean, self._header.normalization.std)
        return tuple(torch.tensor(values, device=device)[:, None, None] for values in pair)


def free_memory(device: torch.device) -> int:
    """Bytes that the device has free; of other than CUDA devices, that this machine has."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
