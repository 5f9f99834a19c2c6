"""Robustness: accuracies on corrupted images, made here or published, of the networks that an evaluation kept."""

from __future__ import annotations

import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from contexts import toy_source
from torch import Tensor, nn

from nsdcodec.errors import InvalidSetting, InvalidSource, MissingData
from nsdcodec.evaluation.accuracy import Evaluation
from nsdcodec.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt, published
from nsdcodec.evaluation.robustness import Robustness, balanced, robustness
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import Normalization, TrainingRecipe
from nsdcodec.learning.base import Network
from nsdcodec.sources.base import Source, Split

TOY = Geometry(2, 1, 8, 8)
CIFAR = Geometry(10, 3, 32, 32)


class Mean(Network):
    """Says class 1 where the mean is above a level."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.classifier = nn.Linear(1, 2)
        self.level = level

    def embed(self, images: Tensor) -> Tensor:
        return images.mean(dim=(1, 2, 3))[:, None] - self.level

    def forward(self, images: Tensor) -> Tensor:
        embedded = self.embed(images)
        return torch.cat([-embedded, embedded], dim=1)


def evaluation(*levels: float) -> Evaluation:
    networks = tuple(Mean(level) for level in levels)
    return Evaluation(
        (0.5,) * len(levels), TrainingRecipe(), 4, Normalization((0.0,), (1.0,)), ("dark", "light"), networks
    )


@pytest.fixture
def source() -> Source:
    """Class 0 at grey 90, class 1 at grey 110."""
    images = torch.tensor([90, 90, 110, 110], dtype=torch.uint8)[:, None, None, None].expand(4, 1, 8, 8).clone()
    split = Split(images, torch.tensor([0, 0, 1, 1]))
    return Source("toy", ("dark", "light"), split, split, "none")


def test_each_network_is_tested_on_each_corruption_of_the_test_images(source):
    low, high = 100 / 255, 130 / 255
    first, second = robustness([evaluation(low, high), evaluation(high)], source, severities=(1, 4), seed=3)
    assert first.clean == (1.0, 0.5)
    assert second.clean == (0.5,)
    assert list(first.corrupted) == list(CORRUPTIONS)
    assert {severity for rows in first.corrupted.values() for severity in rows} == {1, 4}
    assert (first.images, first.published) == (4, False)
    # 0.05 is 13 levels: 103 and 123, of which both are above 100 and none above 130. 0.2 is 51: 141 and 161.
    assert first.corrupted["brightness"] == {1: (0.5, 0.5), 4: (0.5, 0.5)}
    for name in CORRUPTIONS:
        changed = corrupt(source.test.images, name, 4, 3).double().mean(dim=(1, 2, 3)) / 255
        wanted = tuple(float(((changed > level) == source.test.labels).double().mean()) for level in (low, high))
        assert first.corrupted[name][4] == wanted
        assert second.corrupted[name][4] == wanted[1:]


def test_the_labels_of_several_files_go_by_the_class_names_of_each(source):
    """As in deit#130: networks trained on files whose classes stand in another order."""
    turned = replace(evaluation(0.4), classes=("light", "dark"))
    found = robustness([evaluation(0.4), turned], source, severities=(1,))
    for name in CORRUPTIONS:
        assert found[0].of(name)[0] + found[1].of(name)[0] == 1
    assert found[0].clean[0] + found[1].clean[0] == 1


def test_means_are_over_severities_and_then_over_corruptions():
    rows = {"fog": {1: (0.1, 0.5), 3: (0.3, 0.7)}, "snow": {1: (0.4, 0.2), 3: (0.6, 0.4)}}
    found = Robustness((1.0, 1.0), rows, 4, False)
    assert found.of("fog") == pytest.approx((0.2, 0.6))
    assert found.average == pytest.approx((0.35, 0.45))
    assert found.means == pytest.approx({"clean": 1.0, "fog": 0.4, "snow": 0.4, "average": 0.4})
    assert list(found.means) == ["clean", "fog", "snow", "average"]
    assert statistics.fmean(found.average) == pytest.approx(np.mean([list(row.values()) for row in rows.values()]))


def test_progress_goes_from_nothing_to_near_the_end(source):
    heard: list[tuple[float, str]] = []
    robustness([evaluation(0.4)], source, severities=(1, 2), progress=lambda done, text: heard.append((done, text)))
    assert heard[0] == (0.0, "gaussian_noise, severity 1")
    assert heard[-1] == (29 / 30, "jpeg_compression, severity 2")
    assert heard == sorted(heard)


def test_balanced_takes_the_first_of_each_class_in_equal_numbers():
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 2, 1])
    split = Split(torch.arange(8, dtype=torch.uint8).view(8, 1, 1, 1), labels)
    assert balanced(split, 4, 3).images.flatten().tolist() == [0, 1, 4, 6]
    assert balanced(split, 6, 3).images.flatten().tolist() == [0, 1, 4, 5, 6]  # class 2 has only one
    assert balanced(split, None, 3) is split
    for wrong in (0, 9):
        with pytest.raises(InvalidSetting, match=r"of the test set; it has 1 to 8"):
            balanced(split, wrong, 3)


class TestPublished:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """One image a severity and class 0 or 1: dark at severity 1, bright from 2 on."""
        (tmp_path / "CIFAR-10-C").mkdir()
        images = np.full((10, 32, 32, 3), 200, np.uint8)
        images[:2] = 10
        for name in CORRUPTIONS:
            np.save(tmp_path / "CIFAR-10-C" / f"{name}.npy", images)
        np.save(tmp_path / "CIFAR-10-C" / "labels.npy", np.array([0, 1] * 5))
        return tmp_path

    def cifar(self) -> Source:
        return replace(toy_source(CIFAR, 1, 1), name="cifar10", classes=published.CLASSES)

    def colour(self, *levels: float, classes: tuple[str, ...] = published.CLASSES) -> Evaluation:
        return replace(evaluation(*levels), normalization=Normalization((0.0,) * 3, (1.0,) * 3), classes=classes)

    def test_the_files_and_their_labels_are_taken_for_cifar10(self, folder):
        evaluations = [self.colour(0.5)]
        (found,) = robustness(evaluations, self.cifar(), data_dir=folder)
        assert found.published
        assert found.corrupted["fog"] == dict.fromkeys(SEVERITIES, (0.5,))
        (one,) = robustness(evaluations, self.cifar(), severities=(1, 2), images=1, data_dir=folder)  # class 0 alone
        assert one.corrupted["snow"] == {1: (1.0,), 2: (0.0,)}

    def test_other_sources_have_theirs_made(self, folder):
        source = toy_source(CIFAR, 1, 1)
        (found,) = robustness([self.colour(0.5, classes=source.classes)], source, severities=(1,), data_dir=folder)
        assert not found.published

    def test_their_labels_go_by_cifar10s_own_class_names(self, folder):
        automobiles_first = ("automobile", "airplane", *published.CLASSES[2:])
        source = replace(self.cifar(), classes=automobiles_first)
        evaluations = [self.colour(0.1), self.colour(0.1, classes=automobiles_first)]  # all is light, but at severity 1
        ours, turned = robustness(evaluations, source, severities=(1, 2), images=1, data_dir=folder)
        # The one image is of class 0 of the source, an automobile: CIFAR-10's class 1.
        assert ours.corrupted["snow"] == {1: (0.0,), 2: (1.0,)}
        assert turned.corrupted["snow"] == {1: (1.0,), 2: (0.0,)}
        renamed = replace(self.cifar(), classes=("plane", *published.CLASSES[1:]))
        with pytest.raises(InvalidSetting, match=r"only CIFAR-10-C has 'airplane' and only cifar10 has 'plane'"):
            robustness(evaluations, renamed, data_dir=folder)

    def test_a_missing_or_wrong_file_is_told_before_any_test(self, folder):
        heard: list[str] = []
        (folder / "CIFAR-10-C" / "pixelate.npy").unlink()
        with pytest.raises(MissingData, match=r"pixelate\.npy is missing"):
            robustness([self.colour(0.5)], self.cifar(), data_dir=folder, progress=lambda _, text: heard.append(text))
        assert heard == []


@pytest.mark.parametrize("wrong", [(), (0,), (1, 6), (2, 2)])
def test_severities_that_are_none_are_refused(source, wrong):
    with pytest.raises(InvalidSetting, match=r"1 to 5|1, 2, 3, 4, 5"):
        robustness([evaluation(0.5)], source, severities=wrong)


def test_networks_and_a_test_set_are_needed(source):
    with pytest.raises(InvalidSetting, match="keep_networks"):
        robustness([replace(evaluation(0.5), networks=())], source)
    with pytest.raises(InvalidSource, match="no test set"):
        robustness([evaluation(0.5)], replace(source, test=None))
