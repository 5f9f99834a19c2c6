"""Parameterizations: the contract that all share, nsd's readings against Eq. 3 by hand, and its initial values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import pywt
import torch
from builders import header_for
from contexts import Striped, real_data, seeded, toy_source
from numpy.typing import NDArray
from scipy.fft import dctn, idctn
from torch import Tensor

from nsdcodec.encoding import recipes
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.encoding.parameterizations.base import Parameterization, RealImages, initial_arrays
from nsdcodec.encoding.parameterizations.dct import DCT
from nsdcodec.encoding.parameterizations.dwt import DWT
from nsdcodec.encoding.parameterizations.fred import FreD, most_explained
from nsdcodec.encoding.parameterizations.idc import IDC
from nsdcodec.encoding.parameterizations.ldct import LDCT
from nsdcodec.encoding.parameterizations.lsvd import LSVD
from nsdcodec.encoding.parameterizations.memory import Memory
from nsdcodec.encoding.parameterizations.nsd import NSD
from nsdcodec.encoding.parameterizations.pixel import Pixel
from nsdcodec.encoding.parameterizations.planning import HEADER_RESERVE, largest
from nsdcodec.encoding.parameterizations.projection import fourier
from nsdcodec.encoding.parameterizations.svd import SVD
from nsdcodec.errors import InvalidSetting, OverBudget, UnknownName
from nsdcodec.format import synthesis
from nsdcodec.format.container.file import pack, read
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import MAX_VALUES_OF_ALL, Layout
from nsdcodec.sources.digits import load as load_digits

CIFAR10, CIFAR100 = Geometry(10, 3, 32, 32), Geometry(100, 3, 32, 32)
MNIST, DIGITS, ODD = Geometry(10, 1, 28, 28), Geometry(10, 1, 8, 8), Geometry(7, 3, 13, 18)

KINDS: dict[str, Parameterization] = {name: kind() for name, kind in PARAMETERIZATIONS.items()} | {
    "nsd A": NSD(reading="A"),
    "nsd C": NSD(reading="C"),
    "nsd C in 3 groups": NSD(reading="C", groups=3),
    "nsd bilinear": NSD(basis="bilinear"),
    "nsd float32": NSD(dtype="float32"),
    "nsd with soft labels": NSD(labels="soft"),
    "fred with soft labels": FreD(labels="soft"),
    "fred in dct4": FreD(transform="dct4"),
    "fred in fourier": FreD(transform="fourier"),
    "fred in haar, mask from samples": FreD(transform="haar", mask_from="samples"),
    "memory of full size": Memory(factor=1),
}
contract = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def no_real_images(labels: Tensor) -> Tensor:
    raise AssertionError("noise draws no real images")


def smooth_images(labels: Tensor) -> Tensor:
    """Images of ODD's shape, different for each class and each call in a row."""
    generator = seeded(int(labels.sum()))
    coarse = torch.randn(len(labels), 3, 4, 5, generator=generator) + labels[:, None, None, None] / 5
    return torch.nn.functional.interpolate(coarse, (13, 18), mode="bilinear")


SMOOTH = RealImages(smooth_images, lambda label: smooth_images(torch.full((9,), label)))

SMOOTH_CIFAR = RealImages(
    lambda labels: torch.randn(len(labels), 3, 32, 32, generator=seeded(1)), lambda label: torch.zeros(0)
)


def only_classes(kind: Parameterization) -> RealImages:
    """Real images for initial noise: none drawn, but where a mask is estimated from them."""
    drawn = smooth_images if getattr(kind, "mask_from", "") == "samples" else no_real_images
    return RealImages(drawn, SMOOTH.of_class)


def drawing(draw: Callable[[Tensor], Tensor]) -> RealImages:
    return RealImages(draw, lambda label: draw(torch.full((9,), label)))


def trained(kind: Parameterization, layout: Layout) -> set[str]:
    return {role for role, spec in layout.arrays.items() if spec.dtype != "uint1"} - kind.fixed


@contract
@pytest.mark.parametrize("ipc", [1, 10, 50])
def test_layouts_fit_the_elements_of_cifar10_and_nearly_fill_them(kind, ipc):
    layout = kind.layout(CIFAR10, Budget.of(CIFAR10, ipc))
    # A float is an element; 32 bits of a mask are one.
    by_hand = sum(int(np.prod(spec.shape)) // (32 if spec.dtype == "uint1" else 1) for spec in layout.arrays.values())
    assert 0.9 * ipc * 30_720 <= by_hand == layout.elements <= ipc * 30_720


@contract
@pytest.mark.parametrize("geometry", [CIFAR100, MNIST, DIGITS, ODD], ids=str)
@pytest.mark.parametrize("ipc", [10, 50])
def test_layouts_fit_other_geometries_and_nearly_fill_them(kind, geometry, ipc):
    layout = kind.layout(geometry, Budget.of(geometry, ipc))
    limit = ipc * geometry.classes * geometry.channels * geometry.height * geometry.width
    assert 0.85 * limit <= layout.elements <= limit
    assert layout.geometry == geometry


@contract
@pytest.mark.parametrize("geometry", [CIFAR10, MNIST, ODD], ids=str)
def test_layouts_fit_a_budget_in_bytes_with_room_for_the_header(kind, geometry):
    limit = 20 * geometry.classes * geometry.image_elements
    layout = kind.layout(geometry, Budget(file_bytes=limit))
    bits = {"float16": 16, "float32": 32, "uint1": 1}
    size = sum(-(-int(np.prod(spec.shape)) * bits[spec.dtype] // 8) for spec in layout.arrays.values())
    assert size == layout.nbytes
    assert 0.85 * (limit - HEADER_RESERVE) <= size <= limit - HEADER_RESERVE


@contract
def test_the_tighter_of_two_budgets_decides(kind):
    elements = Budget.of(MNIST, 20)
    both = Budget.of(MNIST, 20, 8 * 784 * 10)
    assert kind.layout(MNIST, both) == kind.layout(MNIST, Budget(file_bytes=both.file_bytes))
    assert kind.layout(MNIST, both).elements < kind.layout(MNIST, elements).elements


@pytest.mark.parametrize("bits", [24_576, 98_304, 983_040])
@pytest.mark.parametrize(("reading", "groups"), [("B", 1), ("C", 5)])
def test_a_budget_of_bytes_has_fifteen_images_for_each_slice_and_no_more_than_it_may(bits, reading, groups):
    kind, budget = NSD(dtype="int4", reading=reading, groups=groups), Budget.of(CIFAR10, None, bits)
    layout = kind.layout(CIFAR10, budget)
    assert layout.images / groups / layout.coefficient_shape[0] == pytest.approx(15, rel=0.1)
    few = kind.layout(CIFAR10, replace(budget, images_per_class=30))
    # But more images than slices, or nothing would be shared.
    assert few.images == max(300, 10 * math.ceil(1.15 * few.coefficient_shape[0] * groups / 10))


@contract
@pytest.mark.parametrize("init", ["real", "noise"])
def test_initial_arrays_have_the_shapes_of_the_layout_and_are_finite(kind, init):
    kind = type(kind)(**(vars(kind) | {"init": init}))
    layout = kind.layout(ODD, Budget.of(ODD, 5))
    real = SMOOTH if init == "real" else only_classes(kind)
    arrays = initial_arrays(kind, layout, real, seeded(1))
    assert {role: tuple(values.shape) for role, values in arrays.items()} == {
        role: spec.shape for role, spec in layout.arrays.items()
    }
    for role, values in arrays.items():
        assert values.dtype == (torch.bool if role == "mask" else torch.float32)
        assert values.isfinite().all()
        assert values.float().abs().max() < np.finfo(np.float16).max
    again = initial_arrays(kind, layout, real, seeded(1))
    assert all(torch.equal(again[role], values) for role, values in arrays.items())


@contract
@pytest.mark.parametrize("init", ["real", "noise"])
def test_gradients_reach_every_stored_value_through_the_synthesis(kind, init):
    kind = type(kind)(**(vars(kind) | {"init": init}))
    layout = kind.layout(ODD, Budget.of(ODD, 5))
    arrays = initial_arrays(kind, layout, SMOOTH, seeded(1))
    floats = {role: values.requires_grad_() for role, values in arrays.items() if values.is_floating_point()}
    images, labels = synthesis.images(layout, arrays), synthesis.labels(layout, arrays)
    assert images.shape == (layout.images, 3, 13, 18)
    weights = torch.randn(images.shape, generator=seeded(2))
    loss = (images * weights).sum() + (labels * torch.randn(labels.shape, generator=seeded(3))).sum()
    gradients = torch.autograd.grad(loss, list(floats.values()))
    for (role, values), gradient in zip(floats.items(), gradients, strict=True):
        assert gradient.shape == values.shape
        if role in ("height_kernel", "width_kernel") and "mask" in arrays:
            # A stored basis: of the rows that no class keeps there is nothing in the images.
            kept = arrays["mask"].bool().any(dim=2 if role == "height_kernel" else 1).any(dim=0)
            assert not gradient[:, ~kept].any()
            gradient = gradient[:, kept]
        assert (gradient != 0).float().mean() > 0.99


@contract
def test_noise_gives_images_of_about_unit_variance(kind):
    kind = type(kind)(**(vars(kind) | {"init": "noise"}))
    layout = kind.layout(ODD, Budget.of(ODD, 3))
    deviations = []
    for seed in range(3):
        images = synthesis.images(layout, kind.initial(layout, only_classes(kind), seeded(seed)))
        deviations.append(images.std().item())
    assert 0.75 < np.mean(deviations) < 1.25


@contract
def test_a_file_holds_exactly_the_arrays_in_the_bytes_that_the_layout_says(kind):
    layout = kind.layout(ODD, Budget.of(ODD, 3))
    arrays = {role: values.numpy() for role, values in initial_arrays(kind, layout, SMOOTH, seeded(1)).items()}
    file = read(pack(header_for(layout), arrays, "raw"))
    assert file.header.layout == layout
    types = {role: "bool" if spec.dtype == "uint1" else spec.dtype for role, spec in layout.arrays.items()}
    for role, values in file.arrays.items():
        np.testing.assert_array_equal(values, arrays[role].astype(types[role]))
    assert file.stored_bytes == {role: spec.nbytes for role, spec in layout.arrays.items()}


@contract
@pytest.mark.parametrize("geometry", [CIFAR10, ODD], ids=str)
def test_labels_are_in_order_and_balanced_to_within_one_image(kind, geometry):
    layout = kind.layout(geometry, Budget.of(geometry, 3.3))
    labels = synthesis.balanced_labels(layout)
    if layout.labels == "balanced":
        assert torch.equal(synthesis.labels(layout, {}), labels)
    else:
        assert layout.arrays["labels"].shape == (layout.images, geometry.classes)
    counts = np.bincount(labels.numpy(), minlength=geometry.classes)
    assert (labels.diff() >= 0).all()
    assert len(counts) == geometry.classes
    assert counts.min() >= 1
    assert counts.max() - counts.min() <= 1


@contract
@pytest.mark.parametrize("field", ["dtype", "init", "labels"])
def test_a_dtype_init_or_label_kind_of_no_kind_is_refused(kind, field):
    with pytest.raises(InvalidSetting, match=rf"{kind.name}: {field} is .int5.; .*it can be"):
        type(kind)(**(vars(kind) | {field: "int5"}))
    with pytest.raises(InvalidSetting, match="did you mean 'herding'"):
        type(kind)(**(vars(kind) | {"init": "hirding"}))


@contract
def test_a_budget_too_small_for_anything_names_the_remedy(kind):
    with pytest.raises(OverBudget, match=r"raise --ipc to ([\d.]+)") as found:
        kind.layout(CIFAR10, Budget(elements=100))
    enough = float(str(found.value).split("raise --ipc to ")[1].split(",")[0])
    assert kind.layout(CIFAR10, Budget.of(CIFAR10, enough)).images >= 10
    with pytest.raises(OverBudget, match="raise --bits-per-class to") as found:
        kind.layout(CIFAR10, Budget(file_bytes=HEADER_RESERVE))
    bits = str(found.value).split("raise --bits-per-class to ")[1].split(", or")[0].replace(",", "")
    assert kind.layout(CIFAR10, Budget.of(CIFAR10, None, int(bits))).images >= 10


@contract
@pytest.mark.parametrize("geometry", [Geometry(3, 1, 1, 80), Geometry(3, 1, 2, 20), Geometry(3, 2, 9, 7), ODD], ids=str)
@pytest.mark.parametrize("ipc", [1, 0.01])
def test_the_remedies_are_enough_where_a_larger_budget_has_a_larger_smallest_set(kind, geometry, ipc):
    tight = Budget.of(geometry, ipc)
    for budget in (tight, replace(tight, file_bytes=HEADER_RESERVE + 1), Budget(file_bytes=HEADER_RESERVE + 1)):
        try:
            kind.layout(geometry, budget)
            continue
        except OverBudget as error:
            message = str(error)
        raised_ipc = re.search(r"raise --ipc to (\d+(?:\.\d+)?)", message)
        raised_bits = re.search(r"raise --bits-per-class to ([\d,]+)", message)
        assert raised_ipc or raised_bits
        enough = Budget(
            Budget.of(geometry, float(raised_ipc[1])).elements if raised_ipc else budget.elements,
            Budget.of(geometry, None, int(raised_bits[1].replace(",", ""))).file_bytes
            if raised_bits
            else budget.file_bytes,
        )
        assert kind.layout(geometry, enough).images >= geometry.classes


def test_the_ipc_of_the_remedy_is_not_refused_in_turn():
    """Two classes of 1 x 40 pixels: "raise --ipc to 10.375" was, since kernels grow above 10."""
    with pytest.raises(OverBudget, match=r"its smallest set, 8 images, takes 830 elements.*raise --ipc to 18\.088,"):
        NSD().layout(Geometry(2, 1, 1, 40), Budget.of(Geometry(2, 1, 1, 40), 1))


def test_the_ipc_of_the_remedy_has_all_its_digits():
    """9,999 bases of 40 elements and as many rows of 100, 80 elements an IPC. In six digits it would be too little."""
    geometry = Geometry(2, 1, 2, 20)
    with pytest.raises(OverBudget, match=r"raise --ipc to 17498\.25,"):
        Memory(bases=9999, images_per_class=50, factor=1).layout(geometry, Budget.of(geometry, 1))


class TestReadings:
    """Eq. 3: each spectrum tensor takes t1 t2 t3 t4 elements, each kernel the sum of t u over its axes."""

    def test_b_at_ipc_1_is_30_slices_and_22_images_a_class(self):
        layout = NSD(reading="B").layout(CIFAR10, Budget.of(CIFAR10, 1))
        assert layout.elements == 30_673 == 30 * 3 * 16 * 16 + 30 * 220 + 3 * 3 + 2 * 16 * 32
        assert layout.arrays["spectrum"].shape == (1, 30, 3, 16, 16)
        assert layout.arrays["batch_kernel"].shape == (1, 30, 220)
        assert (layout.images, layout.spectra, layout.kernels) == (220, 1, 1)

    def test_one_more_slice_than_planned_would_not_fit(self):
        assert 31 * 3 * 16 * 16 + 31 * 220 + 3 * 3 + 2 * 16 * 32 > 30_720

    def test_a_as_the_papers_fields_allow_is_72_images_a_class(self):
        kind = NSD(reading="A", slices=3, kernels=6, images_per_class=72)
        layout = kind.layout(CIFAR10, Budget.of(CIFAR10, 1))
        assert layout.elements == 29_454 == 10 * 3 * 3 * 16 * 16 + 6 * (3 * 12 + 3 * 3 + 2 * 16 * 32)
        assert layout.arrays["batch_kernel"].shape == (6, 3, 12)
        assert layout.arrays["channel_kernel"].shape == (6, 3, 3)
        assert layout.arrays["height_kernel"].shape == (6, 16, 32)
        assert (layout.images, layout.spectra, layout.kernels) == (720, 10, 6)
        assert np.bincount(synthesis.labels(layout, {})).tolist() == [72] * 10

    @pytest.mark.parametrize(
        ("geometry", "ipc", "fields", "elements", "a_class"),
        [
            (CIFAR10, 10, {"slices": 38, "kernels": 4, "images_per_class": 292}, 307_068, 292),
            (CIFAR10, 50, {"slices": 64, "kernels": 4, "images_per_class": 364}, 1_535_780, 364),
            (CIFAR100, 1, {"slices": 3, "kernels": 16, "images_per_class": 96}, 247_216, 96),
            (Geometry(200, 3, 64, 64), 1, {"slices": 3, "kernels": 16, "images_per_class": 128}, 1_909_264, 128),
            (Geometry(10, 3, 128, 128), 1, {"slices": 3, "kernels": 7, "images_per_class": 56}, 483_559, 56),
        ],
    )
    def test_a_at_the_other_settings_of_the_paper(self, geometry, ipc, fields, elements, a_class):
        layout = NSD(reading="A", **fields).layout(geometry, Budget.of(geometry, ipc))
        assert (layout.elements, layout.images) == (elements, a_class * geometry.classes)

    def test_a_with_more_spectra_a_class_pairs_each_with_every_kernel(self):
        kind = NSD(reading="A", slices=2, kernels=3, spectra_per_class=2, images_per_class=24, size=4)
        layout = kind.layout(ODD, Budget(elements=10_000))
        assert layout.elements == 7 * 2 * 2 * 3 * 4 * 4 + 3 * (2 * 4 + 9 + 4 * 13 + 4 * 18)
        assert (layout.spectra, layout.blocks, layout.images) == (14, 42, 7 * 24)

    def test_c_is_b_for_groups_of_classes_with_shared_spatial_kernels(self):
        kind = NSD(reading="C", slices=30, images_per_class=22, groups=10)
        layout = kind.layout(CIFAR100, Budget.of(CIFAR100, 1))
        assert layout.elements == 10 * (30 * 3 * 16 * 16 + 30 * 220) + 3 * 3 + 2 * 16 * 32
        assert layout.arrays["height_kernel"].shape == (1, 16, 32)
        assert layout.synthesis.pairing == "zip"
        # No class is made from two groups.
        groups = torch.arange(layout.images) // layout.images_per_block
        labels = synthesis.labels(layout, {})
        assert torch.equal(labels // 10, groups)

    def test_c_of_one_group_is_b(self):
        budget = Budget.of(CIFAR10, 1)
        assert NSD(reading="C", groups=1).layout(CIFAR10, budget) == NSD(reading="B").layout(CIFAR10, budget)

    @pytest.mark.parametrize(("ipc", "side"), [(1, 16), (10, 16), (11, 28), (50, 28)])
    def test_coefficients_are_half_of_the_resolution_up_to_ipc_10_and_seven_eighths_above(self, ipc, side):
        layout = NSD().layout(CIFAR10, Budget.of(CIFAR10, ipc))
        assert layout.coefficient_shape[1:] == (3, side, side)

    def test_odd_sizes_are_rounded_up(self):
        assert NSD().layout(ODD, Budget.of(ODD, 1)).coefficient_shape[2:] == (7, 9)
        assert NSD(size=15).layout(ODD, Budget.of(ODD, 5)).coefficient_shape[2:] == (13, 15)

    @pytest.mark.parametrize("reading", ["A", "B", "C"])
    def test_too_many_slices_name_the_most_that_fit(self, reading):
        budget = Budget.of(CIFAR10, 1)
        with pytest.raises(OverBudget, match=r"nsd with 99 slices: [\d,]+ elements exceed the budget of 30,720") as one:
            NSD(reading=reading, slices=99).layout(CIFAR10, budget)
        (fewer,) = [int(word) for word in str(one.value).split("lower slices to ")[1].split()[:1]]
        assert NSD(reading=reading, slices=fewer).layout(CIFAR10, budget).elements <= 30_720
        with pytest.raises(OverBudget):
            NSD(reading=reading, slices=fewer + 1).layout(CIFAR10, budget)
        assert NSD(reading=reading).layout(CIFAR10, budget).coefficient_shape[0] == fewer

    def test_slices_that_fit_are_taken_as_given(self):
        assert NSD(slices=5).layout(CIFAR10, Budget.of(CIFAR10, 1)).coefficient_shape[0] == 5

    def test_thousands_of_classes_can_be_planned(self):
        many = Geometry(5000, 3, 32, 32)
        for reading in ("A", "B", "C"):
            assert NSD(reading=reading).layout(many, Budget.of(many, 1)).elements <= 5000 * 3072

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"reading": "D"}, r"reading is 'D'; it can be A, B or C"),
            ({"basis": "haar"}, r"basis is 'haar'; it can be dct or bilinear"),
            ({"slices": 0}, "slices is 0; it must be at least 1"),
            ({"size": -1}, "size is -1"),
            ({"images_per_class": 0}, "images_per_class is 0"),
            ({"kernels": 0}, "kernels is 0"),
            ({"spectra_per_class": 0}, "spectra_per_class is 0"),
            ({"groups": 0}, "groups is 0"),
        ],
    )
    def test_fields_out_of_range_are_refused(self, fields, message):
        with pytest.raises(InvalidSetting, match=message):
            NSD(**fields)

    def test_what_does_not_fit_the_classes_or_the_format_is_refused(self):
        with pytest.raises(InvalidSetting, match="11 groups for 10 classes; lower groups"):
            NSD(reading="C", groups=11).layout(CIFAR10, Budget.of(CIFAR10, 1))
        with pytest.raises(InvalidSetting, match="lower slices or images_per_class"):
            NSD(images_per_class=10**9).layout(CIFAR10, Budget.of(CIFAR10, 1))


class TestInitialFromReal:
    @staticmethod
    def drawn_and_made(kind: NSD, geometry: Geometry, budget: Budget) -> tuple[Layout, Tensor, Tensor]:
        real = real_data(toy_source(geometry, 8, None, noise=60.0))
        drawn: list[Tensor] = []

        def draw(labels: Tensor) -> Tensor:
            drawn.append(real.of_labels(labels, seeded(len(drawn))))
            return drawn[-1]

        layout = kind.layout(geometry, budget)
        arrays = kind.initial(layout, drawing(draw), seeded(3))
        return layout, torch.cat(drawn), synthesis.images(layout, arrays)

    @staticmethod
    def low_frequencies(images: Tensor, height: int, width: int) -> NDArray[np.float64]:
        return dctn(images.double().numpy(), axes=(2, 3), norm="ortho")[:, :, :height, :width]

    def test_b_is_the_best_approximation_of_its_rank_in_the_low_frequencies(self):
        kind = NSD(slices=9, images_per_class=5)
        layout, real, made = self.drawn_and_made(kind, ODD, Budget.of(ODD, 3))
        coefficients = self.low_frequencies(real, *layout.coefficient_shape[2:])
        u, s, v = np.linalg.svd(coefficients.reshape(len(real), -1), full_matrices=False)
        full = np.zeros((len(real), 3, 13, 18))
        full[:, :, : coefficients.shape[2], : coefficients.shape[3]] = ((u[:, :9] * s[:9]) @ v[:9]).reshape(
            coefficients.shape
        )
        best = idctn(full, axes=(2, 3), norm="ortho")
        np.testing.assert_allclose(made.numpy(), best, atol=1e-4)
        ours, least = (float(((images - real.numpy()) ** 2).sum()) for images in (made.numpy(), best))
        assert ours <= least * (1 + 1e-5)
        assert ours < 0.95 * float((real**2).sum())

    def test_c_is_that_in_each_group(self):
        kind = NSD(reading="C", groups=7, slices=3, images_per_class=5)
        layout, real, made = self.drawn_and_made(kind, ODD, Budget.of(ODD, 3))
        height, width = layout.coefficient_shape[2:]
        for ours, theirs in zip(made.split(5), real.split(5), strict=True):
            wanted = self.low_frequencies(theirs, height, width).reshape(5, -1)
            found = self.low_frequencies(ours, height, width).reshape(5, -1)
            tail = np.linalg.svd(wanted, compute_uv=False)[3:]
            assert np.linalg.norm(found - wanted) == pytest.approx(np.linalg.norm(tail), rel=1e-4)

    def test_with_a_slice_for_each_image_bilinear_kernels_give_the_least_squares_images(self):
        kind = NSD(basis="bilinear", slices=14, images_per_class=2, size=6)
        layout, real, made = self.drawn_and_made(kind, ODD, Budget.of(ODD, 5))
        assert layout.images == 14
        rows, columns = (torch.nn.functional.interpolate(torch.eye(6)[None], n, mode="linear")[0] for n in (13, 18))
        basis = torch.einsum("ah,bw->abhw", rows, columns).reshape(36, -1).T.double()
        targets = real.double().reshape(42, -1).T
        wanted = basis @ torch.linalg.lstsq(basis, targets).solution
        torch.testing.assert_close(made.double().reshape(42, -1).T, wanted, atol=1e-3, rtol=1e-3)

    def test_more_slices_than_images_start_as_the_images_and_faint_noise(self):
        kind = NSD(slices=20, images_per_class=1, size=18)
        _, real, made = self.drawn_and_made(kind, ODD, Budget.of(ODD, 10))
        error = (made - real).square().mean() / real.square().mean()
        assert error < 0.01

    def test_a_starts_every_class_near_its_own_real_images_and_not_as_their_negatives(self):
        digits = load_digits()
        real = real_data(digits)
        kind = NSD(reading="A", size=8)
        layout = kind.layout(DIGITS, Budget.of(DIGITS, 10))
        for seed in range(3):
            generator = seeded(seed)

            def draw(labels: Tensor, generator: torch.Generator = generator) -> Tensor:
                return real.of_labels(labels, generator)

            arrays = kind.initial(layout, drawing(draw), generator)
            made, labels = synthesis.images(layout, arrays), synthesis.labels(layout, arrays)
            for label, members in enumerate(real.members):
                wanted = real.take(members)[0].mean(dim=0).flatten()
                found = made[labels == label].mean(dim=0).flatten()
                assert torch.cosine_similarity(wanted, found, dim=0) > 0.6

    @pytest.mark.parametrize("kind", [NSD(reading="A", slices=2, spectra_per_class=2), NSD(reading="C", groups=3)])
    def test_every_image_is_drawn_at_once_so_that_none_begins_two_spectra(self, kind):
        layout, asked = kind.layout(ODD, Budget.of(ODD, 6)), []

        def draw(labels: Tensor) -> Tensor:
            asked.append(labels)
            return smooth_images(labels)

        arrays = kind.initial(layout, drawing(draw), seeded(0))
        assert len(asked) == 1
        spectra = arrays["spectrum"]
        assert not any(torch.allclose(spectra[i], spectra[i + 1], atol=1e-2) for i in range(len(spectra) - 1))

    def test_kernels_of_their_own_start_different(self):
        kind = NSD(reading="A", slices=2, kernels=3)
        layout = kind.layout(ODD, Budget.of(ODD, 3))
        arrays = kind.initial(layout, SMOOTH, seeded(0))
        for axis in ("batch", "channel", "height", "width"):
            kernels = arrays[f"{axis}_kernel"]
            assert not torch.allclose(kernels[0], kernels[1])

    def test_pixel_is_the_real_images_themselves(self):
        real = real_data(toy_source(ODD, 8, None))
        layout = Pixel().layout(ODD, Budget.of(ODD, 2))
        drawn = drawing(lambda labels: real.of_labels(labels, seeded(4)))
        made = synthesis.images(layout, Pixel().initial(layout, drawn, seeded(0)))
        assert torch.equal(made, real.of_labels(torch.arange(7).repeat_interleave(2), seeded(4)))


class TestPixel:
    def test_it_holds_as_many_images_as_the_budget(self):
        assert Pixel().layout(CIFAR10, Budget.of(CIFAR10, 1)).images == 10
        assert Pixel().layout(CIFAR10, Budget(elements=13 * 3072 + 3071)).images == 13

    def test_fewer_images_than_classes_are_refused(self):
        with pytest.raises(OverBudget, match=r"pixel: its smallest set, 10 images, takes 30,720 .* raise --ipc to 1$"):
            Pixel().layout(CIFAR10, Budget(elements=30_719))


class TestPerImage:
    """dct, ldct, dwt, idc: an image's own coefficients, against scipy, PyWavelets and torch in float64."""

    @staticmethod
    def made(kind: Parameterization, geometry: Geometry, budget: Budget) -> tuple[Layout, Tensor, NDArray[np.float64]]:
        """The layout, the real images it began from, and the images it makes, synthesised in float64."""
        real = real_data(toy_source(geometry, 8, None, noise=60.0))
        layout = kind.layout(geometry, budget)
        drawn = real.of_labels(synthesis.balanced_labels(layout), seeded(4))
        arrays = kind.initial(layout, drawing(lambda labels: drawn), seeded(0))
        doubles = {role: values.double() if values.is_floating_point() else values for role, values in arrays.items()}
        return layout, drawn, synthesis.images(layout, doubles).numpy()

    @pytest.mark.parametrize("kind", [DCT(), LDCT()])
    def test_dct_begins_as_the_low_frequencies_of_real_images(self, kind):
        layout, real, made = self.made(kind, ODD, Budget.of(ODD, 3))
        _, _, height, width = layout.coefficient_shape
        assert (height, width) == (3, 5)  # 16 of 13 x 18, as a square
        frequencies = dctn(real.double().numpy(), axes=(2, 3), norm="ortho")
        frequencies[:, :, height:], frequencies[:, :, :, width:] = 0, 0
        np.testing.assert_allclose(made, idctn(frequencies, axes=(2, 3), norm="ortho"), atol=1e-5)

    def test_dwt_begins_as_the_coarse_wavelets_of_real_images(self):
        layout, real, made = self.made(DWT(), CIFAR10, Budget.of(CIFAR10, 1))
        assert layout.coefficient_shape == (160, 3, 8, 8)
        # The coarse half of every level but the two finest: the approximation of two levels.
        wanted = pywt.wavedec2(real.double().numpy(), "haar", level=2, axes=(2, 3))
        zeros = [tuple(np.zeros_like(band) for band in level) for level in wanted[1:]]
        np.testing.assert_allclose(made, pywt.waverec2([wanted[0], *zeros], "haar", axes=(2, 3)), atol=1e-5)

    def test_idc_is_torchs_bilinear_enlargement(self):
        layout, real, made = self.made(IDC(), CIFAR10, Budget.of(CIFAR10, 1))
        assert layout.coefficient_shape == (40, 3, 16, 16)
        arrays = IDC().initial(layout, drawing(lambda labels: real), seeded(0))
        enlarged = torch.nn.functional.interpolate(arrays["spectrum"][0].double(), (32, 32), mode="bilinear")
        np.testing.assert_allclose(made, enlarged.numpy(), atol=1e-12)
        # By least squares, so nearer than the means of 2 x 2 pixels.
        means = torch.nn.functional.avg_pool2d(real, 2)
        means = torch.nn.functional.interpolate(means, (32, 32), mode="bilinear")
        assert ((made - real.numpy()) ** 2).mean() < ((means - real) ** 2).mean()

    @pytest.mark.parametrize(
        ("geometry", "ipc", "images"), [(CIFAR10, 1, 160), (CIFAR10, 10, 605), (CIFAR10, 50, 2000), (CIFAR100, 1, 846)]
    )
    def test_dct_holds_about_as_many_images_as_freds_table(self, geometry, ipc, images):
        assert DCT().layout(geometry, Budget.of(geometry, ipc)).images == images

    def test_ldct_pays_for_its_kernels(self):
        layout = LDCT().layout(CIFAR10, Budget.of(CIFAR10, 1))
        assert layout.arrays["height_kernel"].shape == layout.arrays["width_kernel"].shape == (1, 8, 32)
        assert layout.elements == 157 * 192 + 2 * 8 * 32 <= 30_720 < 158 * 192 + 2 * 8 * 32

    def test_dwt_hides_whole_bands_at_random_and_never_the_coarse_one(self):
        spectrum = torch.ones(1, 2, 3, 4, 8)
        seen = set()
        for seed in range(64):
            hidden = DWT().in_training({"spectrum": spectrum}, seeded(seed))["spectrum"]
            bands = [
                hidden[..., rows, columns] for rows in (slice(2), slice(2, 4)) for columns in (slice(4), slice(4, 8))
            ]
            assert all(band.min() == band.max() for band in bands)
            seen.add(tuple(int(band.max()) for band in bands))
        assert seen == {(1, a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)}
        assert torch.equal(DWT(band_share=1.0).in_training({"spectrum": spectrum}, seeded(0))["spectrum"], spectrum)


class TestFactored:
    def test_svd_begins_as_numpys_truncated_svd_of_real_images(self):
        layout, real, made = TestPerImage.made(SVD(bases=6), ODD, Budget.of(ODD, 3))
        u, s, v = np.linalg.svd(real.double().numpy().reshape(len(real), -1), full_matrices=False)
        np.testing.assert_allclose(made, ((u[:, :6] * s[:6]) @ v[:6]).reshape(made.shape), atol=1e-4)
        arrays = SVD(bases=6).initial(layout, drawing(lambda labels: real), seeded(0))
        # Its rows are the right singular vectors, up to the scale that is shared with the batch kernel.
        rows = arrays["spectrum"][0].flatten(1).double()
        rows = rows / rows.norm(dim=1, keepdim=True)
        np.testing.assert_allclose(np.abs(rows.numpy() @ v[:6].T), np.eye(6), atol=1e-4)

    def test_svd_optimises_only_the_bases_and_lsvd_both(self):
        layout = SVD().layout(CIFAR10, Budget.of(CIFAR10, 1))
        assert trained(SVD(), layout) == {"spectrum"}
        assert trained(LSVD(), layout) == {"spectrum", "batch_kernel"}

    def test_memory_is_small_bases_enlarged_and_mixed(self):
        layout, real, made = TestPerImage.made(Memory(), CIFAR10, Budget.of(CIFAR10, 1))
        arrays = Memory().initial(layout, drawing(lambda labels: real), seeded(0))
        bases = torch.nn.functional.interpolate(arrays["spectrum"][0].double(), (32, 32), mode="bilinear")
        wanted = torch.einsum("pchw,pb->bchw", bases, arrays["batch_kernel"][0].double())
        np.testing.assert_allclose(made, wanted.numpy(), atol=1e-10)
        assert layout.images > layout.coefficient_shape[0]

    def test_too_many_bases_are_refused(self):
        with pytest.raises(OverBudget, match="lower bases or images_per_class"):
            LSVD(bases=11).layout(CIFAR10, Budget.of(CIFAR10, 1))

    def test_fields_are_taken_as_given(self):
        layout = LSVD(bases=4, images_per_class=5).layout(CIFAR10, Budget.of(CIFAR10, 1))
        assert (layout.coefficient_shape[0], layout.images) == (4, 50)


class TestFreD:
    def test_it_holds_the_instances_of_its_table_and_counts_the_mask(self):
        layout = FreD().layout(CIFAR10, Budget.of(CIFAR10, 1))
        assert layout.images == 160
        # 64 coefficients an instance and channel would leave no element for the mask, which takes 32 a class.
        assert layout.arrays["spectrum"].shape == (10, 16, 3, 63)
        assert layout.elements == 160 * 3 * 63 + 10 * 1024 // 32

    def test_the_published_k_leaves_place_for_one_instance_less(self):
        layout = FreD(coefficients=64).layout(CIFAR10, Budget.of(CIFAR10, 1))
        assert layout.images == 150

    def test_the_mask_of_a_class_is_where_its_real_images_vary_most(self):
        geometry = Geometry(2, 2, 6, 8)
        generator = np.random.default_rng(0)
        classes = []
        for _ in range(2):
            weights = generator.permutation(48).reshape(6, 8) / 10
            frequencies = weights * generator.standard_normal((40, 2, 6, 8)) + 100  # a mean is no variance
            classes.append(idctn(frequencies, axes=(2, 3), norm="ortho"))
        real = RealImages(
            lambda labels: torch.stack([torch.tensor(classes[label][i]) for i, label in enumerate(labels)]).float(),
            lambda label: torch.tensor(classes[label]).float(),
        )
        kind = FreD(images_per_class=3, coefficients=10)
        layout = kind.layout(geometry, Budget.of(geometry, 1))
        arrays = kind.initial(layout, real, seeded(0))
        for label in range(2):
            variance = dctn(classes[label], axes=(2, 3), norm="ortho").var(axis=0).sum(axis=0)
            kept = variance >= np.sort(variance.ravel())[-10]
            np.testing.assert_array_equal(arrays["mask"][label].numpy(), kept)
        images = synthesis.images(layout, arrays)
        wanted = dctn(real.draw(synthesis.balanced_labels(layout)).double().numpy(), axes=(2, 3), norm="ortho")
        wanted = idctn(wanted * arrays["mask"].numpy().repeat(3, axis=0)[:, None], axes=(2, 3), norm="ortho")
        np.testing.assert_allclose(images.numpy(), wanted, atol=1e-2)

    def test_the_samples_alone_can_choose_the_mask(self):
        kind = FreD(images_per_class=4, coefficients=20, mask_from="samples")
        layout = kind.layout(ODD, Budget.of(ODD, 3))
        arrays = kind.initial(layout, RealImages(smooth_images, no_real_images), seeded(0))
        samples = smooth_images(synthesis.balanced_labels(layout)).double().numpy()[:4]
        variance = dctn(samples, axes=(2, 3), norm="ortho").var(axis=0).sum(axis=0)
        np.testing.assert_array_equal(arrays["mask"][0].numpy(), variance >= np.sort(variance.ravel())[-20])

    def test_equals_go_to_the_lower_place_and_one_image_is_judged_by_its_squares(self):
        flat = torch.ones(2, 1, 2, 3)
        assert most_explained(flat, 2).tolist() == [[True, True, False], [False, False, False]]
        single = torch.tensor([[[[1.0, 9.0], [-5.0, 0.0]]]])
        assert most_explained(single, 2).tolist() == [[False, True], [True, False]]

    def test_more_coefficients_than_places_are_refused(self):
        with pytest.raises(InvalidSetting, match="coefficients is 1025; 1024 are all"):
            FreD(coefficients=1025).layout(CIFAR10, Budget.of(CIFAR10, 1))


class TestSoftLabels:
    def test_they_begin_near_the_classes_and_are_counted(self):
        hard, soft = (NSD(labels=labels, slices=20) for labels in ("hard", "soft"))
        budget = Budget.of(CIFAR10, 1)
        layout = soft.layout(CIFAR10, budget)
        assert layout.elements == hard.layout(CIFAR10, budget).elements + layout.images * 10
        arrays = initial_arrays(soft, layout, SMOOTH_CIFAR, seeded(0))
        probabilities = synthesis.labels(layout, arrays)
        own = probabilities[torch.arange(layout.images), synthesis.balanced_labels(layout)]
        torch.testing.assert_close(own, torch.full_like(own, 0.9))
        torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(layout.images))


@pytest.mark.parametrize(("most", "limit"), [(0, 9), (1, 9), (5, 9), (9, 9), (20, 9), (65_536, 1 << 16), (3, 1)])
def test_largest_is_the_last_number_that_fits(most, limit):
    fits: Callable[[int], bool] = lambda n: n <= most  # noqa: E731
    assert largest(fits, limit) == max([n for n in range(1, limit + 1) if fits(n)], default=0)


def test_a_new_parameterization_is_one_class_and_one_entry(monkeypatch):
    with pytest.raises(UnknownName):
        recipes.CPU.with_names("striped", None)
    monkeypatch.setitem(PARAMETERIZATIONS, "striped", Striped)
    settings = recipes.CPU.with_names("striped", None).with_values(["a_class=3", "dtype=float32"])
    assert settings.parameterization == Striped(dtype="float32", a_class=3)
    assert recipes.CPU.with_values(["parameterization.name=striped"]).parameterization == Striped()
    layout = settings.parameterization.layout(ODD, Budget.of(ODD, 1))
    arrays = settings.parameterization.initial(layout, SMOOTH, seeded(0))
    images = synthesis.images(layout, arrays)
    wanted = smooth_images(torch.arange(7).repeat_interleave(3)).mean(dim=2, keepdim=True).expand(-1, -1, 13, -1)
    torch.testing.assert_close(images, wanted)


@pytest.mark.parametrize("name", PARAMETERIZATIONS)
def test_large_images_are_planned_though_a_file_holds_fewer_of_them(name):
    geometry = Geometry(100, 3, 128, 128)
    layout = PARAMETERIZATIONS[name]().layout(geometry, Budget.of(geometry, 1))
    assert 0 < layout.images * layout.image_values <= MAX_VALUES_OF_ALL


@pytest.mark.parametrize("u", [1, 2, 3, 8, 13, 28, 32])
def test_the_fourier_basis_is_orthonormal_and_holds_each_frequency_of_the_fft(u):
    matrix = fourier(u).double()
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(u).double(), rtol=0, atol=1e-6)
    signal = torch.randn(u, generator=seeded(u), dtype=torch.float64)
    found, spectrum = matrix @ signal, torch.fft.rfft(signal, norm="ortho")
    torch.testing.assert_close(found[0], spectrum[0].real, rtol=1e-5, atol=1e-6)
    for frequency in range(1, (u + 1) // 2):
        cosine, sine = found[2 * frequency - 1 : 2 * frequency + 1]
        wanted = 2**0.5 * spectrum[frequency]
        torch.testing.assert_close(torch.stack([cosine, -sine]), torch.view_as_real(wanted), rtol=1e-5, atol=1e-6)
    if u % 2 == 0:
        torch.testing.assert_close(found[-1], spectrum[-1].real, rtol=1e-5, atol=1e-6)


def test_fred_in_fourier_is_the_inverse_transform_of_its_coefficients_and_counts_its_bases():
    kind = FreD(transform="fourier", images_per_class=3, coefficients=234, dtype="float32")
    layout = kind.layout(ODD, Budget.of(ODD, 50))
    arrays = initial_arrays(kind, layout, SMOOTH, seeded(1))
    # All 13 x 18 frequencies: the images that it began with.
    torch.testing.assert_close(
        synthesis.images(layout, arrays), smooth_images(synthesis.balanced_labels(layout)), rtol=1e-4, atol=1e-4
    )
    named_one = FreD(images_per_class=3, coefficients=234, dtype="float32").layout(ODD, Budget.of(ODD, 50))
    assert layout.elements == named_one.elements + 13 * 13 + 18 * 18
