"""DSA: each operation against a plain one-image reference with explicit pixel coordinates, and how it is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from contexts import seeded
from numpy.typing import NDArray
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import OPERATIONS, Draw, apply, draw
from nsdcodec.errors import UnknownName

EVERYTHING = "color_crop_cutout_flip_scale_rotate"
SIZES = [(8, 8), (10, 10), (12, 7), (28, 28)]


def random_images(n: int, size: tuple[int, int], channels: int = 3) -> Tensor:
    return torch.randn(n, channels, *size, generator=seeded(3), dtype=torch.float64)


def uniforms(n: int, seed: int = 4) -> Tensor:
    return torch.rand(n, 4, generator=seeded(seed), dtype=torch.float64)


def operate(name: str, images: Tensor, uniform: Tensor) -> NDArray[np.float64]:
    return apply(images, Draw(name, uniform)).numpy()


def sampled_bilinearly(image: NDArray[np.float64], rows: float, columns: float) -> NDArray[np.float64]:
    """The value [C] at a place counted in pixels from the centre of the first, zero outside the image."""
    _, height, width = image.shape
    low_row, low_column = math.floor(rows), math.floor(columns)
    value = np.zeros(len(image))
    for row in (low_row, low_row + 1):
        for column in (low_column, low_column + 1):
            if 0 <= row < height and 0 <= column < width:
                value += (1 - abs(rows - row)) * (1 - abs(columns - column)) * image[:, row, column]
    return value


def warped(image: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each output pixel from the input place that the matrix (x, y) -> (x, y) gives, in half images from the centre."""
    _, height, width = image.shape
    out = np.zeros_like(image)
    for row in range(height):
        for column in range(width):
            place = np.array([(2 * column + 1) / width - 1, (2 * row + 1) / height - 1])
            x, y = matrix @ place
            out[:, row, column] = sampled_bilinearly(image, ((y + 1) * height - 1) / 2, ((x + 1) * width - 1) / 2)
    return out


@pytest.mark.parametrize("size", SIZES)
def test_flip_mirrors_left_and_right_below_a_half(size):
    images, uniform = random_images(6, size), uniforms(6)
    assert (uniform[:, 0] < 0.5).any()
    assert (uniform[:, 0] >= 0.5).any()
    found = operate("flip", images, uniform)
    for image, number, got in zip(images.numpy(), uniform[:, 0], found, strict=True):
        np.testing.assert_array_equal(got, image[:, :, ::-1] if number < 0.5 else image)


@pytest.mark.parametrize("size", SIZES)
def test_crop_is_a_whole_pixel_crop_of_the_image_padded_with_zeros(size):
    images, uniform = random_images(20, size), uniforms(20)
    found = operate("crop", images, uniform)
    shifts = set()
    for image, numbers, got in zip(images.numpy(), uniform.tolist(), found, strict=True):
        limits = [math.floor(side / 8 + 0.5) for side in size]
        down, right = (
            math.floor(number * (2 * limit + 1)) - limit for number, limit in zip(numbers, limits, strict=False)
        )
        padded = np.pad(image, ((0, 0), (limits[0],) * 2, (limits[1],) * 2))
        top, left = limits[0] + down, limits[1] + right
        np.testing.assert_allclose(got, padded[:, top : top + size[0], left : left + size[1]], atol=1e-12)
        shifts.add((down, right))
    assert len(shifts) > 4


@pytest.mark.parametrize("side", [8, 10, 28, 32, 33])
def test_crop_reaches_an_eighth_each_way_and_no_further(side):
    ramp = torch.arange(1.0, side + 1).expand(1, 1, side, side)
    middle = side // 2
    ends = [operate("crop", ramp, torch.full((1, 4), number))[0, 0, middle] for number in (0.0, 0.999999)]
    limit = math.floor(side / 8 + 0.5)
    assert [int((end == 0).sum()) for end in ends] == [limit, limit]
    assert ends[0][middle] == middle + 1 - limit
    assert ends[1][middle] == middle + 1 + limit


@pytest.mark.parametrize("size", SIZES)
def test_cutout_zeroes_a_square_of_half_the_side_clipped_at_the_edges(size):
    images, uniform = random_images(20, size) + 10, uniforms(20)
    found = operate("cutout", images, uniform)
    for image, numbers, got in zip(images.numpy(), uniform.tolist(), found, strict=True):
        wanted = image.copy()
        sides = [math.floor(side / 2 + 0.5) for side in size]
        starts = [math.floor(number * side) - cut // 2 for number, side, cut in zip(numbers, size, sides, strict=False)]
        for row in range(max(0, starts[0]), min(size[0], starts[0] + sides[0])):
            for column in range(max(0, starts[1]), min(size[1], starts[1] + sides[1])):
                wanted[:, row, column] = 0
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("size", SIZES)
def test_scale_zooms_width_and_height_about_the_centre(size):
    images, uniform = random_images(3, size), uniforms(3)
    found = operate("scale", images, uniform)
    for image, numbers, got in zip(images.numpy(), uniform.tolist(), found, strict=True):
        across, down = (1 / 1.2 + number * (1.2 - 1 / 1.2) for number in numbers[:2])
        np.testing.assert_allclose(got, warped(image, np.diag([across, down])), atol=1e-10)


@pytest.mark.parametrize("size", SIZES)
def test_rotate_turns_by_at_most_15_degrees(size):
    images = random_images(4, size)
    uniform = torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64)[:, None].expand(4, 4)
    found = operate("rotate", images, uniform)
    for image, degrees, got in zip(images.numpy(), (-15, -7.5, 0, 15), found, strict=True):
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        np.testing.assert_allclose(got, warped(image, np.array([[cos, -sin], [sin, cos]])), atol=1e-10)


def test_color_is_brightness_then_saturation_then_contrast():
    images, uniform = random_images(4, (8, 8)), uniforms(4)
    found = operate("color", images, uniform)
    for image, (brightness, saturation, contrast, _), got in zip(images.numpy(), uniform.tolist(), found, strict=True):
        bright = image + brightness - 0.5
        grey = bright.mean(axis=0)
        saturated = grey + 2 * saturation * (bright - grey)
        wanted = saturated.mean() + (contrast + 0.5) * (saturated - saturated.mean())
        np.testing.assert_allclose(got, wanted, atol=1e-12)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_siamese_draw_treats_all_images_alike(operation):
    image = random_images(1, (8, 8))
    chosen = draw(operation, 1, seeded(1))
    assert chosen is not None
    assert chosen.uniform.shape == (1, 4)
    together = apply(torch.cat([image, random_images(3, (8, 8)), image]), chosen)
    torch.testing.assert_close(together[0], together[-1], rtol=0, atol=0)
    torch.testing.assert_close(together[:1], apply(image, chosen))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_draw_for_each_image_treats_them_differently(operation):
    chosen = draw(operation, 16, seeded(1))
    assert chosen is not None
    found = apply(random_images(1, (16, 16)).expand(16, -1, -1, -1), chosen)
    assert len({image.numpy().tobytes() for image in found}) > 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_gradients_reach_the_images_as_finite_differences_say(operation):
    images = random_images(2, (6, 6), channels=2).requires_grad_()
    chosen = Draw(operation, torch.tensor([[0.7, 0.4, 0.8, 0.1], [0.2, 0.6, 0.3, 0.9]]))
    assert torch.autograd.gradcheck(lambda values: apply(values, chosen), images)
    (gradient,) = torch.autograd.grad(apply(images, chosen).sum(), images)
    assert gradient.abs().sum() > 0


def test_every_operation_of_a_strategy_is_drawn_and_no_other():
    generator = seeded(0)
    drawn = [draw("crop_flip_scale", 2, generator) for _ in range(200)]
    counts = {name: sum(one is not None and one.operation == name for one in drawn) for name in OPERATIONS}
    assert {name for name, count in counts.items() if count} == {"crop", "flip", "scale"}
    assert min(counts[name] for name in ("crop", "flip", "scale")) > 40


def test_draws_are_in_0_to_1_and_the_same_for_the_same_seed():
    first, second = (draw(EVERYTHING, 50, seeded(8)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.operation == second.operation
    assert torch.equal(first.uniform, second.uniform)
    assert 0 <= first.uniform.min() < first.uniform.max() < 1


def test_none_leaves_images_and_generator_alone():
    generator = seeded(8)
    before = generator.get_state()
    images = random_images(2, (8, 8))
    assert draw("none", 2, generator) is None
    assert torch.equal(generator.get_state(), before)
    assert apply(images, None) is images


def test_an_unknown_operation_names_the_nearest():
    with pytest.raises(UnknownName, match=r"'rotation'.*did you mean 'rotate'"):
        draw("color_rotation", 1, seeded(0))


def test_constants_are_those_of_the_paper():
    assert (augmentation.SCALE, augmentation.ROTATION, augmentation.PADDING, augmentation.CUTOUT) == (
        1.2,
        15,
        1 / 8,
        0.5,
    )
