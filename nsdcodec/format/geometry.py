"""The geometry of a data set: the number of classes and the shape of one image."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from nsdcodec.errors import InvalidSetting

LIMITS = {"classes": 65_536, "channels": 16, "height": 4_096, "width": 4_096}


@dataclass(frozen=True)
class Geometry:
    """`classes` classes of images [channels, height, width]. Raises InvalidSetting for a number outside 1 to
    `LIMITS`."""

    classes: int
    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 1 <= value <= LIMITS[name]:
                raise InvalidSetting(f"geometry: {name} is {value:,}; it must be 1 to {LIMITS[name]:,}")

    @property
    def image_elements(self) -> int:
        """Values of one image."""
        return self.channels * self.height * self.width

    def __str__(self) -> str:
        return f"{self.classes} classes of {self.channels} x {self.height} x {self.width}"
