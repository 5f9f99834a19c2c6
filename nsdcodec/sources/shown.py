"""An image as viewers show it: turned as its EXIF orientation says, and on white where it is transparent."""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import Any

from nsdcodec.system.packages import package

ORIENTATION = 0x0112
# From the stored pixels to the shown ones, by the values of the tag; 1 is as stored. Pillow turns counterclockwise.
_TURNS = MappingProxyType(
    {
        2: "FLIP_LEFT_RIGHT",
        3: "ROTATE_180",
        4: "FLIP_TOP_BOTTOM",
        5: "TRANSPOSE",
        6: "ROTATE_270",
        7: "TRANSVERSE",
        8: "ROTATE_90",
    }
)
# From here on, height and width change places.
_FIRST_QUARTER_TURN = 5
# Where the headers of a PNG can have it. Pillow decodes a PNG without them, to look behind its pixels.
_IN_PNG_HEADERS = frozenset({"exif", "Raw profile type exif", "XML:com.adobe.xmp"})


def upright(image: Any) -> Any:
    """The Pillow image, turned or mirrored as its EXIF orientation says; decodes it. Raises what Pillow raises."""
    image.load()
    # Asked for after that, since Pillow turns a TIFF itself when it decodes it.
    turn = _TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(getattr(package("PIL.Image").Transpose, turn))


def upright_size(image: Any) -> tuple[int, int]:
    """Width and height of `upright(image)`. Only a file that is turned by a quarter is decoded for it."""
    if image.format == "PNG" and not _IN_PNG_HEADERS & image.info.keys():
        return tuple(image.size)
    return tuple(upright(image).size if _orientation(image) >= _FIRST_QUARTER_TURN else image.size)


def on_white(image: Any) -> Any | None:
    """The Pillow image as RGB, blended over white; None if no pixel of it is transparent."""
    if not (image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info):
        return None
    pixels = image.convert("RGBA")
    if pixels.getchannel("A").getextrema()[0] == 255:
        return None
    pillow = package("PIL.Image")
    return pillow.alpha_composite(pillow.new("RGBA", pixels.size, "white"), pixels).convert("RGB")


def _orientation(image: Any) -> int:
    """1 to 8; 1 where there is none, or none that can be read: viewers show such a file as it is stored."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error):
        return 1
    return value if isinstance(value, int) and 1 <= value <= max(_TURNS) else 1
