"""The corruptions of CIFAR-10-C: each against a computation of its own kind by SciPy, Pillow, colorsys or by hand."""

from __future__ import annotations

import colorsys
import io
from itertools import pairwise

import numpy as np
import pytest
import scipy.ndimage as ndimage
import torch
from PIL import Image
from torch import Tensor

from nsdcodec.errors import InvalidSetting, InvalidSource, MissingData, UnknownName
from nsdcodec.evaluation.corruptions import CHUNK, CORRUPTIONS, SEVERITIES, blur, corrupt, filters, published, weather
from nsdcodec.format.geometry import Geometry
from nsdcodec.system.randomness import stream

# More pixels away from the clean image at each severity. The other three change in kind: see their own tests.
STRONGER = [name for name in CORRUPTIONS if name not in ("glass_blur", "frost", "elastic_transform")]


def photographs(n: int = 24, channels: int = 3, height: int = 32, width: int = 32) -> Tensor:
    """Smooth shapes of full contrast, uint8: what a camera sees, more or less."""
    rng = np.random.default_rng(5)
    noise = ndimage.gaussian_filter(rng.normal(size=(n, channels, height, width)), (0, 0.7, 2, 2))
    spread = noise / noise.std(axis=(1, 2, 3), keepdims=True)
    return torch.from_numpy((128 + 50 * spread).clip(0, 255).astype(np.uint8))


PHOTOGRAPHS = photographs()


def distance(name: str, severity: int) -> float:
    changed = corrupt(PHOTOGRAPHS, name, severity).float() - PHOTOGRAPHS.float()
    return float(changed.square().mean().sqrt())


def grey(level: int, n: int = 40) -> Tensor:
    return torch.full((n, 1, 32, 32), level, dtype=torch.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
class TestEvery:
    @pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 20, 44), (1, 8, 8), (3, 64, 64)])
    def test_images_keep_their_shape_and_type_and_each_seed_its_draws(self, name, shape):
        images = photographs(3, *shape)
        before = images.clone()
        first, again = (corrupt(images, name, 5, seed=3) for _ in range(2))
        assert first.shape == images.shape
        assert first.dtype == torch.uint8
        assert torch.equal(first, again)
        assert not torch.equal(first, images)
        assert torch.equal(images, before)

    def test_it_leaves_the_global_random_state(self, name):
        before = torch.get_rng_state()
        corrupt(PHOTOGRAPHS[:2], name, 1)
        assert torch.equal(torch.get_rng_state(), before)

    def test_chance_is_the_seeds_and_each_image_has_its_own(self, name):
        same = PHOTOGRAPHS[:1].expand(2, -1, -1, -1)
        one, other = corrupt(same, name, 5, 1), corrupt(same, name, 5, 2)
        without = {"defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression"}
        assert torch.equal(one, other) is (name in without)
        assert torch.equal(one[0], one[1]) is (name in without)

    def test_more_images_than_are_corrupted_at_a_time(self, name):
        images = PHOTOGRAPHS[torch.arange(CHUNK + 3) % len(PHOTOGRAPHS)]
        changed = corrupt(images, name, 5)
        assert torch.equal(changed[:CHUNK], corrupt(images[:CHUNK], name, 5))
        error = (changed.float() - images.float()).abs().mean(dim=(1, 2, 3))
        assert error.min() > 0.1
        assert error[CHUNK:].mean() < 3 * error[:3].mean()


@pytest.mark.parametrize("name", STRONGER)
def test_severity_raises_the_distance_to_the_clean_image(name):
    # ImageMagick's radius alone tells severity 4 of motion blur from 3, and adds taps of no weight.
    severities = (1, 2, 3, 5) if name == "motion_blur" else SEVERITIES
    distances = [distance(name, severity) for severity in severities]
    assert all(lower < higher for lower, higher in pairwise(distances)), distances


@pytest.mark.parametrize(("level", "severity", "deviation"), [(128, 1, 0.04), (128, 5, 0.10), (90, 3, 0.08)])
def test_gaussian_noise_has_its_deviation(level, severity, deviation):
    changed = corrupt(grey(level), "gaussian_noise", severity).double()
    assert float(changed.std()) / 255 == pytest.approx(deviation, rel=0.02)
    assert float(changed.mean()) == pytest.approx(level - 0.5, abs=0.5)  # cut, not rounded


@pytest.mark.parametrize(("level", "severity", "photons"), [(128, 1, 500), (128, 5, 50), (64, 4, 75)])
def test_shot_noise_has_the_variance_of_a_poisson_count(level, severity, photons):
    changed = corrupt(grey(level), "shot_noise", severity).double() / 255
    assert float(changed.var()) == pytest.approx(level / 255 / photons, rel=0.05)
    assert not (corrupt(grey(0), "shot_noise", 5)).any()


@pytest.mark.parametrize(("severity", "share"), [(1, 0.01), (5, 0.07)])
def test_impulse_noise_makes_its_share_of_values_black_or_white_and_leaves_the_rest(severity, share):
    changed = corrupt(grey(100, 80), "impulse_noise", severity)
    values, counts = changed.unique(return_counts=True)
    assert values.tolist() == [0, 100, 255]
    black, _, white = (counts / counts.sum()).tolist()
    assert black == pytest.approx(share / 2, rel=0.15)
    assert white == pytest.approx(share / 2, rel=0.15)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_defocus_is_convolution_with_a_soft_disk_in_a_mirror(severity):
    radius, softness = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))[severity - 1]
    y, x = np.mgrid[-8:9, -8:9]
    kernel = (x**2 + y**2 <= radius**2).astype(float)
    tap = np.exp(-0.5 / softness**2)
    line = np.array([tap, 1, tap]) / (1 + 2 * tap)
    kernel = ndimage.convolve(kernel / kernel.sum(), np.outer(line, line), mode="constant")
    images = PHOTOGRAPHS[:2].double().numpy()
    wanted = ndimage.convolve(images, kernel[None, None], mode="mirror")
    found = corrupt(PHOTOGRAPHS[:2], "defocus_blur", severity).double().numpy()
    assert np.abs(found - np.floor(wanted + 1e-3)).max() <= 1
    assert (found == np.floor(wanted + 1e-3)).mean() > 0.999
    assert float(blur.disk(radius, softness).sum()) == pytest.approx(1)


def test_glass_blur_takes_each_pixel_from_itself_or_from_above_or_left():
    spread = (torch.arange(32 * 32) % 256).view(1, 1, 32, 32).to(torch.uint8)  # neighbours differ
    one = corrupt(spread, "glass_blur", 1)[0, 0].long()  # sigma 0.05 blurs nothing
    place = torch.arange(32)
    kinds = torch.stack([spread[0, 0].long().roll((down, right), (0, 1)) for down in (0, 1) for right in (0, 1)])
    assert (one == kinds).any(dim=0).all()
    edge = (place < 2)[:, None] | (place < 2)
    assert torch.equal(one[edge], spread[0, 0].long()[edge])
    shares = [float((one == kind)[~edge].float().mean()) for kind in kinds]
    assert shares == pytest.approx([0.25] * 4, abs=0.06)
    # More blur, or a second round: the published parameters do not raise the distance at each severity.
    distances = [distance("glass_blur", severity) for severity in SEVERITIES]
    assert min(distances[3:]) > max(distances[:3])


@pytest.mark.parametrize(
    ("sigma", "border", "truncate"),
    [(0.25, "nearest", 4.0), (1.3, "nearest", 4.0), (2.6, "reflect", 3.0), (9, "reflect", 3)],
)
def test_a_gaussian_matrix_is_scipys_filter(sigma, border, truncate):
    rows, columns = (filters.gaussian_matrix(side, sigma, truncate, border) for side in (20, 32))
    image = np.random.default_rng(1).normal(size=(20, 32))
    wanted = ndimage.gaussian_filter(image, sigma, mode=border, truncate=truncate)
    found = filters.along_both(torch.from_numpy(image).float(), rows, columns)
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-5)


@pytest.mark.parametrize("factor", [1.0, 1.01, 1.1, 1.25, 1.75, 2.25])
@pytest.mark.parametrize("side", [28, 32, 64])
def test_a_zoom_matrix_is_scipys_zoom_of_the_middle(side, factor):
    image = np.random.default_rng(1).normal(size=(side, side))
    cropped = int(np.ceil(side / factor))
    start = (side - cropped) // 2
    wanted = ndimage.zoom(image[start : start + cropped, start : start + cropped], factor, order=1)
    trim = (len(wanted) - side) // 2
    matrix = filters.zoom_matrix(side, factor)
    found = filters.along_both(torch.from_numpy(image).float(), matrix, matrix)
    np.testing.assert_allclose(found.numpy(), wanted[trim : trim + side, trim : trim + side], atol=1e-5)


def test_zoom_blur_is_the_mean_of_the_image_and_its_zooms():
    image = PHOTOGRAPHS[0, 0].double().numpy()
    layers = [image]
    for factor in np.arange(1, 1.06, 0.01):
        cropped = int(np.ceil(32 / factor))
        start = (32 - cropped) // 2
        zoomed = ndimage.zoom(image[start : start + cropped, start : start + cropped], factor, order=1)
        trim = (len(zoomed) - 32) // 2
        layers.append(zoomed[trim : trim + 32, trim : trim + 32])
    assert len(layers) == 8
    found = corrupt(PHOTOGRAPHS[:1], "zoom_blur", 1)[0, 0].double().numpy()
    assert np.abs(found + 0.5 - np.mean(layers, axis=0)).max() < 0.51


@pytest.mark.parametrize(("angle", "axis", "sign"), [(0.0, 1, 1), (90.0, 0, 1), (-90.0, 0, -1), (180.0, 1, -1)])
def test_motion_along_an_axis_is_half_a_gaussian_on_it(angle, axis, sign):
    image = np.random.default_rng(1).random((16, 20))
    weights = np.exp(-0.5 * (np.arange(13) / 1.5) ** 2)
    kernel = np.concatenate([np.zeros(12), weights / weights.sum()])[::sign]
    wanted = ndimage.correlate1d(image, kernel, axis=axis, mode="nearest")
    found = filters.motion(torch.from_numpy(image).float()[None, None], 6, 1.5, torch.tensor([angle]))
    np.testing.assert_allclose(found[0, 0].numpy(), wanted, atol=1e-5)


def test_motion_blur_keeps_a_horizontal_bar_more_than_an_upright_one():
    bars = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    bars[0, 0, 15:17], bars[1, 0, :, 15:17] = 255, 255
    level, upright = corrupt(bars.repeat(20, 1, 1, 1), "motion_blur", 5).float().view(20, 2, 32, 32).unbind(1)
    assert level.amax(dim=(1, 2)).mean() > upright.amax(dim=(1, 2)).mean() + 40


@pytest.mark.parametrize("border", ["centre", "edge"])
def test_a_warp_is_scipys_map_coordinates(border):
    rng = np.random.default_rng(1)
    image, shift = rng.random((12, 15)), rng.uniform(-4, 4, size=(2, 12, 15))
    y, x = np.mgrid[:12, :15] + shift
    wanted = ndimage.map_coordinates(image, [y, x], order=1, mode="mirror" if border == "centre" else "reflect")
    x, y = (torch.from_numpy(part).float()[None] for part in (x, y))
    found = filters.warped(torch.from_numpy(image).float()[None, None], x, y, border)
    np.testing.assert_allclose(found[0, 0].numpy(), wanted, atol=1e-5)


def test_elastic_transform_moves_pixels_and_the_map_grows_weaker():
    # A ramp across the image, a pixel's column as its value, shows how far each one comes from.
    ramp = torch.arange(32.0).expand(200, 1, 32, 32)
    inner = (slice(None), 0, slice(8, 24), slice(8, 24))
    every = [CORRUPTIONS["elastic_transform"](ramp, severity, stream(0, "elastic")) for severity in SEVERITIES]
    moved = [(changed - ramp)[inner] for changed in every]
    whole = [float(part.mean(dim=(1, 2)).std()) for part in moved]
    assert all(lower < higher for lower, higher in pairwise(reversed(whole))), whole
    # The centre lies halfway between the first and the third point: the mean of two uniform draws.
    assert whole[0] == pytest.approx(32 * 0.08 / np.sqrt(3) / np.sqrt(2), rel=0.15)
    # What no affine map does: second differences.
    bent = [float((part[:, 2:] - 2 * part[:, 1:-1] + part[:, :-2]).std()) for part in moved]
    assert bent[0] < 1e-4
    assert all(lower < higher for lower, higher in pairwise(bent)), bent


def test_pixelate_is_pillows_box_down_and_up():
    images = photographs(2, 3, 20, 44)
    found = corrupt(images, "pixelate", 5)
    for image, changed in zip(images, found, strict=True):
        small = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((28, 13), Image.Resampling.BOX)
        assert np.array_equal(np.asarray(small.resize((44, 20), Image.Resampling.BOX)), changed.permute(1, 2, 0))


@pytest.mark.parametrize(("severity", "quality"), [(1, 80), (5, 40)])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_pillows_own_round_trip(severity, quality, channels):
    images = photographs(3, channels)
    found = corrupt(images, "jpeg_compression", severity)
    for image, changed in zip(images, found, strict=True):
        array = image.permute(1, 2, 0).numpy()
        memory = io.BytesIO()
        Image.fromarray(array if channels == 3 else array[..., 0]).save(memory, "JPEG", quality=quality)
        assert np.array_equal(np.asarray(Image.open(memory)).reshape(32, 32, channels), changed.permute(1, 2, 0))


@pytest.mark.parametrize(("severity", "raised"), [(1, 0.05), (3, 0.15), (5, 0.3)])
def test_brightness_raises_the_value_of_hsv(severity, raised):
    images = torch.cat([PHOTOGRAPHS[:1], torch.zeros(1, 3, 32, 32, dtype=torch.uint8)])
    found = corrupt(images, "brightness", severity)
    for i, y, x in np.ndindex(2, 32, 32):
        hue, saturation, value = colorsys.rgb_to_hsv(*(images[i, :, y, x] / 255).tolist())
        wanted = torch.tensor(colorsys.hsv_to_rgb(hue, saturation, min(1, value + raised))) * 255
        assert (found[i, :, y, x] - wanted + 0.5).abs().max() < 0.51
    assert (corrupt(grey(51), "brightness", 4) == 102).all()


@pytest.mark.parametrize(("severity", "kept"), [(1, 0.75), (5, 0.15)])
def test_contrast_scales_the_deviation_and_keeps_the_mean(severity, kept):
    images = photographs(6, 3).double()
    found = corrupt(images.to(torch.uint8), "contrast", severity).double() + 0.5
    torch.testing.assert_close(found.mean(dim=(2, 3)), images.mean(dim=(2, 3)), atol=0.3, rtol=0)
    torch.testing.assert_close(
        found.std(dim=(2, 3)) / images.std(dim=(2, 3)), torch.full((6, 3), kept).double(), atol=0.02, rtol=0
    )


def test_frost_dims_the_image_and_adds_the_same_frost_to_whatever_is_below():
    light, dark = (corrupt(grey(level, 60), "frost", severity).float() for level, severity in ((90, 5), (10, 5)))
    assert float((light - dark).mean()) == pytest.approx(0.75 * 80, abs=1)
    added = [float(corrupt(grey(0, 400), "frost", severity).float().mean()) / 255 for severity in SEVERITIES]
    luma = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue, _ in weather.FROSTS]
    assert added == pytest.approx([strength * np.mean(luma) for strength in (0.2, 0.3, 0.4, 0.4, 0.45)], rel=0.06)


def test_the_texture_of_frost_has_the_spectrum_that_was_measured():
    fields = weather._clouds(400, 32, 32, stream(0, "clouds"))[:, 0].numpy()
    assert np.abs(fields.mean(axis=(1, 2))).max() < 1e-5
    window = np.outer(np.hanning(32), np.hanning(32))
    power = (np.abs(np.fft.fft2(fields * window)) ** 2).mean(axis=0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(32), np.fft.fftfreq(32)))
    band = (frequency > 0.08) & (frequency < 0.45)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert slope == pytest.approx(-weather.FROST_SLOPE, abs=0.2)


def test_fog_lies_between_nothing_and_full_thickness_and_stays_below_the_brightest_pixel():
    image = grey(200, 30)
    fogged = corrupt(image, "fog", 5).float()
    highest = 200 / 255
    # Thickness t times 0 to 1 added, then times highest / (highest + t): from highest^2 / (highest + t) to highest.
    assert torch.allclose(fogged.amin(dim=(1, 2, 3)), torch.tensor(highest**2 / (highest + 1.5) * 255), atol=1)
    assert torch.allclose(fogged.amax(dim=(1, 2, 3)), torch.tensor(200.0), atol=1)


def test_plasma_is_rough_where_it_decays_slowly():
    smooth, rough = (weather.plasma(50, 32, decay, stream(0, "plasma")) for decay in (3.0, 1.75))
    for fields in (smooth, rough):
        assert torch.equal(fields.amin(dim=(1, 2)), torch.zeros(50))
        assert torch.equal(fields.amax(dim=(1, 2)), torch.ones(50))
    steps = [float((fields[:, 1:] - fields[:, :-1]).abs().mean()) for fields in (smooth, rough)]
    assert steps[1] > 1.3 * steps[0]


def test_snow_is_on_a_black_image_the_flakes_and_their_half_turn():
    snowed = corrupt(torch.zeros(50, 3, 32, 32, dtype=torch.uint8), "snow", 4).float()
    # 0.15 of 1.5 x 0 + 0.5, before flakes that are the same turned by half a turn.
    assert float(snowed.min()) == pytest.approx(0.15 * 0.5 * 255, abs=1)
    assert torch.equal(snowed, snowed.flip(2, 3))
    assert torch.equal(snowed[:, 0], snowed[:, 2])
    down, across = ((snowed.diff(dim=dim)).abs().mean() for dim in (2, 3))
    assert down < 0.7 * across  # streaks


def test_what_cannot_be_corrupted_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'gaussian_noise'"):
        corrupt(PHOTOGRAPHS, "gausian_noise", 1)
    with pytest.raises(InvalidSetting, match="severity 6; it must be one of 1, 2, 3, 4, 5"):
        corrupt(PHOTOGRAPHS, "fog", 6)
    for shape in ((2, 32, 32), (3, 7, 32)):
        with pytest.raises(InvalidSetting, match="1 or 3 channels of at least 8 x 8 pixels"):
            corrupt(torch.zeros(1, *shape, dtype=torch.uint8), "fog", 1)


class TestPublished:
    GEOMETRY = Geometry(10, 3, 32, 32)

    @pytest.fixture
    def folder(self, tmp_path):
        """Two images a severity; the first pixel tells severity and image."""
        images = np.zeros((10, 32, 32, 3), np.uint8)
        images[:, 0, 0, 0] = [10 * severity + i for severity in SEVERITIES for i in (0, 1)]
        images[:, 3, 4, 2] = 7
        np.save(tmp_path / "fog.npy", images)
        np.save(tmp_path / "labels.npy", np.array([3, 8] * 5, np.uint8))
        return tmp_path

    def test_a_severity_is_its_fifth_of_the_file(self, folder):
        for severity in SEVERITIES:
            split = published.read(folder, "fog", severity, self.GEOMETRY)
            assert split.images.shape == (2, 3, 32, 32)
            assert split.images[:, 0, 0, 0].tolist() == [10 * severity, 10 * severity + 1]
            assert split.images[:, 2, 3, 4].tolist() == [7, 7]
            assert split.labels.tolist() == [3, 8]
            assert (split.images.dtype, split.labels.dtype) == (torch.uint8, torch.int64)

    @pytest.mark.parametrize(
        "wrong",
        [
            np.zeros((10, 3, 32, 32), np.uint8),
            np.zeros((9, 32, 32, 3), np.uint8),
            np.zeros((0, 32, 32, 3), np.uint8),
            np.zeros((10, 32, 32, 3), np.float32),
            np.zeros((32, 32, 3), np.uint8),
            np.array(4, np.uint8),
        ],
    )
    def test_other_arrays_are_refused(self, folder, wrong):
        np.save(folder / "fog.npy", wrong)
        with pytest.raises(InvalidSource, match=r"fog\.npy: .*not uint8 \[5 N, 32, 32, 3\]"):
            published.read(folder, "fog", 1, self.GEOMETRY)

    @pytest.mark.parametrize("wrong", [np.zeros(9, np.uint8), np.zeros(10), np.full(10, 10, np.uint8)])
    def test_other_labels_are_refused(self, folder, wrong):
        np.save(folder / "labels.npy", wrong)
        with pytest.raises(InvalidSource, match=r"labels\.npy"):
            published.read(folder, "fog", 1, self.GEOMETRY)

    def test_what_is_absent_or_no_array_is_named(self, folder):
        with pytest.raises(MissingData, match=r"snow\.npy is missing"):
            published.read(folder, "snow", 1, self.GEOMETRY)
        (folder / "snow.npy").write_bytes(b"not an array")
        with pytest.raises(InvalidSource, match=r"snow\.npy: not a readable"):
            published.read(folder, "snow", 1, self.GEOMETRY)
        with (folder / "snow.npy").open("wb") as file:
            np.savez(file, np.zeros(3))
        with pytest.raises(InvalidSource, match="archive"):
            published.read(folder, "snow", 1, self.GEOMETRY)
