"""Keep decoded images in memory, where they fit, so that making a batch is only an indexing.

What is kept never changes what is served: see `Precision`.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor
from torch.utils.data import get_worker_info

from nsdcodec.data import pixels
from nsdcodec.data.decoder import Decoder
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format import synthesis
from nsdcodec.format.container.header import Header
from nsdcodec.format.recipe import Normalization
from nsdcodec.system.devices import on_device
from nsdcodec.system.free_memory import free_memory

CacheKind = Literal["auto", "none", "float32", "float16", "uint8"]
# Images decoded at once to fill the cache: a batch of a size that is quick on any device.
CHUNK = 1024


class Cache:
    """Decoded images of a file on each device, in the type that `kind` names ("auto" is float32). They are kept from
    the moment when as many have been decoded as the file has, if they fit in `limit` bytes; by default that is a
    quarter of the device's free memory at this moment.

    A worker of a DataLoader keeps nothing: its memory is not shared, and it may live no longer than an epoch.
    """

    def __init__(self, header: Header, kind: CacheKind, limit: int | None) -> None:
        if kind not in get_args(CacheKind):
            raise UnknownName("cache", kind, get_args(CacheKind))
        if limit is not None and limit < 0:
            raise InvalidSetting(f"cache_limit is {limit}; it must be at least 0 bytes, or None")
        self._header, self._kind, self._limit = header, kind, limit
        self._dtype: torch.dtype = getattr(torch, "float32" if kind in ("auto", "none") else kind)
        self._precisions: dict[torch.device, Precision] = {}
        # All images [N, C, H, W] as `Precision` keeps them; None: not to be kept on this device.
        self._kept: dict[torch.device, Tensor | None] = {}
        self._decoded = 0

    def emptied(self) -> Cache:
        return Cache(self._header, self._kind, self._limit)

    def images(self, decoder: Decoder, index: Tensor, device: torch.device) -> Tensor:
        """Images float32 [n, C, H, W] for int64 [n] on the CPU: a copy, with the precision of `kind` even where nothing
        is kept."""
        if device not in self._kept and get_worker_info() is None:
            self._decoded += len(index)
            if self._decoded > self._header.layout.images:
                self.fill(decoder, device)
        kept, precision = self._kept.get(device), self._precision(device)
        if kept is None:
            return precision.served(precision.kept(decoder.images(index)))
        return precision.served(kept.index_select(0, on_device(index, device)))

    def fill(self, decoder: Decoder, device: torch.device) -> None:
        """Decodes every image and keeps it, where that is wanted and fits."""
        if device in self._kept:
            return
        layout, precision = self._header.layout, self._precision(device)
        nbytes = layout.images * layout.geometry.image_elements * self._dtype.itemsize
        if self._kind == "none" or nbytes > self._most_bytes(device):
            self._kept[device] = None
            return
        batches = torch.arange(layout.images).split(min(CHUNK, synthesis.images_at_once(layout)))
        with torch.no_grad():
            if len(batches) == 1:  # without a copy, which is half of a first batch
                self._kept[device] = precision.kept(decoder.images(batches[0]))
                return
            kept = self._empty(device)
            for index in batches:
                kept[int(index[0]) : int(index[-1]) + 1] = precision.kept(decoder.images(index))
        self._kept[device] = kept

    def _precision(self, device: torch.device) -> Precision:
        """Made once: a batch must not wait until its numbers are on the device."""
        if device not in self._precisions:
            self._precisions[device] = Precision(self._dtype, self._header.normalization, device)
        return self._precisions[device]

    def _empty(self, device: torch.device) -> Tensor:
        geometry = self._header.layout.geometry
        shape = (self._header.layout.images, geometry.channels, geometry.height, geometry.width)
        return torch.empty(shape, dtype=self._dtype, device=device)

    def _most_bytes(self, device: torch.device) -> int:
        return free_memory(device) // 4 if self._limit is None else self._limit


class Precision:
    """What an image keeps of itself as float32, as float16, or as a uint8 pixel, which is rounded and cut off at 0 and
    255.

    Every batch goes through it, kept or not: else an image would change between the first epoch and the second, with
    the free memory, and with the number of workers.
    """

    def __init__(self, dtype: torch.dtype, normalization: Normalization, device: torch.device) -> None:
        self._dtype = dtype
        self._mean, self._std = pixels.mean_and_std(normalization, device)
        self._scale, self._shift = 1 / (255 * self._std), -self._mean / self._std

    def kept(self, images: Tensor) -> Tensor:
        """Normalised images float32 [n, C, H, W] in the type in which they are kept; float32 ones as they are."""
        if self._dtype == torch.uint8:
            return pixels.rounded(images, self._mean, self._std)
        return images.to(self._dtype)

    def served(self, kept: Tensor) -> Tensor:
        """Normalised images float32 of what `kept` returned."""
        if self._dtype == torch.uint8:
            return kept.float().mul_(self._scale).add_(self._shift)
        return kept.float()
