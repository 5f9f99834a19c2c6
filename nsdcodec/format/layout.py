"""The layout of a distilled set: which arrays there are, and how they multiply into images and labels.

A parameterization makes one for a budget before any training, the header of a file states it, `synthesis` follows it.
The four axes are batch, channel, height, width. For image n, made from spectrum tensor T (t1 x t2 x t3 x t4) and one
kernel an axis (NSD Eq. 1 and 2):

    x[c, h, w] = sum over p, q, r, s of  T[p, q, r, s] * batch[p, b] * channel[q, c] * height[r, h] * width[s, w]

The set is a row of blocks of u1 images, b being the place in the block; `pairing` says which spectrum and which kernel
make a block. Spec: spec/synthesis.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from nsdcodec.errors import MalformedFile
from nsdcodec.format import named_bases
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.stored_types import SCALED, UNSIGNED, VALUES, ArraySpec, Granularity, ValueType

AXES = ("batch", "channel", "height", "width")
Pairing = Literal["product", "zip"]
LabelRule = Literal["balanced", "stored", "soft"]
PAIRINGS: tuple[Pairing, ...] = get_args(Pairing)
LABEL_RULES = ("balanced", "stored", "soft")
# So that a file of a few kB cannot make a decoder allocate or compute without bound: labels are made for every image,
# no step of making one image holds more values than MAX_VALUES, nor one of making all more than MAX_VALUES_OF_ALL.
MAX_IMAGES = 1 << 24
MAX_VALUES = 1 << 28
MAX_VALUES_OF_ALL = 1 << 36


@dataclass(frozen=True)
class Synthesis:
    """How each axis is transformed: "stored" (an array of that axis's name) or a name in `named_bases.NAMES`; and how
    spectrum i and kernel j pair: "product" (every kernel with every spectrum: block j + i N_K, NSD Eq. 1) or "zip"
    (kernel i with spectrum i). The batch axis is stored or identity."""

    batch: str = "identity"
    channel: str = "identity"
    height: str = "identity"
    width: str = "identity"
    pairing: Pairing = "product"

    def axis(self, name: str) -> str:
        value: str = getattr(self, name)
        return value

    def stored(self, axis: str) -> Synthesis:
        """The same with the matrix of this axis stored."""
        kinds = {name: self.axis(name) for name in AXES} | {axis: "stored"}
        return Synthesis(**kinds, pairing=self.pairing)


@dataclass(frozen=True)
class Layout:
    """`arrays` is keyed by role: spectrum, {axis}_kernel for each stored axis, mask, labels. Shapes:

    - spectrum [S, t1, t2, t3, t4], or with a mask [S, t1, t2, k];
    - mask [S or 1, t3, t4] of uint1: the k places, row by row, of the coefficients of each spectrum;
    - {axis}_kernel [N_K or 1, t, u];
    - labels: with the label rule "stored" the class of each image, unsigned [images]; with "soft" scores [images,
      classes], whose rows' softmax is a distribution over the classes. None with "balanced": floor(n classes / images).

    Spectrum, kernels and scores are of any type in `stored_types.VALUES`.

    Raises MalformedFile (rules S and L) where they do not fit each other.
    """

    geometry: Geometry
    synthesis: Synthesis
    arrays: Mapping[str, ArraySpec]
    labels: LabelRule = "balanced"

    def __post_init__(self) -> None:
        self._check_roles()
        self._check_shapes()

    def _check_roles(self) -> None:
        stored = {f"{axis}_kernel" for axis in AXES if self.synthesis.axis(axis) == "stored"}
        needed = {"spectrum"} | stored | (set() if self.labels == "balanced" else {"labels"})
        present = set(self.arrays)
        if missing := needed - present:
            raise MalformedFile("NSD-S01", f"missing: {', '.join(sorted(missing))}")
        if extra := present - needed - {"mask"}:
            raise MalformedFile("NSD-S01", f"not used: {', '.join(sorted(extra))}")
        kinds = {"mask": ("uint1",), "labels": VALUES if self.labels == "soft" else UNSIGNED}
        for role, spec in self.arrays.items():
            if spec.dtype not in kinds.get(role, VALUES):
                rule = "NSD-L01" if role == "labels" else "NSD-S02"
                raise MalformedFile(
                    rule, f"{role} is stored as {spec.dtype}, not as one of {', '.join(kinds.get(role, VALUES))}"
                )

    def _check_shapes(self) -> None:
        spectrum = self.arrays["spectrum"].shape
        if len(spectrum) != (4 if "mask" in self.arrays else 5) or min(spectrum) < 1:
            raise MalformedFile("NSD-S02", f"spectrum has the shape {list(spectrum)}")
        if "mask" in self.arrays:
            mask = self.arrays["mask"].shape
            if len(mask) != 3 or mask[0] not in (1, spectrum[0]) or min(mask) < 1:
                raise MalformedFile("NSD-S02", f"mask has the shape {list(mask)} for a spectrum of {list(spectrum)}")
            if spectrum[3] > mask[1] * mask[2]:
                raise MalformedFile("NSD-S03", f"{spectrum[3]:,} coefficients for {mask[1]} x {mask[2]} places")
        counts = {self.arrays[role].shape[0] for role in self.arrays if role.endswith("_kernel")} - {1}
        if len(counts) > 1:
            raise MalformedFile("NSD-S02", f"axes have different numbers of kernels: {sorted(counts)}")
        ends = (None, self.geometry.channels, self.geometry.height, self.geometry.width)
        for axis, t, u in zip(AXES, self.coefficient_shape, ends, strict=True):
            self._check_axis(axis, t, u)
        if self.synthesis.pairing == "zip" and self.kernels not in (1, self.spectra):
            raise MalformedFile("NSD-S02", f"{self.spectra} spectra cannot pair one to one with {self.kernels} kernels")
        if self.images > MAX_IMAGES:
            raise MalformedFile("NSD-A05", f"{self.images:,} images; the limit is {MAX_IMAGES:,}")
        if self.image_values > MAX_VALUES:
            raise MalformedFile(
                "NSD-A05", f"{self.image_values:,} values in the making of one image; the limit is {MAX_VALUES:,}"
            )
        if self.images * self.image_values > MAX_VALUES_OF_ALL:
            raise MalformedFile(
                "NSD-A05",
                f"{self.images:,} images of {self.image_values:,} values; the limit is {MAX_VALUES_OF_ALL:,} together",
            )
        wanted = (self.images, self.geometry.classes) if self.labels == "soft" else (self.images,)
        if "labels" in self.arrays and self.arrays["labels"].shape != wanted:
            raise MalformedFile(
                "NSD-L01", f"labels have the shape {list(self.arrays['labels'].shape)}, not {list(wanted)}"
            )

    def _check_axis(self, axis: str, t: int, u: int | None) -> None:
        kind = self.synthesis.axis(axis)
        if kind == "stored":
            shape = self.arrays[f"{axis}_kernel"].shape
            if len(shape) != 3 or shape[1] != t or min(shape) < 1 or (u is not None and shape[2] != u):
                raise MalformedFile(
                    "NSD-S02", f"{axis}_kernel has the shape {list(shape)}, not [N, {t}, {u or 'images'}]"
                )
        elif axis == "batch" and kind != "identity":
            raise MalformedFile("NSD-S02", f"the batch axis is {kind}; it can be stored or identity")
        elif u is not None:
            try:
                named_bases.check(kind, t, u)
            except ValueError as error:
                raise MalformedFile("NSD-S02", f"{axis}: {error}") from error

    @cached_property
    def coefficient_shape(self) -> tuple[int, int, int, int]:
        """(t1, t2, t3, t4) of one spectrum tensor, after the mask has put its coefficients in place."""
        shape = self.arrays["spectrum"].shape
        if "mask" in self.arrays:
            return (shape[1], shape[2], *self.arrays["mask"].shape[1:])  # type: ignore[return-value]
        return (shape[1], shape[2], shape[3], shape[4])

    @cached_property
    def spectra(self) -> int:
        """S, the number of spectrum tensors."""
        return self.arrays["spectrum"].shape[0]

    @cached_property
    def kernels(self) -> int:
        """N_K, the number of kernels (1 where no axis is stored)."""
        return max([self.arrays[role].shape[0] for role in self.arrays if role.endswith("_kernel")], default=1)

    @cached_property
    def blocks(self) -> int:
        return self.spectra * (self.kernels if self.synthesis.pairing == "product" else 1)

    @cached_property
    def images_per_block(self) -> int:
        """u1."""
        if self.synthesis.batch == "stored":
            return self.arrays["batch_kernel"].shape[2]
        return self.coefficient_shape[0]

    @cached_property
    def images(self) -> int:
        return self.blocks * self.images_per_block

    @cached_property
    def image_values(self) -> int:
        """The most values that one image has between two axes: coefficients first, then channel, height, width."""
        _, *lengths = self.coefficient_shape
        values = [math.prod(lengths)]
        for place, length in enumerate((self.geometry.channels, self.geometry.height, self.geometry.width)):
            lengths[place] = length
            values.append(math.prod(lengths))
        return max(values)

    @cached_property
    def elements(self) -> int:
        """Stored values as NSD Eq. 3 counts them, whatever their type; scales are values too, and 32 bits of mask or
        labels are one more each."""
        values = sum(spec.size + spec.scales for spec in self.arrays.values() if spec.dtype in VALUES)
        others = sum(spec.nbytes for spec in self.arrays.values() if spec.dtype in UNSIGNED)
        return values + math.ceil(others / 4)

    @cached_property
    def nbytes(self) -> int:
        """Bytes of all arrays before any coding."""
        return sum(spec.nbytes for spec in self.arrays.values())


def stored_as(role: str, shape: tuple[int, ...], dtype: ValueType, granularity: Granularity = "slice") -> ArraySpec:
    """The spec of an array of values in this type. Of scaled integers, each slice (of a spectrum; of a kernel or of
    labels a row), each row, or the whole tensor has a scale; the small kernels are float16 then, since every image is
    made with their few values."""
    if dtype not in SCALED:
        return ArraySpec(dtype, shape)
    if role in ("channel_kernel", "height_kernel", "width_kernel"):
        return ArraySpec("float16", shape)
    axes = {"slice": min(2, len(shape) - 1), "row": len(shape) - 1, "tensor": 0}
    return ArraySpec(dtype, shape, axes[granularity])
