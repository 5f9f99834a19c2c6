"""Coresets: herding against a loop over every candidate, forgetting against histories written by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from contexts import CPU, double_context, real_data, seeded, toy_source
from torch import Tensor

from nsdcodec.encoding.coresets import KINDS, Coreset, forgotten, herd, ranking
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks, training
from nsdcodec.learning.batches import InMemory
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.real import RealData
from nsdcodec.sources.base import Split
from nsdcodec.system.randomness import seed_of, stream

TOY = Geometry(3, 2, 8, 8)
QUICK = Coreset(epochs=3, batch_size=8, learning_rate=0.05)


def toy_context(seed: int = 5, per_class: tuple[int, ...] = (9, 4, 6), noise: float = 120.0) -> Context:
    """Classes of different sizes, mixed, and hard enough that not all is learned at once."""
    split = toy_source(TOY, max(per_class), noise=noise).train
    kept = torch.cat([(split.labels == label).nonzero()[:n, 0] for label, n in enumerate(per_class)])
    kept = kept[torch.randperm(len(kept), generator=seeded(3))]
    normalization = toy_source(TOY).normalization
    real = RealData(Split(split.images[kept], split.labels[kept]), TOY.classes, normalization, CPU)
    return Context(**(vars(double_context(TOY)) | {"real": real, "seed": seed}))


class TestHerding:
    @pytest.mark.parametrize("offset", [0.0, 1e4])
    def test_each_row_brings_the_mean_nearest_among_all_that_are_left(self, offset):
        features = torch.randn(11, 3, generator=seeded(1), dtype=torch.float64) + offset
        rows = features.tolist()
        mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        chosen: list[int] = []
        while len(chosen) < len(rows):
            distances = {}
            for i in set(range(len(rows))) - set(chosen):
                held = [rows[j] for j in [*chosen, i]]
                centre = [sum(column) / len(held) for column in zip(*held, strict=True)]
                distances[i] = sum((x - y) ** 2 for x, y in zip(centre, mean, strict=True))
            chosen.append(min(distances, key=lambda i: distances[i]))
        assert herd(features, 11).tolist() == chosen
        assert herd(features, 4).tolist() == chosen[:4]

    def test_two_clusters_are_taken_in_turn(self):
        cluster = torch.tensor([0, 1]).repeat(20)
        centres = torch.tensor([[-5.0, 0.0], [5.0, 0.0]])
        features = centres[cluster] + 0.1 * torch.randn(40, 2, generator=seeded(2))
        picked = cluster[herd(features, 12)].tolist()
        assert all(sum(picked[:even]) == even / 2 for even in range(2, 13, 2))

    def test_no_row_is_taken_twice_even_where_rows_are_equal(self):
        assert sorted(herd(torch.ones(5, 2), 9).tolist()) == [0, 1, 2, 3, 4]

    def test_it_ranks_by_the_embedding_of_a_network_trained_on_the_real_images(self):
        made = toy_context()
        spec = NetworkSpec(depth=1, width=5)
        network = networks.build(spec, TOY, seed_of(5, "network", "herding"))
        images, labels = made.real.take(torch.arange(len(made.real)))
        optimizer = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9, weight_decay=5e-4)
        generator = stream(5, "herding")
        for epoch in range(3):
            for index in torch.randperm(19, generator=generator).split(8):
                optimizer.zero_grad()
                F.cross_entropy(network(images[index]), labels[index]).backward()
                optimizer.step()
            optimizer.param_groups[0]["lr"] = 0.05 if epoch < 1 else 0.005
        embedded = network.embed(images).detach()
        found = ranking("herding", made, 2, replace(QUICK, width=5))
        for label, chosen in enumerate(found):
            members = embedded[labels == label].double()
            first = (members - members.mean(dim=0)).norm(dim=1).argmin()
            pairs = [(members[first] + other) / 2 - members.mean(dim=0) for other in members]
            pairs[int(first)] = torch.full_like(pairs[0], torch.inf)
            second = torch.stack(pairs).norm(dim=1).argmin()
            places = (labels == label).nonzero()[:, 0]
            assert chosen.tolist() == places[[int(first), int(second)]].tolist()


def history(*images: str) -> Tensor:
    """bool [epochs, n] of a text an image: R for right, w for wrong."""
    return torch.tensor([[letter == "R" for letter in image] for image in images]).T


class TestForgetting:
    def test_it_counts_how_often_right_turns_to_wrong(self):
        right = history("RRRRR", "wRRRR", "RwRwR", "wRwRw", "Rwwww", "RRRRw", "wwwwR", "wwwww")
        assert forgotten(right).tolist() == [0, 0, 2, 2, 1, 1, 0, 5]

    def test_never_learned_is_above_every_other_count(self):
        for epochs in range(1, 8):
            most = int(forgotten(history(("Rw" * epochs)[:epochs], "w" * epochs)).diff())
            assert most > 0

    def test_the_most_forgotten_come_first_and_the_seed_breaks_ties(self, monkeypatch):
        made = toy_context()
        letters = {0: "RwRw", 1: "RRRR", 2: "wwww", 3: "Rwww"}
        kind = torch.arange(19) % 4
        texts = [letters[int(k)] for k in kind]
        epochs = iter(list(history(*texts)) * 3)
        monkeypatch.setattr("nsdcodec.encoding.coresets._right", lambda context, network: next(epochs))
        first, again, other = (
            ranking("forgetting", Context(**(vars(made) | {"seed": seed})), 99, replace(QUICK, epochs=4))
            for seed in (1, 1, 2)
        )
        score = {0: 2, 1: 0, 2: 4, 3: 1}
        for chosen in (*first, *other):
            scores = [score[int(kind[i])] for i in chosen]
            assert scores == sorted(scores, reverse=True)
        assert [part.tolist() for part in first] == [part.tolist() for part in again]
        assert [part.tolist() for part in first] != [part.tolist() for part in other]

    def test_it_tests_every_real_image_after_each_epoch(self, monkeypatch):
        made = toy_context(noise=40.0)
        seen: list[Tensor] = []
        monkeypatch.setattr(
            "nsdcodec.encoding.coresets.forgotten", lambda right: seen.append(right) or forgotten(right)
        )
        ranking("forgetting", made, 1, QUICK)
        network = networks.build(made.network, TOY, seed_of(5, "network", "forgetting"))
        images, labels = made.real.take(torch.arange(19))
        recipe = training.TrainingRecipe(0.05, 0.9, 5e-4, 8, 3, "none", made.network)
        wanted: list[list[bool]] = []
        training.train_on(
            [network], InMemory(images, labels), recipe, [stream(5, "forgetting")],
            after_epoch=lambda epoch: wanted.append((network(images).argmax(dim=1) == labels).tolist()),
        )  # fmt: skip
        assert seen[0].tolist() == wanted
        assert wanted[0] != wanted[2]


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_every_class_has_its_own_images_and_no_more_than_asked_for(self, kind):
        made = toy_context()
        for most, sizes in ((5, [5, 4, 5]), (1, [1, 1, 1]), (50, [9, 4, 6])):
            found = ranking(kind, made, most, QUICK)
            assert [len(chosen) for chosen in found] == sizes
            for label, chosen in enumerate(found):
                assert chosen.dtype == torch.int64
                assert len(set(chosen.tolist())) == len(chosen)
                assert (made.real.labels[chosen] == label).all()

    def test_a_longer_ranking_begins_with_the_shorter(self, kind):
        short, long = (ranking(kind, toy_context(), most, QUICK) for most in (2, 6))
        assert all(torch.equal(one, other[:2]) for one, other in zip(short, long, strict=True))

    def test_the_seed_decides_and_nothing_else(self, kind):
        rankings = []
        for seed in (1, 1, 2):
            torch.manual_seed(len(rankings))  # the global generator is nobody's business
            rankings.append([chosen.tolist() for chosen in ranking(kind, toy_context(seed), 6, QUICK)])
        assert rankings[0] == rankings[1] != rankings[2]

    def test_its_training_is_told(self, kind):
        heard: list[tuple[str, float]] = []
        made = Context(**(vars(toy_context()) | {"on_prepare": lambda text, done: heard.append((text, done))}))
        ranking(kind, made, 1, QUICK)
        assert [text for text, _ in heard] == [f"{kind}, epoch {epoch} of 3" for epoch in (1, 2, 3)]
        assert [done for _, done in heard] == pytest.approx([1 / 3, 2 / 3, 1])
        assert all(before < after for (_, before), (_, after) in pairwise(heard))

    def test_bfloat16_ranks_too(self, kind):
        made = Context(**(vars(toy_context()) | {"compute": Compute(precision="bfloat16")}))
        assert [len(chosen) for chosen in ranking(kind, made, 3, QUICK)] == [3, 3, 3]


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(UnknownName, match="unknown coreset 'herdin': did you mean 'herding'"):
        ranking("herdin", toy_context(), 1)
    with pytest.raises(InvalidSetting, match="0 images a class asked for; at least 1"):
        ranking("herding", toy_context(), 0)
    for wrong in ({"epochs": 0}, {"batch_size": 0}, {"width": 0}, {"learning_rate": 0.0}):
        with pytest.raises(InvalidSetting, match=next(iter(wrong))):
            Coreset(**wrong)


def test_ranked_images_follow_the_ranking_of_their_class_and_begin_again_at_its_end():
    real = real_data(toy_source(TOY, 4))  # places 0 to 3 are of class 0, and so on
    labels = torch.tensor([2, 0, 0, 2, 0, 1, 0])
    chosen = [torch.tensor([3, 1]), torch.tensor([5]), torch.tensor([8, 11, 9])]
    wanted, _ = real.take(torch.tensor([8, 3, 1, 11, 3, 5, 1]))
    assert torch.equal(real.ranked(labels, chosen), wanted)
