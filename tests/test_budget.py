"""Budgets against the numbers of the papers, counted by hand."""

from __future__ import annotations

import pytest

from nsdcodec.encoding.budget import Budget
from nsdcodec.errors import InvalidSetting, OverBudget
from nsdcodec.format.geometry import Geometry

CIFAR10 = Geometry(10, 3, 32, 32)


def test_one_image_a_class_of_cifar10_is_30720_elements():
    assert Budget.of(CIFAR10, ipc=1) == Budget(elements=30_720, file_bytes=None)


def test_98304_bits_a_class_of_cifar10_are_122880_bytes():
    assert Budget.of(CIFAR10, bits_per_class=98_304) == Budget(elements=None, file_bytes=122_880)


def test_one_image_a_class_of_cifar10_in_bytes_is_that_as_float32():
    assert Budget.of(CIFAR10, 1, count="bytes") == Budget.of(CIFAR10, bits_per_class=98_304) == Budget(None, 122_880)
    assert Budget.of(CIFAR10, 0.25, count="bytes").file_bytes == 30_720


@pytest.mark.parametrize(("ipc", "bits"), [(None, 1_000), (1, 1_000), (None, None)])
def test_an_ipc_in_bytes_stands_alone(ipc, bits):
    with pytest.raises(InvalidSetting, match="give --ipc with it, and not --bits-per-class"):
        Budget.of(CIFAR10, ipc, bits, "bytes")


def test_nothing_else_is_counted():
    with pytest.raises(InvalidSetting, match="--count is 'images'; it can be elements or bytes"):
        Budget.of(CIFAR10, 1, count="images")


def test_bits_that_fill_no_byte_are_not_granted():
    assert Budget.of(Geometry(3, 1, 1, 1), bits_per_class=5).file_bytes == 1


def test_a_fraction_of_an_image_is_rounded_to_elements():
    assert Budget.of(Geometry(3, 1, 3, 3), ipc=0.5).elements == 14


@pytest.mark.parametrize(
    ("elements", "file_bytes", "fits"), [(10, 20, True), (11, 20, False), (10, 21, False), (0, 0, True)]
)
def test_both_limits_hold_together(elements, file_bytes, fits):
    budget = Budget(elements=10, file_bytes=20)
    assert budget.admits(elements, file_bytes) is fits
    if fits:
        budget.require("nsd", elements, file_bytes, "lower t1")
    else:
        with pytest.raises(OverBudget, match="lower t1"):
            budget.require("nsd", elements, file_bytes, "lower t1")


def test_what_compresses_may_take_more_before():
    budget = Budget(file_bytes=20, packed_bytes=30)
    assert budget.admits(0, 30)
    assert not budget.admits(0, 31)
    budget.require("nsd", 0, 30, "")
    with pytest.raises(OverBudget, match="31 bytes exceed the budget of 30"):
        budget.require("nsd", 0, 31, "")


def test_a_limit_that_is_not_set_admits_everything():
    assert Budget(elements=1).admits(1, 10**12)
    assert Budget(file_bytes=1).admits(10**12, 1)


def test_the_refusal_names_value_limit_and_remedy():
    with pytest.raises(OverBudget, match=r"nsd: 31,204 elements exceed the budget of 30,720; raise --ipc"):
        Budget.of(CIFAR10, ipc=1).require("nsd", 31_204, 0, "raise --ipc")
    with pytest.raises(OverBudget, match=r"nsd: 1,001 bytes exceed the budget of 1,000; raise --bits-per-class"):
        Budget(file_bytes=1000).require("nsd", 0, 1001, "raise --bits-per-class")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"ipc": 0},
        {"ipc": -1},
        {"ipc": float("nan")},
        {"ipc": float("inf")},
        {"ipc": 1e-9},
        {"bits_per_class": 0},
        {"bits_per_class": 0.1},
        {"bits_per_class": float("inf")},
    ],
)
def test_no_budget_none_worth_the_name_and_an_endless_one_are_refused(settings):
    with pytest.raises(InvalidSetting):
        Budget.of(CIFAR10, **settings)


@pytest.mark.parametrize(
    ("field", "value"),
    [("classes", 0), ("channels", 17), ("height", 4097), ("width", -1), ("classes", 65_537), ("channels", 0)],
)
def test_a_geometry_outside_the_limits_is_refused_by_name(field, value):
    with pytest.raises(InvalidSetting, match=f"geometry: {field} is "):
        Geometry(**({"classes": 2, "channels": 3, "height": 4, "width": 5} | {field: value}))


def test_a_geometry_at_the_limits_stands():
    assert Geometry(65_536, 16, 4_096, 4_096).image_elements == 268_435_456
