"""Settings: every key can be set as text and comes back, and what cannot be meant is refused by name."""

from __future__ import annotations

import dataclasses
import json

import pytest

from nsdcodec.encoding import recipe_names
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.meanings import CHOICES, MEANINGS, table
from nsdcodec.encoding.objectives import OBJECTIVES, Guidance, Guided
from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.objectives.gradient import GradientMatching
from nsdcodec.encoding.objectives.trajectory import TrajectoryMatching
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.encoding.parameterizations.nsd import NSD
from nsdcodec.encoding.parameterizations.pixel import Pixel
from nsdcodec.encoding.recipe_names import ABOUTS
from nsdcodec.encoding.recipes import CPU, GPU_MTT, RECIPES, default_recipe, recipe
from nsdcodec.encoding.settings import Settings, for_geometry
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.geometry import Geometry

CIFAR10 = Geometry(10, 3, 32, 32)
OTHERS = {
    "cifar100": Geometry(100, 3, 32, 32),
    "svhn": CIFAR10,
    "tinyimagenet": Geometry(200, 3, 64, 64),
    "subset": Geometry(10, 3, 128, 128),
}
OTHER_TEXT = {
    "hard": "soft",
    "soft": "hard",
    "dct": "bilinear",
    "adam": "sgd",
    "sgd": "adam",
    "float16": "float32",
    "int6": "int8",
    "real": "noise",
    "noise": "real",
}
OTHER_TEXT |= {
    "A": "B",
    "B": "C",
    "C": "A",
    "nsd": "pixel",
    "pixel": "nsd",
    "fred": "nsd",
    "samples": "real",
    "dm": "mtt",
    "mtt": "dc",
    "dc": "dm",
    "cafe": "dm",
    "krr": "dm",
    "tgdd": "dm",
    "mean": "characteristic",
    "class": "teachers",
    "teachers": "class",
}


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(value)


def another(value: object, key: str = "") -> object:
    """A value of the same type that every check of a range accepts."""
    if key == "parameterization.transform":
        return "haar"
    if key == "objective.student_rate":
        return 0.5
    if key == "objective.expert_dtype":
        return "float16"
    if key == "optimizer.label_rate":
        return 0.5
    if value is None:
        return 3
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return OTHER_TEXT.get(value, "other")
    if isinstance(value, float):
        return value / 2 or 1.0  # momentum must stay below 1
    assert isinstance(value, int)
    return value + 1


def every_key() -> list[tuple[str, str]]:
    # A network's name brings its depth and width with it, and has its own test.
    return [(name, key) for name, settings in RECIPES.items() for key in settings.flat() if "network.name" not in key]


def test_each_recipe_is_described_and_nothing_else_in_the_same_order():
    assert list(ABOUTS) == list(RECIPES)


def test_the_table_that_is_shown_is_of_the_settings_as_they_are():
    assert json.loads(recipe_names.TABLE.read_text(encoding="utf-8")) == table(), "run `make recipes`"
    for name, settings in RECIPES.items():
        assert {key: value for key, (value, _) in recipe_names.shown(name).items()} == settings.flat()


def test_each_key_of_each_parameterization_and_objective_has_a_meaning_and_nothing_else_has():
    keys: set[str] = set()
    for form in PARAMETERIZATIONS:
        keys |= set(CPU.with_names(form, None).flat())
    for objective in OBJECTIVES:
        keys |= set(CPU.with_names(None, objective).flat())
    assert set(MEANINGS) == keys
    assert set(CHOICES) <= keys


def test_the_choices_that_are_listed_can_be_set_and_no_other():
    for key, choices in CHOICES.items():
        if key == "training.augmentation":
            continue
        form = {"reading": "nsd", "basis": "nsd", "transform": "fred", "mask_from": "fred"}.get(key.rpartition(".")[2])
        start = CPU.with_names(form, None)
        for choice in choices.split(", "):
            assert start.with_values([f"{key}={choice}"]).flat()[key] == choice
        with pytest.raises(InvalidSetting):
            start.with_values([f"{key}=other"])


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_made_of_the_texts_of_its_own_settings_is_the_same(name):
    settings = recipe(name)
    # From the other end: names first, since they bring other keys with them.
    start = Settings(Pixel(), TrajectoryMatching()) if name != "mtt-ipc1" else Settings()
    pairs = [f"{key}={as_text(value)}" for key, value in settings.flat().items()]
    pairs.sort(key=lambda pair: ".name=" not in pair.replace("network.name", ""))
    assert start != settings
    assert start.with_values(pairs) == settings


@pytest.mark.parametrize(("name", "key"), every_key())
def test_each_key_can_be_set_alone_and_changes_nothing_else(name, key):
    before = recipe(name).flat()
    wanted = another(before[key], key)
    after = recipe(name).with_values([f"{key}={as_text(wanted)}"]).flat()
    assert after[key] == wanted != before[key]
    assert type(after[key]) is type(wanted)
    if key not in ("parameterization.name", "objective.name"):
        assert {other: value for other, value in after.items() if other != key} == {
            other: value for other, value in before.items() if other != key
        }


@pytest.mark.parametrize("name", [name for name in RECIPES if "-ipc" in name])
def test_a_published_recipe_fits_its_own_budget_with_every_class_in_full(name):
    ipc = int(name.partition("-ipc")[2])
    geometry = next((found for source, found in OTHERS.items() if f"-{source}-" in name), CIFAR10)
    budget = Budget.of(geometry, ipc * (1.004 if name.startswith(("datm", "frepo")) else 1))
    layout = recipe(name).parameterization.layout(geometry, budget)
    assert layout.images >= geometry.classes * ipc
    assert layout.images % geometry.classes == 0
    assert layout.elements >= 0.9 * ipc * geometry.classes * geometry.image_elements


def test_a_bare_key_is_resolved_where_one_key_ends_so():
    settings = CPU.with_values(["slices=7", "decay=False", "iterations=12", "real_batch = 9"])
    assert isinstance(settings.parameterization, NSD)
    assert settings.parameterization.slices == 7
    assert (settings.optimizer.decay, settings.iterations, settings.guidance.real_batch) == (False, 12, 9)


@pytest.mark.parametrize("key", ["network.name", "training.network.name"])
def test_an_unknown_network_is_refused_with_the_nearest(key):
    with pytest.raises(UnknownName, match="did you mean 'convnet'"):
        CPU.with_values([f"{key}=convnets"])


def test_a_networks_name_brings_the_size_that_it_has():
    for key in ("network", "training.network"):
        settings = CPU.with_values([f"{key}.name=resnet18"])
        after = settings.flat()
        assert (after[f"{key}.name"], after[f"{key}.depth"], after[f"{key}.width"]) == ("resnet18", 18, 64)
        with pytest.raises(InvalidSetting, match=rf"{key}: resnet18 has depth 18.*not 4 and 64"):
            settings.with_values([f"{key}.depth=4"])
        back = settings.with_values([f"{key}.name=convnet", f"{key}.depth=2"]).flat()
        assert (back[f"{key}.depth"], back[f"{key}.width"]) == (2, 128)


def test_an_ambiguous_key_lists_what_it_could_be():
    places = "optimizer, coreset, teachers, training"
    with pytest.raises(InvalidSetting, match=places.replace(",", r"\.learning_rate,") + r"\.learning_rate$"):
        CPU.with_values(["learning_rate=1"])
    with pytest.raises(InvalidSetting) as caught:
        CPU.with_values(["width=1"])
    assert all(key in str(caught.value) for key in ("network.width", "training.network.width", "validation.width"))


def test_an_unknown_key_names_the_nearest():
    with pytest.raises(UnknownName, match=r"'optimizer\.learning_rat'.*did you mean 'optimizer\.learning_rate'"):
        CPU.with_values(["optimizer.learning_rat=1"])
    with pytest.raises(UnknownName, match="did you mean 'gpu'"):
        recipe("gpus")
    with pytest.raises(UnknownName, match="did you mean 'pixel'"):
        CPU.with_names("pixels", None)
    with pytest.raises(UnknownName, match="did you mean 'mtt'"):
        CPU.with_values(["objective.name=mtts"])


@pytest.mark.parametrize(
    ("pair", "wanted"),
    [
        ("iterations=1.5", "give an integer"),
        ("iterations=many", "give an integer"),
        ("iterations=true", "give an integer"),
        ("iterations=", "give an integer"),
        ("iterations=none", "give an integer"),
        ("slices=1.0", "give an integer"),
        ("optimizer.learning_rate=fast", "give a finite number"),
        ("optimizer.learning_rate=nan", "give a finite number"),
        ("optimizer.learning_rate=1e999", "give a finite number"),
        ("optimizer.learning_rate=true", "give a finite number"),
        ("decay=1", "true or false"),
        ("iterations", "write --set key=value"),
        ("iterations=-1", "at least 0"),
        ("optimizer.learning_rate=0", "above 0"),
        ("optimizer.kind=lion", "adam, sgd"),
        ("optimizer.momentum=1.0", "below 1"),
        ("optimizer.momentum=-0.1", "at least 0"),
        ("validation.checks=0", "at least 1"),
        ("reading=D", "A, B or C"),
    ],
)
def test_values_are_checked_for_type_and_range(pair, wanted):
    with pytest.raises(InvalidSetting, match=wanted):
        CPU.with_values([pair])


def test_numbers_may_be_written_as_numbers_are():
    settings = CPU.with_values(["optimizer.learning_rate=1", "guidance.rate=1e-3", "slices=auto"])
    assert settings.optimizer.learning_rate == 1.0
    assert type(settings.optimizer.learning_rate) is float
    assert settings.guidance.rate == 0.001
    assert settings.parameterization == NSD(slices=None, dtype="int6")


def test_another_name_brings_its_own_defaults_and_the_same_name_changes_nothing():
    settings = GPU_MTT.with_values(["student_steps=3", "slices=5"])
    assert settings.with_names("nsd", "mtt") == settings
    changed = settings.with_names("pixel", "dm")
    assert (changed.parameterization, changed.objective) == (Pixel(), DistributionMatching())
    assert dataclasses.replace(changed, parameterization=NSD(slices=5), objective=settings.objective) == settings


@pytest.mark.parametrize(
    ("height", "width", "depth"),
    [
        (8, 8, 2),
        (28, 28, 3),
        (32, 32, 3),
        (64, 64, 4),
        (128, 128, 5),
        (256, 256, 5),
        (8, 64, 2),
        (64, 32, 3),
        (2, 2, 1),
    ],
)
def test_networks_are_as_deep_as_the_images_allow(height, width, depth):
    settings = for_geometry(CPU, Geometry(10, 3, height, width), "crop")
    assert (settings.network.depth, settings.training.network.depth) == (depth, depth)
    assert (settings.network.width, settings.training.network.width) == (64, 128)
    assert settings.training.augmentation == "crop"


def test_a_depth_or_augmentation_set_by_hand_stays():
    pairs = ["network.depth=2", "training.network.depth=1", "augmentation=flip"]
    settings = for_geometry(CPU, Geometry(10, 3, 32, 32), "crop").with_values(pairs)
    assert settings.network.depth == 2
    assert (settings.training.network.depth, settings.training.augmentation) == (1, "flip")


def test_guidance_wraps_the_objective_only_where_it_weighs_something():
    assert CPU.guided_objective is CPU.objective
    assert GPU_MTT.guided_objective == Guided(GPU_MTT.objective, Guidance(0.1, 256, 1, 0.1))
    unguided = GPU_MTT.with_names(None, "none")
    assert unguided.guided_objective is unguided.objective


def test_the_default_recipe_follows_the_device():
    assert (default_recipe("cpu"), default_recipe("cuda"), default_recipe("mps")) == ("cpu", "gpu", "cpu")


def test_published_recipes_hold_the_published_constants():
    mtt, dm, nsd, dc = (recipe(name) for name in ("mtt-ipc1", "dm-ipc1", "nsd-ipc1", "dc-ipc1"))
    published = TrajectoryMatching(50, 2, 2, 0, 0.01, 1e-7, 100)
    assert (mtt.objective, mtt.iterations, mtt.optimizer.learning_rate) == (published, 5000, 100.0)
    assert (dm.objective.name, dm.iterations, dm.optimizer.learning_rate) == ("dm", 20_000, 1.0)
    assert (nsd.iterations, nsd.optimizer.kind, nsd.parameterization.init) == (10_000, "sgd", "noise")
    assert (dc.objective, dc.iterations, dc.optimizer.learning_rate) == (GradientMatching(256, 1), 1000, 0.1)
    assert [settings.optimizer.momentum for settings in (mtt, dm, dc, nsd)] == [0.5, 0.5, 0.5, 0.9]
    for settings in (mtt, dm, nsd, dc):
        training = settings.training
        assert (training.learning_rate, training.momentum, training.weight_decay) == (0.01, 0.9, 5e-4)
        assert (training.batch_size, training.epochs, training.network.width) == (256, 1000, 128)


@pytest.mark.parametrize(
    ("name", "steps", "starts", "batch", "iterations"),
    [
        ("datm-ipc1", 80, (0, 4), 10, 10_000),
        ("datm-ipc10", 80, (10, 20), 100, 10_000),
        ("datm-ipc50", 80, (20, 40), 500, 10_000),
        ("speed-ipc1", 60, (0, 10), 64, 20_000),
        ("speed-ipc10", 60, (0, 20), 128, 20_000),
        ("speed-ipc50", 60, (0, 40), 256, 20_000),
        ("gsdd-ipc1", 60, (0, 30), 300, 8000),
        ("gsdd-ipc10", 60, (0, 30), 380, 8000),
        ("gsdd-ipc50", 60, (0, 30), 360, 8000),
    ],
)
def test_published_trajectories_of_other_forms(name, steps, starts, batch, iterations):
    settings = recipe(name)
    objective = settings.objective
    assert isinstance(objective, TrajectoryMatching)
    assert (objective.student_steps, objective.expert_epochs, objective.student_batch) == (steps, 2, batch)
    assert (objective.first_start, objective.last_start) == starts
    assert settings.iterations == iterations
    assert settings.parameterization.labels == ("soft" if name.startswith("datm") else "hard")
    assert (objective.expert_rho, objective.expert_alpha) == (0.01 if name.startswith("datm") else 0.0, 0.3)


@pytest.mark.parametrize("ipc", [1, 10, 50])
def test_ftd_is_mtt_with_flat_experts(ipc):
    ftd, mtt = recipe(f"ftd-ipc{ipc}"), recipe(f"mtt-ipc{ipc}")
    assert dataclasses.replace(ftd.objective, expert_rho=0.0) == mtt.objective
    assert dataclasses.replace(ftd, objective=mtt.objective) == mtt
    assert ftd.objective.expert_rho == 0.01


@pytest.mark.parametrize(
    ("name", "steps", "epochs", "last_start", "batch", "rates"),
    [
        ("mtt-cifar100-ipc1", 20, 3, 20, 0, (1000.0, 1e-5, 0.01)),
        ("mtt-cifar100-ipc10", 20, 2, 20, 0, (1000.0, 1e-5, 0.01)),
        ("mtt-cifar100-ipc50", 80, 2, 40, 125, (1000.0, 1e-5, 0.01)),
        ("mtt-tinyimagenet-ipc1", 10, 2, 10, 0, (10_000.0, 1e-4, 0.01)),
        ("mtt-subset-ipc1", 20, 2, 10, 0, (1000.0, 1e-6, 0.01)),
        ("mtt-subset-ipc10", 20, 2, 10, 20, (1000.0, 1e-6, 0.01)),
        ("fred-cifar100-ipc1", 50, 2, 15, 0, (24_414.0625, 1e-5, 0.01)),
        ("fred-cifar100-ipc50", 80, 2, 40, 0, (24_414.0625, 1e-5, 0.01)),
        ("fred-svhn-ipc10", 30, 2, 15, 0, (24_414.0625, 1e-5, 0.01)),
        ("fred-tinyimagenet-ipc1", 30, 2, 30, 0, (6_103.515625, 1e-4, 0.01)),
        ("fred-subset-ipc1", 20, 2, 10, 0, (15_258.7890625, 1e-6, 0.01)),
        ("nsd-cifar100-ipc1", 20, 3, 20, 256, (1.0, 1e-5, 0.01)),
        ("nsd-subset-ipc1", 20, 2, 10, 256, (1.0, 1e-6, 0.01)),
    ],
)
def test_published_trajectories_of_other_data_sets(name, steps, epochs, last_start, batch, rates):
    settings = recipe(name)
    objective = settings.objective
    assert isinstance(objective, TrajectoryMatching)
    assert (objective.student_steps, objective.expert_epochs, objective.last_start) == (steps, epochs, last_start)
    assert (objective.student_batch, objective.experts) == (batch, 100)
    assert (settings.optimizer.learning_rate, objective.rate_learning_rate, objective.student_rate) == rates
    assert settings.iterations == {"mtt": 5000, "fred": 15_000, "nsd": 10_000}[name.partition("-")[0]]


@pytest.mark.parametrize(
    ("name", "images", "values"),
    [
        # FreD's increments: 16, 8 and 4 times as many images on SVHN, 8 and 2.56 times on CIFAR-100.
        ("fred-svhn-ipc1", 16, 64),
        ("fred-svhn-ipc10", 80, 128),
        ("fred-svhn-ipc50", 200, 256),
        ("fred-cifar100-ipc1", 8, 128),
        ("fred-cifar100-ipc10", 26, 400),
        ("fred-subset-ipc1", 8, 2048),
    ],
)
def test_fred_has_as_many_images_and_values_as_its_table(name, images, values):
    source, _, ipc = name.removeprefix("fred-").partition("-ipc")
    layout = recipe(name).parameterization.layout(OTHERS[source], Budget.of(OTHERS[source], int(ipc)))
    _, instances, _, k = layout.arrays["spectrum"].shape
    assert instances == images
    # The mask is counted, which the paper does not.
    assert 0.8 * values < k <= values
