"""NSDDataset: a file as a map-style PyTorch data set, whose images are decoded when they are asked for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nsdcodec.data.cache import Cache
from nsdcodec.data.decoder import Decoder
from nsdcodec.data.image_set import Transform
from nsdcodec.data.parts import Divisible
from nsdcodec.format import synthesis
from nsdcodec.format.container.file import Source, read
from nsdcodec.format.container.header import Header
from nsdcodec.format.recipe import Normalization, TrainingRecipe


class NSDDataset(Divisible):
    """A file. `source` is a path, a URL, the bytes of a file, or an open binary stream; it is read once and checked
    whole, so that what happens to the file afterwards changes nothing. Pickles, so workers may be forked or spawned.

    `cache` says what becomes of decoded images: "auto" keeps them as float32 once about a whole epoch was decoded,
    where they fit in `cache_limit` bytes (a quarter of the free memory of their device); "float16" and "uint8" (pixels,
    rounded) take less and lose precision; "none" decodes every batch. Raises what `nsdcodec.read` raises, UnknownName.
    """

    def __init__(
        self,
        source: Source,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        *,
        cache: str = "auto",
        cache_limit: int | None = None,
    ) -> None:
        file = read(source)
        self.header: Header = file.header
        self.nbytes: int = file.nbytes
        self.transform = transform
        self.target_transform = target_transform
        arrays = {role: synthesis.to_torch(values) for role, values in file.arrays.items()}
        self._labels = synthesis.labels(self.header.layout, arrays)
        # Of soft labels the likeliest class, by the scores as they are stored.
        self._hard_labels = synthesis.hard_labels(arrays["labels"] if self._labels.ndim == 2 else self._labels)
        self._arrays = {role: values for role, values in arrays.items() if role != "labels"}
        self._decoders: dict[torch.device, Decoder] = {}
        self._cache = Cache(self.header, cache, cache_limit)

    @property
    def labels(self) -> Tensor:
        return self._labels

    @property
    def hard_labels(self) -> Tensor:
        return self._hard_labels

    @property
    def classes(self) -> tuple[str, ...]:
        return self.header.classes

    @property
    def recipe(self) -> TrainingRecipe:
        return self.header.recipe

    @property
    def normalization(self) -> Normalization:
        return self.header.normalization

    @property
    def image_shape(self) -> tuple[int, int, int]:
        geometry = self.header.layout.geometry
        return geometry.channels, geometry.height, geometry.width

    def images(self, index: Tensor, device: torch.device) -> Tensor:
        return self._cache.images(self._decoder(device), index, device)

    def prepare(self, device: torch.device) -> None:
        self._cache.fill(self._decoder(device), device)

    def _decoder(self, device: torch.device) -> Decoder:
        """The arrays on the device, ready for batches: made once, and then there is no copy between host and device."""
        if device not in self._decoders:
            arrays = {role: values.to(device) for role, values in self._arrays.items()}
            self._decoders[device] = Decoder(self.header.layout, arrays)
        return self._decoders[device]

    def __getstate__(self) -> dict[str, Any]:
        # A worker that is spawned decodes for itself, sooner than it would be sent all images.
        return self.__dict__ | {"_decoders": {}, "_cache": self._cache.emptied()}
