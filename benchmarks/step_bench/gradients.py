"""How near each contender's gradient is to the exact one: the published loop in float64. After `process`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from step_bench.contenders import REFERENCE, contender
from step_bench.process import Process
from step_bench.work import Work, problem

# The work on which they are compared: in float64 it takes twice the memory, and several times the time.
IMAGES_A_CLASS, STEPS = 2, 2

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Nearness:
    """To the exact gradient of the coefficients: the relative distance |g - exact| / |exact|, and the cosine; to that
    of the student rate: the relative distance."""

    coefficients: float
    cosine: float
    rate: float


def small(work: Work) -> Work:
    """The same network with few images and steps."""
    return replace(work, images=min(work.images, IMAGES_A_CLASS * work.classes), steps=min(work.steps, STEPS))


def gradient(name: str, work: Work, device: str, exact: bool) -> Callable[[], tuple[Values, Values]]:
    """A function that gives the gradient of coefficients and rate, float64; computed so too where `exact`."""

    def compute() -> tuple[Values, Values]:
        chosen = contender(name)
        dtype = torch.float64 if exact else torch.float32
        made = problem(work, torch.device(device), chosen.precision, dtype)
        chosen.open(made)(0)
        coefficients, rate = (_numbers(leaf.grad) for leaf in made.leaves)
        return coefficients, rate

    return compute


def _numbers(grad: torch.Tensor | None) -> Values:
    assert grad is not None, "an iteration leaves its gradients"
    found: Values = grad.double().cpu().numpy()
    return found


def exact(work: Work, device: str, threads: int) -> tuple[Values, Values]:
    with Process(threads, gradient, REFERENCE, work, device, True) as process:
        return process.ask()


def nearness(name: str, work: Work, device: str, threads: int, wanted: tuple[Values, Values]) -> Nearness:
    """Raises Failed."""
    with Process(threads, gradient, name, work, device, False) as process:
        found = process.ask()
    return compared(found, wanted)


def compared(found: tuple[Values, Values], wanted: tuple[Values, Values]) -> Nearness:
    (coefficients, rate), (wanted_coefficients, wanted_rate) = found, wanted
    norms = np.linalg.norm(coefficients) * np.linalg.norm(wanted_coefficients)
    return Nearness(
        _distance(coefficients, wanted_coefficients),
        float((coefficients * wanted_coefficients).sum() / norms),
        _distance(rate, wanted_rate),
    )


def _distance(found: Any, wanted: Any) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
