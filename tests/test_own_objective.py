"""An objective of one's own is one class and one line in the registry: no other file of the package knows of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
import torch
import torch.nn.functional as F
from contexts import toy_source
from encodes import Encode
from torch import Tensor

pytest.importorskip("h5py")

from nsdcodec import NSDDataset
from nsdcodec.encoding import progress
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import Compute, Output, Task
from nsdcodec.encoding.objectives import OBJECTIVES
from nsdcodec.encoding.objectives.base import Context, Match, MemoryNeed, Objective, State
from nsdcodec.encoding.recipes import recipe
from nsdcodec.encoding.settings import for_geometry
from nsdcodec.errors import Interrupted, OverMemory
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import training
from nsdcodec.learning.base import Network
from nsdcodec.system.free_memory import resident_bytes


@dataclass
class MeansState(State):
    """`means` [at most `kept`, classes, C, H, W] are those of the last draws of real images."""

    means: Tensor = field(default_factory=lambda: torch.empty(0))

    def tensors(self) -> dict[str, Tensor]:
        return {"means": self.means}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.means = tensors["means"].to(self.context.device)


@dataclass(frozen=True)
class Means(Objective[MeansState]):
    """The mean of the images of a class should be the mean of real ones, `drawn` in each of the last `kept` iterations.
    All of it, as one file would hold it; it looks at no network."""

    name: ClassVar[str] = "means"

    drawn: int = 3
    kept: int = 4

    def prepare(self, context: Context) -> MeansState:
        size = context.geometry
        return MeansState(context, means=torch.empty(0, size.classes, size.channels, size.height, size.width))

    def loss(self, state: MeansState, images: Tensor, labels: Tensor, iteration: int) -> Match:
        real = state.context.real
        places = real.places_per_class(self.drawn, state.context.stream("means", iteration))
        drawn = real.take(places.flatten())[0].unflatten(0, places.shape).mean(dim=1)
        state.means = torch.cat([state.means.to(drawn.device), drawn[None]])[-self.kept :]
        weights = labels if labels.ndim == 2 else F.one_hot(labels, len(places)).to(images.dtype)
        ours = weights.T @ images.flatten(1) / weights.sum(dim=0)[:, None]
        return Match((ours - state.means.mean(dim=0).flatten(1)).square().sum())

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        nbytes = 4 * self.kept * geometry.classes * geometry.image_elements
        return MemoryNeed(bytes={"the kept means": nbytes}, remedies={"the kept means": "lower objective.kept"})


@pytest.mark.usefixtures("one_thread", "every_iteration_logged")
class TestAnObjectiveOfOnesOwn:
    """One class and one line: it is chosen by its name, encoded within a limit, and goes on bit for bit."""

    @pytest.fixture(autouse=True)
    def _registered(self, monkeypatch):
        monkeypatch.setitem(OBJECTIVES, "means", Means)
        # Ties, so that the arrays of the last iteration are the file's.
        monkeypatch.setattr(training, "accuracy", lambda *_: 0.5)

    @pytest.fixture
    def tiny(self, tmp_path):
        def make(*pairs: str) -> Encode:
            source = toy_source(Geometry(3, 1, 8, 8), train=20)
            settings = for_geometry(recipe("cpu"), source.geometry, source.augmentation).with_names(None, "means")
            settings = settings.with_values(
                ["iterations=8", "network.width=8", "validation.width=8", "validation.epochs=1", *pairs]
            )
            task = Task(source, settings, Budget.of(source.geometry, 3))
            compute = Compute(memory=resident_bytes() + (1 << 30))
            return Encode(task, Output(tmp_path / "out.nsd", checkpoint_seconds=0.0), compute)

        return make

    @pytest.mark.parametrize(
        "pairs", [(), ("guidance.weight=0.1",), ("optimizer.draws=2",)], ids=["", "guided", "draws"]
    )
    @pytest.mark.parametrize("labels", ["hard", "soft"])
    def test_is_encoded_within_a_limit_and_goes_on_bit_for_bit(self, tiny, labels, pairs):
        made = tiny(f"parameterization.labels={labels}", "objective.drawn=2", *pairs)
        assert made.settings.objective == Means(drawn=2)
        whole = made.at("whole.nsd")
        result = whole.run()
        losses = [event["loss"] for event in whole.events("step")]
        assert (result.iterations, result.skipped) == (8, 0)
        assert losses[-1] < losses[0]
        # Under a limit, a plan that says how many images go together.
        assert whole.events("start")[0]["memory"]["images_at_once"] > 0
        with pytest.raises(Interrupted):
            made.run(_stop_at_half)
        assert NSDDataset(made.path).header.provenance["iterations"] < 8
        made.but(resume=True).run()
        assert 0 < made.events("start")[1]["iteration"] < 8
        assert [event["loss"] for event in made.events("step")] == losses
        assert made.path.read_bytes() == whole.path.read_bytes()

    def test_what_it_says_that_it_takes_is_planned_with(self, tiny):
        made = tiny("objective.kept=10000000")
        with pytest.raises(OverMemory, match=r"the kept means 7\.68GB, .*, or lower objective\.kept"):
            made.run()
        assert made.events() == []


def _stop_at_half(at: progress.Progress) -> None:
    if at.phase == "distilling" and at.loss is not None and at.done == 0.5:
        os.kill(os.getpid(), signal.SIGINT)
