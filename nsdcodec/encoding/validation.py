"""Judge the set of a run on real training images that are held out, and keep the best so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor

from nsdcodec.encoding.fitting import fitted
from nsdcodec.encoding.rounding import rounded
from nsdcodec.encoding.run import UNCHECKED, Run
from nsdcodec.errors import Diverged, Interrupted
from nsdcodec.format import synthesis
from nsdcodec.format.recipe import TrainingRecipe
from nsdcodec.learning import networks, training
from nsdcodec.learning.base import Network
from nsdcodec.learning.batches import InMemory
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.real import normalized
from nsdcodec.system.devices import on_device
from nsdcodec.system.randomness import seed_of, stream

# How many epochs and batches of tests are timed to foresee what a check takes.
TIMED = 4


@dataclass(frozen=True)
class _Examination:
    """A new network, and what it learns from: the set as it would be stored, arrays and images."""

    stored: dict[str, Tensor]
    images: Tensor
    labels: Tensor
    network: Network
    recipe: TrainingRecipe
    compute: Compute

    @classmethod
    def of(cls, run: Run) -> _Examination:
        settings, device = run.task.settings, run.compute.device
        stored = _stored(run)
        with torch.no_grad():
            images, labels = run.images(stored), synthesis.labels(run.layout, stored, device)
        recipe = replace(
            settings.training,
            learning_rate=learned_rate(run) or settings.training.learning_rate,
            epochs=settings.validation.epochs,
            network=networks.widened(settings.network, settings.validation.width),
        )
        seed = seed_of(run.task.seed, "validation")
        network = networks.moved(networks.build(recipe.network, run.context.geometry, seed), device)
        return cls(stored, images, labels, network, recipe, run.compute.at_once(run.memory.validated_at_once))

    def learn(self, seed: int, epochs: int, after_epoch: Callable[[int], None]) -> None:
        recipe = replace(self.recipe, epochs=epochs)
        examples, generator = InMemory(self.images, self.labels), stream(seed, "validation")
        training.train_on([self.network], examples, recipe, [generator], self.compute, after_epoch=after_epoch)


def validate(run: Run) -> None:
    """Fits the set to its budget, trains a network on it as it would be stored, tests that on held-out images, and
    keeps the set if it is best. Raises Interrupted where the run is to stop, and keeps nothing."""
    started = time.monotonic()
    fit(run)
    tell = partial(run.reporter.tell, run.iteration, run.layout.images)
    examination = _Examination.of(run)
    tell(phase="validating")

    def after_epoch(epoch: int) -> None:
        if run.stop.is_set():
            raise Interrupted
        tell(phase=f"validating, epoch {epoch + 1} of {examination.recipe.epochs}")

    with run.reporter.clock.spending("checking"):
        examination.learn(run.task.seed, examination.recipe.epochs, after_epoch)
        device = run.compute.device
        real = normalized(run.held_out, run.context.real.normalization, device, run.memory.real_bytes)
        labels = on_device(run.held_out.labels, device)
        accuracy = training.accuracy(examination.network, real, labels, examination.compute)
    # A value may overflow its stored type; chance alone is right on a tenth, and no file can hold it.
    if accuracy >= run.best_accuracy and _finite(examination):
        _keep(run, accuracy)
    clock = run.reporter.clock
    clock.accuracy = accuracy
    clock.check_seconds = time.monotonic() - started
    seconds = round(clock.seconds, 3)
    rate = learned_rate(run)
    known = {"accuracy": accuracy, "seconds": seconds, "student_rate": rate, "coarseness": run.coarseness}
    run.reporter.log.event("check", iteration=run.iteration, **known)
    tell()


def fit(run: Run) -> None:
    """Sets the coarseness by which the file of the set as it is now takes just the bytes of the budget."""
    arrays = {role: values.detach() for role, values in run.arrays.items()}
    rate = learned_rate(run)
    run.coarseness = fitted(run.task, run.compute, run.layout, arrays, run.coarseness, run.iteration, rate)


def keep_unchecked(run: Run) -> None:
    """The set as it is now, where there was no time to judge any. Raises Diverged where no file can hold it."""
    fit(run)
    examination = _Examination.of(run)
    if not _finite(examination):
        raise Diverged(
            f"at iteration {run.iteration}, before any check, the set has values that its stored type cannot hold; "
            f"lower the rate: --set optimizer.learning_rate={run.task.settings.optimizer.learning_rate / 4:g}"
        )
    _keep(run, None)


def forecast(run: Run) -> float:
    """Seconds that `validate` will take, by the shortest of TIMED epochs and of as many batches of tests: what else the
    machine does in a moment, or what a first one takes longer, must not leave a run without checks."""
    examination, epochs, batches = _Examination.of(run), [time.monotonic()], list[float]()
    with run.reporter.clock.spending("checking"):
        examination.learn(run.task.seed, TIMED, lambda epoch: epochs.append(time.monotonic()))
        some = min(training.TESTED, len(run.held_out.labels))
        device = run.compute.device
        real = normalized(run.held_out, run.context.real.normalization, device, run.memory.real_bytes)
        labels = on_device(run.held_out.labels[:some], device)
        batches.append(time.monotonic())
        for _ in range(TIMED):
            training.accuracy(examination.network, real[:some], labels, examination.compute)
            batches.append(time.monotonic())
    testing = _shortest(batches) * len(run.held_out.labels) / some
    return _shortest(epochs) * examination.recipe.epochs + testing


def _shortest(ends: list[float]) -> float:
    return min(end - start for start, end in pairwise(ends))


def learned_rate(run: Run) -> float | None:
    return run.draws.objective.learned_rate(run.draws.state)


def _keep(run: Run, accuracy: float | None) -> None:
    run.best = {role: values.detach().clone() for role, values in run.arrays.items()}
    run.best_accuracy = UNCHECKED if accuracy is None else accuracy
    run.best_iteration, run.best_rate, run.best_coarseness = run.iteration, learned_rate(run), run.coarseness


def _finite(examination: _Examination) -> bool:
    # In parts, since the answer for all images takes more memory than they do.
    arrays = (examination.images, *examination.stored.values())
    return all(bool(part.isfinite().all()) for values in arrays for part in values.split(1024))


def _stored(run: Run) -> dict[str, Tensor]:
    """The arrays rounded to their stored types: floats as float32, masks as bool."""
    arrays = {role: values.detach() for role, values in run.arrays.items()}
    return rounded(arrays, run.layout, run.coarseness)
