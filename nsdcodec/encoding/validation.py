"""Judge the set of a run on real training images that are held out, and keep the best so far."""

from __future__ import annotations

import time
from dataclasses import replace

import torch
from torch import Tensor

from nsdcodec.encoding.rounding import rounded
from nsdcodec.encoding.run import Run
from nsdcodec.format import synthesis
from nsdcodec.learning import networks, training
from nsdcodec.learning.real import normalized
from nsdcodec.system.randomness import seed_of, stream


def validate(run: Run) -> None:
    """Trains a network on the set as it would be stored, tests it on held-out images, keeps the set if it is best."""
    started = time.monotonic()
    run.reporter.tell(run.iteration, run.layout.images, phase="validating")
    settings, device, seed = run.task.settings, run.compute.device, run.task.seed
    stored = _stored(run)
    with torch.no_grad():
        images, labels = run.images(stored), synthesis.labels(run.layout, stored, device)
    rate = run.draws.objective.learned_rate(run.draws.state)
    recipe = replace(
        settings.training,
        learning_rate=rate or settings.training.learning_rate,
        epochs=settings.validation.epochs,
        network=networks.widened(settings.network, settings.validation.width),
    )
    compute = run.compute.at_once(run.memory.validated_at_once)
    network = networks.build(recipe.network, run.context.geometry, seed_of(seed, "validation")).to(device)
    training.train(network, images, labels, recipe, stream(seed, "validation"), compute)
    real = normalized(run.held_out, run.context.real.normalization, device, run.memory.real_bytes)
    accuracy = training.accuracy(network, real, run.held_out.labels.to(device), compute)
    # A value may overflow its stored type; chance alone is right on a tenth, and no file can hold it.
    # In parts, since the answer for all images takes more memory than they do.
    finite = all(bool(part.isfinite().all()) for values in (images, *stored.values()) for part in values.split(1024))
    if accuracy >= run.best_accuracy and finite:
        run.best_accuracy, run.best, run.best_iteration, run.best_rate = accuracy, stored, run.iteration, rate
    clock = run.reporter.clock
    clock.accuracy = accuracy
    clock.check_seconds = time.monotonic() - started
    seconds = round(clock.seconds, 3)
    run.reporter.log.event("check", iteration=run.iteration, accuracy=accuracy, seconds=seconds, student_rate=rate)
    run.reporter.tell(run.iteration, run.layout.images)


def _stored(run: Run) -> dict[str, Tensor]:
    """Copies of the arrays, rounded to their stored types: floats as float32, masks as bool."""
    specs = run.layout.arrays
    return {role: rounded(values.detach().clone(), specs[role]) for role, values in run.arrays.items()}
