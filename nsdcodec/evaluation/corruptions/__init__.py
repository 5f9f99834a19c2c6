"""The fifteen corruptions of CIFAR-10-C (Hendrycks and Dietterich, ICLR 2019, arXiv 1903.12261), made from images.

One function a corruption, in the paper's four groups, with its parameters for CIFAR-10 at severities 1 to 5. They are
in pixels and stay so at other sizes, but for the elastic transform, whose are shares of the side. Where the published
images exist, `published` reads them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.evaluation.corruptions import blur, digital, noise, weather
from nsdcodec.system.randomness import stream

SEVERITIES = (1, 2, 3, 4, 5)
LEAST_SIDE = 8
# Images that are corrupted at a time: their draws come from one stream, and what they need stays in the cache.
CHUNK = 250

# Each takes images [n, C, H, W] float32 in 0 to 1, a severity and a generator; what leaves 0 to 1 is clipped after it.
CORRUPTIONS: dict[str, Callable[[Tensor, int, torch.Generator], Tensor]] = {
    "gaussian_noise": noise.gaussian_noise,
    "shot_noise": noise.shot_noise,
    "impulse_noise": noise.impulse_noise,
    "defocus_blur": blur.defocus_blur,
    "glass_blur": blur.glass_blur,
    "motion_blur": blur.motion_blur,
    "zoom_blur": blur.zoom_blur,
    "snow": weather.snow,
    "frost": weather.frost,
    "fog": weather.fog,
    "brightness": weather.brightness,
    "contrast": digital.contrast,
    "elastic_transform": digital.elastic_transform,
    "pixelate": digital.pixelate,
    "jpeg_compression": digital.jpeg_compression,
}


def corrupt(images: Tensor, name: str, severity: int, seed: int = 0) -> Tensor:
    """Images uint8 [n, C, H, W] -> uint8 of the same shape. Each image has random numbers of its own, which are the
    same for the same seed. Values are truncated to grey levels, not rounded, as in the published set.

    Raises UnknownName; InvalidSetting for a severity outside 1 to 5, for other than 1 or 3 channels, and for sides
    below 8 pixels; MissingData if Pillow, which two corruptions need, is not installed.
    """
    check(name, severity)
    check_shape(*images.shape[1:])
    corrupted = torch.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].to(torch.float32) / 255
        part = CORRUPTIONS[name](part, severity, stream(seed, "corruption", name, severity, start))
        # A thousandth, so that a whole grey level is not cut to the one below for a rounding of float32.
        corrupted[start : start + CHUNK] = (part.clamp(0, 1) * 255 + 1e-3).to(torch.uint8)
    return corrupted


def check(name: str, severity: int) -> None:
    """Raises UnknownName and InvalidSetting."""
    if name not in CORRUPTIONS:
        raise UnknownName("corruption", name, CORRUPTIONS)
    check_severity(severity)


def check_severity(severity: int) -> None:
    """Raises InvalidSetting."""
    if severity not in SEVERITIES:
        raise InvalidSetting(f"severity {severity}; it must be one of {', '.join(map(str, SEVERITIES))}")


def check_shape(channels: int, height: int, width: int) -> None:
    """Raises InvalidSetting."""
    if channels not in (1, 3) or min(height, width) < LEAST_SIDE:
        raise InvalidSetting(
            f"corruptions are for 1 or 3 channels of at least {LEAST_SIDE} x {LEAST_SIDE} pixels, "
            f"not for {channels} x {height} x {width}"
        )
