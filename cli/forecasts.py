"""What is foretold: what `nsdc encode --plan` prints, and the minutes that `nsdc eval` will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from . import output

if TYPE_CHECKING:
    from nsdcodec.encoding.budget import Budget
    from nsdcodec.encoding.forecast import Forecast, Times


def report(told: Forecast, budget: Budget, json: bool) -> None:
    layout = told.layout
    arrays = {role: f"{spec.dtype} {'x'.join(map(str, spec.shape))}" for role, spec in layout.arrays.items()}
    if json:
        output.print_json(
            {
                "arrays": arrays,
                "elements": layout.elements,
                "bytes": told.file_bytes,
                "most_bytes": told.most_bytes,
                "images": layout.images,
                "missing_experts": told.missing_experts,
                "times": None if told.times is None else asdict(told.times),
            }
        )
        return
    elements = f"{layout.elements:,}" + ("" if budget.elements is None else f" of at most {budget.elements:,}")
    most = "" if budget.file_bytes is None else f"; the budget is {budget.file_bytes:,}"
    output.print_pairs(
        [
            ("images", f"{layout.images:,} of {layout.geometry}"),
            ("arrays", "; ".join(f"{role} {text}" for role, text in arrays.items())),
            ("elements", elements),
            ("file", f"about {told.file_bytes:,} bytes, at most {told.most_bytes:,}{most}"),
            *(_missing(told.missing_experts) if told.times is None else _times(told.times)),
            ("written", "nothing"),
        ]
    )


def _missing(experts: int) -> list[tuple[str, str]]:
    return [
        (
            "time",
            f"not known before the {experts:,} experts that are missing are trained, which encode does first; `nsdc "
            "experts` trains them alone",
        )
    ]


def _times(times: Times) -> list[tuple[str, str]]:
    parts = {
        "preparing": times.preparing,
        "iterating": times.iterations * times.iteration,
        "checking": times.checks * times.check,
    }
    rows = [
        ("memory", f"{times.memory / 1e6:,.0f} MB after the timed iterations"),
        ("iterations", f"{times.iterations:,}, {times.iteration:.3g} s each"),
        ("checks", f"{times.checks}" + (f", {times.check:.3g} s each" if times.checks else "")),
        (
            "time",
            f"{output.duration(times.seconds)}: "
            + ", ".join(f"{output.duration(seconds)} {name}" for name, seconds in parts.items()),
        ),
    ]
    return rows + [("note", note) for note in times.notes]


class Warned:
    """Says on stderr, once and soon, how long training takes where that is longer than LONG, and with how many epochs
    it would take MINUTES. It is called with what was learned so far of `total` images, all `networks` and epochs
    counted; `an_epoch` has those of one epoch of all networks."""

    LONG, MINUTES, MEASURED_SECONDS = 1200.0, 10, 5.0

    def __init__(self, total: int, an_epoch: int, networks: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total, self.an_epoch, self.networks, self.clock = total, an_epoch, networks, clock
        self.first: tuple[float, int] | None = None
        self.done = False

    def __call__(self, seen: int) -> None:
        # The first epoch takes longer than others.
        self.first = self.first or (self.clock(), seen)
        passed = self.clock() - self.first[0]
        if self.done or passed < self.MEASURED_SECONDS or seen == self.first[1]:
            return
        self.done = True
        an_image = passed / (seen - self.first[1])
        if (seconds := an_image * self.total) < self.LONG:
            return
        epochs = max(1, int(60 * self.MINUTES / (an_image * self.an_epoch)))
        print(
            f"note: this takes about {output.duration(seconds)} here; --epochs {_one_digit(epochs)} takes some "
            f"{self.MINUTES} minutes, and may reach less"
            + ("; --networks 1 trains one network" if self.networks > 1 else ""),
            file=sys.stderr,
        )


def _one_digit(number: int) -> int:
    """Rounded down: 4,321 to 4,000."""
    unit: int = 10 ** (len(str(number)) - 1)
    return number // unit * unit
