"""Images a second and training steps, contenders in turn: noise of the machine hits all alike. After `contenders`.

Of each round every contender has one figure; what compares two of them is the median of the rounds' ratios.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from loading_bench.contenders import LabelledImages
from nsdcodec.learning.base import Network

Opened = Mapping[str, Iterable[LabelledImages]]
Rates = dict[str, list[float]]
Listener = Callable[[float, str], None]
FEWEST_ROUNDS, MOST_ROUNDS = 3, 15
FEWEST_STEPS, MOST_STEPS = 2, 10


@dataclass(frozen=True)
class StepTimes:
    """Seconds of a training step, medians: waiting for its batch, and the whole; `wait_share` is that of all steps."""

    wait: float
    whole: float
    wait_share: float


def laps(opened: Opened, rounds: int | None, seconds: float, lap: float, listen: Listener) -> Rates:
    """Images a second of each contender in each of `rounds`: in whole epochs, as many as `lap` seconds take, at least
    one. Rounds that are None are as many as `seconds` hold, from `FEWEST_ROUNDS` to `MOST_ROUNDS`. An epoch of each
    goes before, in which caches fill and workers start, and whose figures are dropped.
    """
    started = time.perf_counter()
    for name, batches in opened.items():
        listen(0.0, f"{name}: first epoch")
        _lap(batches, 0.0)
    if rounds is None:
        first = time.perf_counter() - started
        rounds = round(seconds / max(first, lap * len(opened))) - 1
        rounds = min(MOST_ROUNDS, max(FEWEST_ROUNDS, rounds))
    rates: Rates = {name: [] for name in opened}
    names = list(opened)
    for number in range(rounds):
        # Another one begins each time: who comes after a slow one finds caches of the processor cold.
        for place in range(len(names)):
            name = names[(place + number) % len(names)]
            listen((number + place / len(names)) / rounds, f"{name}: round {number + 1} of {rounds}")
            rates[name].append(_lap(opened[name], lap))
    return rates


def _lap(batches: Iterable[LabelledImages], seconds: float) -> float:
    served = 0
    started = time.perf_counter()
    while True:
        for _, labels in batches:
            served += len(labels)
        taken = time.perf_counter() - started
        if taken >= seconds:
            return served / taken


def ratio(rates: Rates, ours: str, others: tuple[str, ...]) -> float | None:
    """How many times as fast as the fastest of the others that were measured, round by round: the median; None where
    any side is missing."""
    found = [rates[name] for name in others if name in rates]
    if ours not in rates or not found:
        return None
    ratios: list[float] = [mine / max(theirs) for mine, *theirs in zip(rates[ours], *found, strict=True)]
    return statistics.median(ratios)


def steps(
    opened: Opened, network: Network, count: int | None, seconds: float, listen: Listener
) -> dict[str, StepTimes]:
    """`count` training steps with each contender, after one that is dropped; None is as many as `seconds` hold, from
    `FEWEST_STEPS` to `MOST_STEPS`. A step is of SGD: forward, backward, update, on the CPU."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    found = {}
    for place, (name, batches) in enumerate(opened.items()):
        listen(place / len(opened), f"{name}: training")
        endless = _endless(batches)
        _, first = _step(endless, network, optimizer)
        wanted = count or min(MOST_STEPS, max(FEWEST_STEPS, int(seconds / len(opened) / first) - 1))
        timed = [_step(endless, network, optimizer) for _ in range(wanted)]
        waits, wholes = zip(*timed, strict=True)
        found[name] = StepTimes(statistics.median(waits), statistics.median(wholes), sum(waits) / sum(wholes))
    return found


def _endless(batches: Iterable[LabelledImages]) -> Iterator[LabelledImages]:
    while True:
        yield from batches


def _step(batches: Iterator[LabelledImages], network: Network, optimizer: torch.optim.Optimizer) -> tuple[float, float]:
    """Seconds: waiting, and the whole."""
    started = time.perf_counter()
    images, labels = next(batches)
    waited = time.perf_counter()
    optimizer.zero_grad()
    F.cross_entropy(network(images), labels).backward()
    optimizer.step()
    return waited - started, time.perf_counter() - started
