"""The storage budget: elements as the papers count them (NSD Eq. 3), and the bytes of the real file.

Pure numbers: what a layout takes is counted by `layout.Layout`, what a file takes by the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from nsdcodec.errors import InvalidSetting, OverBudget
from nsdcodec.format.geometry import Geometry

# What --ipc counts: stored values, or bytes of the file.
Count = Literal["elements", "bytes"]
FLOAT32_BYTES = 4


@dataclass(frozen=True)
class Budget:
    """At most `elements` stored values and at most `file_bytes` bytes, header and all; None is no limit.

    At least one of the two is set. Raises InvalidSetting otherwise. Where a planner is free to choose how many images
    there are, it chooses at most `images_per_class`. `packed_bytes` is what a file of `file_bytes` would take if
    nothing compressed, where trials have told (`layout_plan`); None: as many.
    """

    elements: int | None = None
    file_bytes: int | None = None
    images_per_class: int | None = None
    packed_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.elements is None and self.file_bytes is None:
            raise InvalidSetting("budget: give --ipc (elements) or --bits-per-class (bytes of the file), or both")
        for name, value in (("elements", self.elements), ("file_bytes", self.file_bytes)):
            if value is not None and value < 1:
                raise InvalidSetting(f"budget: {name} is {value}; it must be at least 1")

    @classmethod
    def of(
        cls,
        geometry: Geometry,
        ipc: float | None = None,
        bits_per_class: float | None = None,
        count: Count = "elements",
    ) -> Budget:
        """NSD Eq. 3: IPC x classes x elements of an image; and bits a class x classes / 8 bytes of file. Where `count`
        is "bytes", IPC too is of the file: what its images take as float32. Raises InvalidSetting."""
        for name, value in (("--ipc", ipc), ("--bits-per-class", bits_per_class)):
            if value is not None and not 0 < value < math.inf:
                raise InvalidSetting(f"{name} is {value}; it must be above 0, and finite")
        if count not in get_args(Count):
            raise InvalidSetting(f"--count is {count!r}; it can be {' or '.join(get_args(Count))}")
        if count == "bytes":
            if ipc is None or bits_per_class is not None:
                raise InvalidSetting(
                    "--count bytes makes a budget in bytes of --ipc; give --ipc with it, and not --bits-per-class"
                )
            return cls(None, round(ipc * geometry.classes * geometry.image_elements * FLOAT32_BYTES))
        return cls(
            None if ipc is None else round(ipc * geometry.classes * geometry.image_elements),
            None if bits_per_class is None else int(bits_per_class * geometry.classes / 8),
        )

    def at_most_images(self, planned: int) -> int:
        """That many images a class, or as many as are to be chosen at most."""
        return planned if self.images_per_class is None else min(planned, self.images_per_class)

    def admits(self, elements: int, packed_bytes: int) -> bool:
        """Whether a set of so many elements, whose arrays and header take so many bytes, is within it."""
        most = self.packed_bytes or self.file_bytes
        return (self.elements is None or elements <= self.elements) and (most is None or packed_bytes <= most)

    def require(self, what: str, elements: int, packed_bytes: int, remedy: str) -> None:
        """Raises OverBudget, with the remedy, unless both counts fit."""
        most = self.packed_bytes or self.file_bytes
        if self.elements is not None and elements > self.elements:
            raise OverBudget(f"{what}: {elements:,} elements exceed the budget of {self.elements:,}; {remedy}")
        if most is not None and packed_bytes > most:
            raise OverBudget(f"{what}: {packed_bytes:,} bytes exceed the budget of {most:,}; {remedy}")
