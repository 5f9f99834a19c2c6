"""Keep decoded images in memory, where they fit, so that making a batch is only an indexing."""

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
        # None: not to be kept on this device.
        self._kept: dict[torch.device, CachedImages | None] = {}
        self._decoded = 0

    def emptied(self) -> Cache:
        return Cache(self._header, self._kind, self._limit)

    def images(self, decoder: Decoder, index: Tensor, device: torch.device) -> Tensor:
        """Images float32 [n, C, H, W] for int64 [n] on the CPU."""
        if device not in self._kept and get_worker_info() is None:
            self._decoded += len(index)
            if self._decoded > self._header.layout.images:
                self.fill(decoder, device)
        kept = self._kept.get(device)
        return decoder.images(index) if kept is None else kept.images(index)

    def fill(self, decoder: Decoder, device: torch.device) -> None:
        """Decodes every image and keeps it, where that is wanted and fits."""
        if device in self._kept:
            return
        layout = self._header.layout
        nbytes = layout.images * layout.geometry.image_elements * self._dtype.itemsize
        if self._kind == "none" or nbytes > self._most_bytes(device):
            self._kept[device] = None
            return
        batches = torch.arange(layout.images).split(min(CHUNK, synthesis.images_at_once(layout)))
        with torch.no_grad():
            if len(batches) == 1 and self._dtype == torch.float32:  # without a copy, which is half of a first batch
                self._kept[device] = CachedImages(self._header, decoder.images(batches[0]))
                return
            kept = CachedImages(self._header, self._empty(device))
            for index in batches:
                kept.put(index, decoder.images(index))
        self._kept[device] = kept

    def _empty(self, device: torch.device) -> Tensor:
        geometry = self._header.layout.geometry
        shape = (self._header.layout.images, geometry.channels, geometry.height, geometry.width)
        return torch.empty(shape, dtype=self._dtype, device=device)

    def _most_bytes(self, device: torch.device) -> int:
        return free_memory(device) // 4 if self._limit is None else self._limit


class CachedImages:
    """All images of a file on a device, as float32, as float16, or as uint8 pixels."""

    def __init__(self, header: Header, stored: Tensor) -> None:
        """`stored` [N, C, H, W] is to be filled by `put`, if it is not filled already."""
        self._stored = stored
        self._normalization = header.normalization
        mean, std = pixels.mean_and_std(header.normalization, stored.device)
        # Made once: a batch must not wait for them to be copied to the device.
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def put(self, index: Tensor, images: Tensor) -> None:
        """Images float32 [n, C, H, W] to the places `index`, which follow each other."""
        places = self._stored[int(index[0]) : int(index[-1]) + 1]
        places.copy_(pixels.to_pixels(images, self._normalization) if places.dtype == torch.uint8 else images)

    def images(self, index: Tensor) -> Tensor:
        """A copy, float32 [n, C, H, W]."""
        images = self._stored.index_select(0, on_device(index, self._stored.device))
        if images.dtype == torch.uint8:
            return images.float().mul_(self._scale).add_(self._shift)
        return images.float()
