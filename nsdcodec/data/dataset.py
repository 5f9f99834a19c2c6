"""NSDDataset: a file as a map-style PyTorch data set, whose images are decoded when they are asked for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nsdcodec.data import pixels, sheet
from nsdcodec.data.cache import Cache, CacheKind
from nsdcodec.data.decoder import Decoder
from nsdcodec.data.image_set import Index, Transform
from nsdcodec.data.subsets import Divisible
from nsdcodec.format import synthesis
from nsdcodec.format.class_names import short
from nsdcodec.format.container.contents import Readable
from nsdcodec.format.container.file import read
from nsdcodec.format.container.header import Header
from nsdcodec.format.recipe import Normalization, TrainingRecipe


class NSDDataset(Divisible):
    """An .nsd file as a map-style PyTorch data set: `len(dataset)`, `dataset[i]`, and DataLoader work as usual.

    The file is read and checked once, completely; later changes of it have no effect. Images are decoded when they are
    asked for. The data set can be pickled, so DataLoader may fork or spawn its workers.

    Arguments:
        source: a path, a URL, zoo:NAME (a file that comes with the package: `nsdc zoo` lists them), the bytes of a
            file, or an open binary stream.
        transform: applied to the image of `dataset[i]`, float32 [C, H, W] in normalised units.
        target_transform: applied to the label of `dataset[i]`.
        cache: how decoded images are kept. "auto" and "float32" keep them as float32, from the moment when about one
            epoch has been decoded. "float16" takes half of that, and "uint8" (pixels, rounded and cut off at 0 and 255)
            a quarter, at a loss of precision, which every image has, kept or not. "none" decodes every batch anew.
        cache_limit: nothing is kept if it would take more bytes than this. Default: a quarter of the free memory of the
            device.

    Raises:
        FileAccess, MalformedFile, DigestMismatch, UnsupportedVersion, UnsupportedFeature, MissingData, UnknownName: as
            `read` does.
        UnknownName: no such cache.
        InvalidSetting: the cache limit is negative.

    Example:
        >>> dataset = NSDDataset("c10.nsd")
        >>> len(dataset), dataset.classes[0], dataset.image_shape
        (220, 'airplane', (3, 32, 32))
        >>> image, label = dataset[0]
        >>> image.shape, label
        (torch.Size([3, 32, 32]), 0)
    """

    def __init__(
        self,
        source: Readable,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        *,
        cache: CacheKind = "auto",
        cache_limit: int | None = None,
    ) -> None:
        file = read(source)
        self.header: Header = file.header
        self.nbytes: int = file.nbytes
        self.transform = transform
        self.target_transform = target_transform
        arrays = {role: synthesis.to_torch(values) for role, values in file.arrays.items()}
        self._labels = synthesis.labels(self.header.layout, arrays)
        # Of soft labels the most likely class, by the scores as they are stored.
        self._hard_labels = synthesis.hard_labels(arrays["labels"] if self._labels.ndim == 2 else self._labels)
        self._arrays = {role: values for role, values in arrays.items() if role != "labels"}
        self._decoders: dict[torch.device, Decoder] = {}
        self._cache = Cache(self.header, cache, cache_limit)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.image_shape))
        return (
            f"NSDDataset({len(self):,} images of {shape}, {short(self.classes)}, {self.header.parameterization}, "
            f"{self.nbytes:,} bytes)"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: a small sheet of images, a row a class, and the facts."""
        rows = sheet.chosen(self._hard_labels, len(self.classes))
        images = [self.exact_pixels(row).numpy() for row in rows]
        layout, recipe = self.header.layout, self.header.recipe
        facts = [
            ("images", f"{len(self):,} of {layout.geometry}"),
            ("classes", ", ".join(self.classes[:10]) + (", ..." if len(self.classes) > 10 else "")),
            ("file", f"{self.nbytes:,} bytes, {8 * self.nbytes / len(self.classes):,.0f} bits a class"),
            ("stored as", f"{self.header.parameterization}, {layout.elements:,} elements"),
            (
                "to train",
                f"{recipe.network.name} {recipe.network.depth} x {recipe.network.width}, {recipe.epochs:,} epochs",
            ),
        ]
        return sheet.document(sheet.sheet(images), "NSDDataset", facts)

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

    def exact_pixels(self, indices: Index) -> Tensor:
        """Images at these indices as uint8 pixels [n, C, H, W], decoded in float64 on the CPU. `to_pixels` of float32
        images rounds a few in a million to the other side; these are the same on every machine and in every reader,
        and what `export` and `nsdc decode` write."""
        arrays = {
            role: values.double() if values.is_floating_point() else values for role, values in self._arrays.items()
        }
        images = Decoder(self.header.layout, arrays).images(self._checked(indices))
        return pixels.to_pixels(images, self.normalization)

    def prepare(self, device: torch.device) -> None:
        self._cache.fill(self._decoder(device), device)

    def _decoder(self, device: torch.device) -> Decoder:
        """The arrays on the device, ready for batches: made once, and then there is no copy between host and device."""
        if device not in self._decoders:
            arrays = {role: values.to(device) for role, values in self._arrays.items()}
            self._decoders[device] = Decoder(self.header.layout, arrays)
        return self._decoders[device]

    def __getstate__(self) -> dict[str, Any]:
        # A spawned worker decodes for itself: that is faster than sending it all images.
        return self.__dict__ | {"_decoders": {}, "_cache": self._cache.emptied()}
