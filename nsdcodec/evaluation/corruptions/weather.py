"""Weather: snow, frost, fog, brightness. Images [n, C, H, W] in 0 to 1; parameters of CIFAR-10-C."""

from __future__ import annotations

import torch
from torch import Tensor

from nsdcodec.evaluation.corruptions.filters import along_both, luma, motion, uniform, zoom_matrix

# Means of red, green and blue, and deviation within 32 x 32 pixels, of the five photographs of frost that the published
# set was made with, at its scale of 0.2 (the second and the third are one picture). Power falls as frequency to -2.3.
FROSTS = (
    (0.305, 0.585, 0.650, 0.047),
    (0.787, 0.805, 0.841, 0.050),
    (0.787, 0.805, 0.841, 0.050),
    (0.540, 0.599, 0.648, 0.057),
    (0.441, 0.484, 0.528, 0.094),
)
FROST_PLACES = 0.045  # deviation from place to place in one photograph
FROST_SLOPE = 2.3


def snow(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """Flakes (noise above a threshold, zoomed, smeared downwards), and the same turned by half a turn, on an image that
    is whitened by its luma."""
    mean, deviation, zoom, threshold, radius, sigma, kept = (
        (0.1, 0.2, 1.0, 0.6, 8, 3.0, 0.95),
        (0.1, 0.2, 1.0, 0.5, 10, 4.0, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4.0, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6.0, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12.0, 0.8),
    )[severity - 1]
    n, _, height, width = images.shape
    flakes = mean + deviation * torch.randn(n, 1, height, width, generator=generator)
    flakes = along_both(flakes, zoom_matrix(height, zoom), zoom_matrix(width, zoom))
    flakes = (torch.where(flakes < threshold, 0.0, flakes).clamp(0, 1) * 255).floor() / 255
    flakes = motion(flakes, radius, sigma, uniform((n,), -135, -45, generator))
    flakes = (flakes * 255).round() / 255
    whitened = kept * images + (1 - kept) * torch.maximum(images, luma(images) * 1.5 + 0.5)
    return whitened + flakes + flakes.flip(2, 3)


def frost(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """The image dimmed, and a picture of frost added.

    Departure: the published set crops five photographs; here each image gets a random texture with the colour, the
    contrast and the spectrum of one of them (FROSTS). It has their brightness and clouds, not their needles.
    """
    kept, strength = ((1.0, 0.2), (1.0, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))[severity - 1]
    n, channels, height, width = images.shape
    chosen = torch.tensor(FROSTS)[torch.randint(len(FROSTS), (n,), generator=generator)]
    colour = chosen[:, :3, None, None] + FROST_PLACES * torch.randn(n, 1, 1, 1, generator=generator)
    frosted = colour + chosen[:, 3, None, None, None] * _clouds(n, height, width, generator)
    frosted = frosted.clamp(0, 1)
    return kept * images + strength * (luma(frosted) if channels == 1 else frosted)


def _clouds(n: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Gaussian fields [n, 1, H, W] whose power falls as frequency to -FROST_SLOPE; mean 0 and deviation 1 each."""
    # Made twice as large, since the sum of waves repeats at its border.
    frequency = torch.hypot(torch.fft.fftfreq(2 * height)[:, None], torch.fft.rfftfreq(2 * width))
    frequency[0, 0] = torch.inf
    waves = torch.fft.rfft2(torch.randn(n, 1, 2 * height, 2 * width, generator=generator))
    fields: Tensor = torch.fft.irfft2(waves * frequency ** (-FROST_SLOPE / 2))[..., :height, :width]
    fields = fields - fields.mean(dim=(2, 3), keepdim=True)
    return fields / fields.std(dim=(2, 3), keepdim=True)


def fog(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """A plasma fractal added, and the sum brought back under the image's own maximum."""
    thickness, decay = ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75))[severity - 1]
    n, _, height, width = images.shape
    size = 1 << (max(height, width) - 1).bit_length()
    highest = images.amax(dim=(1, 2, 3), keepdim=True)
    fogged = images + thickness * plasma(n, size, decay, generator)[:, None, :height, :width]
    return fogged * highest / (highest + thickness)


def plasma(n: int, size: int, decay: float, generator: torch.Generator) -> Tensor:
    """Fields [n, size, size] in 0 to 1 by the diamond-square algorithm on a torus; `size` a power of two. At each
    halving of the step the noise falls by decay squared."""
    fields = torch.zeros(n, size, size)
    step, amplitude = size, 1.0

    def between(total: Tensor) -> Tensor:
        return total / 4 + uniform(tuple(total.shape), -amplitude, amplitude, generator)

    while step >= 2:
        half = step // 2
        corners = fields[:, ::step, ::step].clone()
        rows = corners + corners.roll(-1, 1)
        centres = between(rows + rows.roll(-1, 2))
        fields[:, half::step, half::step] = centres
        fields[:, ::step, half::step] = between(centres + centres.roll(1, 1) + corners + corners.roll(-1, 2))
        fields[:, half::step, ::step] = between(centres + centres.roll(1, 2) + rows)
        step, amplitude = half, amplitude / decay**2
    fields = fields - fields.amin(dim=(1, 2), keepdim=True)
    return fields / fields.amax(dim=(1, 2), keepdim=True)


def brightness(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """The V of HSV, which is the largest channel, is raised. Hue and saturation stay, so the other channels keep their
    ratio to it. Deterministic."""
    raised = (0.05, 0.1, 0.15, 0.2, 0.3)[severity - 1]
    value = images.amax(dim=1, keepdim=True)
    target = (value + raised).clamp(max=1)
    return torch.where(value > 0, images / value.clamp(min=1e-6) * target, target)
