"""Evaluation: accuracies of networks trained on a file, and what cannot be evaluated."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest
import torch
from contexts import TINY, real_data, toy_source

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import InvalidSetting, InvalidSource
from nsdcodec.evaluation.accuracy import Evaluation, evaluate
from nsdcodec.format.container.file import pack
from nsdcodec.format.container.header import Header
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import ArraySpec, Layout, Synthesis
from nsdcodec.format.recipe import NetworkSpec, Normalization, TrainingRecipe
from nsdcodec.learning.architectures import AlexNet
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.networks import FIXED, build, flatten
from nsdcodec.sources.base import Source, normalize

TOY = Geometry(4, 1, 8, 8)
PLAIN = Normalization((0.0,), (1.0,))
RECIPE = TrainingRecipe(0.05, 0.9, 0.0, 8, 4, "scale_rotate", TINY)


def file_of(source: Source, recipe: TrainingRecipe = RECIPE) -> NSDDataset:
    """A pixel file that holds the training images of the source."""
    real = real_data(source)
    images, _ = real.take(torch.arange(len(real)))
    layout = Layout(source.geometry, Synthesis(), {"spectrum": ArraySpec("float32", (1, *images.shape))})
    header = Header(layout, source.classes, source.normalization, recipe, "pixel")
    return NSDDataset(pack(header, {"spectrum": images[None].numpy()}))


@pytest.fixture(scope="module")
def source() -> Source:
    return toy_source(TOY, train=4, test=25, noise=70.0)


@pytest.fixture(scope="module")
def dataset(source) -> NSDDataset:
    return file_of(source)


def test_accuracies_are_those_of_each_network_and_the_same_again(dataset, source):
    first, again = (evaluate(dataset, source, count=3, seed=4) for _ in range(2))
    assert first == again
    assert len(first.accuracies) == 3
    assert first.test_images == 100
    assert list(first.accuracies) == [round(accuracy * 100) / 100 for accuracy in first.accuracies]
    assert min(first.accuracies) > 0.3 > 1 / 4
    assert evaluate(dataset, source, count=3, seed=5).accuracies != first.accuracies
    assert evaluate(dataset, source, count=2, seed=4).accuracies == first.accuracies[:2]


def test_mean_and_deviation_are_those_of_the_sample():
    values = (0.5, 0.75, 0.625)
    found = Evaluation(values, RECIPE, 8, PLAIN, ())
    assert (found.mean, found.deviation) == (statistics.mean(values), statistics.stdev(values))
    assert Evaluation((0.5,), RECIPE, 8, PLAIN, ()).deviation == 0


def test_a_file_that_separates_the_classes_trains_networks_that_do_and_wrong_labels_tell(dataset):
    easy = toy_source(TOY, train=4, test=25, noise=20.0)
    assert easy.test is not None
    shifted = replace(easy, test=replace(easy.test, labels=(easy.test.labels + 1) % 4))
    right, wrong = (evaluate(dataset, one, count=1, recipe=replace(RECIPE, epochs=20)).mean for one in (easy, shifted))
    assert right > 0.9
    assert right + wrong <= 1
    assert wrong < 0.1


def test_each_network_starts_from_weights_of_its_own(source):
    untrained = evaluate(file_of(source, replace(RECIPE, learning_rate=1e-12, epochs=1)), source, count=4)
    assert len(set(untrained.accuracies)) > 1
    assert untrained.mean < 0.6


def test_the_recipe_is_the_files_but_for_what_is_asked(dataset, source):
    heard: list[tuple[int, int]] = []
    asked = replace(RECIPE, epochs=3, network=NetworkSpec(depth=2, width=3))
    found = evaluate(dataset, source, 2, recipe=asked, progress=lambda *done: heard.append(done), keep_networks=True)
    assert found.recipe == asked
    assert [len(flatten(network)) for network in found.networks] == [len(flatten(build(asked.network, TOY, 0)))] * 2
    assert heard == [(number, epoch) for number in (0, 1) for epoch in (1, 2, 3)]
    assert evaluate(dataset, source, 1).recipe == RECIPE


def test_networks_are_kept_where_asked_and_are_those_that_were_tested(dataset, source):
    found = evaluate(dataset, source, count=2, seed=4, keep_networks=True)
    real = normalize(source.test.images, dataset.normalization)
    shares = [float((network(real).argmax(dim=1) == source.test.labels).float().mean()) for network in found.networks]
    assert shares == pytest.approx(found.accuracies)
    assert found == evaluate(dataset, source, count=2, seed=4)
    assert evaluate(dataset, source, count=1).networks == ()


def test_networks_trained_at_once_are_those_trained_one_after_another(dataset, source):
    heard: list[tuple[int, int]] = []
    two = Compute(networks_at_once=2)
    together = evaluate(dataset, source, 3, two, seed=4, keep_networks=True, progress=lambda *done: heard.append(done))
    alone = evaluate(dataset, source, 3, seed=4, keep_networks=True)
    for found, wanted in zip(together.networks, alone.networks, strict=True):
        torch.testing.assert_close(flatten(found), flatten(wanted), rtol=1e-4, atol=1e-5)
    # Rounding may turn an image that lies between two classes.
    assert together.accuracies == pytest.approx(alone.accuracies, abs=0.011)
    assert heard == [(number, epoch) for group in ((0, 1), (2,)) for epoch in (1, 2, 3, 4) for number in group]


def test_another_architecture_is_trained_by_the_same_recipe(dataset, source):
    asked = replace(RECIPE, epochs=2, network=FIXED["alexnet"])
    found = evaluate(dataset, source, 1, recipe=asked, keep_networks=True)
    assert found.recipe == replace(RECIPE, epochs=2, network=NetworkSpec("alexnet", 6, 128))
    assert isinstance(found.networks[0], AlexNet)
    with pytest.raises(InvalidSetting, match="alexnet has depth 6"):
        evaluate(dataset, source, 1, recipe=replace(RECIPE, network=NetworkSpec("alexnet")))


@pytest.mark.parametrize("other", [Geometry(3, 1, 8, 8), Geometry(4, 2, 8, 8), Geometry(4, 1, 9, 8)])
def test_a_source_of_other_images_is_refused(dataset, other):
    with pytest.raises(InvalidSource, match=r"4 classes of 1 x 8 x 8.*evaluate on the source"):
        evaluate(dataset, toy_source(other), 1)


def renamed(source: Source, *classes: str) -> Source:
    """The same classes in this order: labels move with the names."""
    order = torch.tensor([classes.index(name) for name in source.classes])
    train, test = (replace(split, labels=order[split.labels]) for split in (source.train, source.test))
    return replace(source, classes=classes, train=train, test=test)


def test_labels_go_by_the_names_of_the_classes(dataset, source):
    """torchxrayvision#130, deit#130: the same images with the classes in another order gave 0 %, without a word."""
    wanted = evaluate(dataset, source, 2)
    assert wanted.mean > 0.3
    assert evaluate(dataset, renamed(source, *source.classes[::-1]), 2).accuracies == wanted.accuracies
    # Numbers alone name nothing, so that they may differ.
    assert evaluate(dataset, replace(source, classes=("0", "1", "2", "3")), 2).accuracies == wanted.accuracies


def test_other_class_names_are_refused_by_name(dataset, source):
    other = replace(source, classes=("class 0", "class 1", "horse", "ship"))
    message = r"only the file has 'class 2', 'class 3' and only toy has 'horse', 'ship'"
    with pytest.raises(InvalidSetting, match=message):
        evaluate(dataset, other, 1)


def test_a_source_without_a_test_set_is_refused(dataset):
    with pytest.raises(InvalidSource, match="toy has no test set"):
        evaluate(dataset, toy_source(TOY, test=None), 1)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"recipe": replace(RECIPE, epochs=0)}])
def test_nothing_to_train_is_refused(dataset, source, wrong):
    with pytest.raises(InvalidSetting, match="at least 1"):
        evaluate(dataset, source, **wrong)
