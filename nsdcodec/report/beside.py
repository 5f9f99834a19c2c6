"""What stands beside a file and says more of it: the log of its encode, and evaluations."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsdcodec.errors import FileAccess, InvalidSetting

MOST_POINTS = 400  # of a curve that is drawn 500 pixels wide
LOG_SUFFIX = ".log.jsonl"


@dataclass(frozen=True)
class Log:
    """Of an encode: (iteration, loss) and (iteration, accuracy on held-out images), and what is to be said of them."""

    steps: tuple[tuple[int, float], ...]
    checks: tuple[tuple[int, float], ...]
    note: str


@dataclass(frozen=True)
class Beside:
    """`evaluations` are documents of `nsdc eval --json` about this file, and `published` figures for its data set: each
    has `method`, `bits` a class, `accuracy` from 0 to 1, and `origin`, the paper."""

    log: Log | None = None
    evaluations: tuple[dict[str, Any], ...] = ()
    published: tuple[dict[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """As plain JSON values, for the page."""
        log = None if self.log is None else {"steps": self.log.steps, "checks": self.log.checks, "note": self.log.note}
        return {"log": log, "evaluations": self.evaluations, "published": self.published}


def log_path(file: Path) -> Path:
    """Where `nsdc encode` writes the log of a file."""
    return file.with_name(file.name + LOG_SUFFIX)


def read_log(path: Path) -> Log | None:
    """The log of an encode; None where there is none, or nothing in it. A line that is no JSON, such as the last of a
    run that was killed, is left out. Raises FileAccess."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise FileAccess(f"cannot read the log {path}: {error}; move it away to leave it out") from error
    events = [event for line in lines if (event := _event(line)) is not None]
    steps = _points(events, "step", "loss")
    checks = _points(events, "check", "accuracy")
    if not steps and not checks:
        return None
    return Log(_thinned(steps), checks, _note(events, steps, checks))


def _event(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _points(events: Sequence[dict[str, Any]], name: str, value: str) -> tuple[tuple[int, float], ...]:
    """By iteration: what a resumed run did again counts in its last form."""
    points: dict[int, float] = {}
    for event in events:
        iteration, number = event.get("iteration"), event.get(value)
        if event.get("event") != name or not isinstance(iteration, int) or not isinstance(number, int | float):
            continue
        if math.isfinite(number):
            points[iteration] = float(number)
    return tuple(sorted(points.items()))


def _thinned(points: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
    """At most MOST_POINTS: means of as many stretches of equal length."""
    if len(points) <= MOST_POINTS:
        return points
    edges = [round(i * len(points) / MOST_POINTS) for i in range(MOST_POINTS + 1)]
    stretches = [points[start:end] for start, end in itertools.pairwise(edges)]
    return tuple((part[len(part) // 2][0], math.fsum(loss for _, loss in part) / len(part)) for part in stretches)


def _note(
    events: Sequence[dict[str, Any]], steps: tuple[tuple[int, float], ...], checks: tuple[tuple[int, float], ...]
) -> str:
    last = max(points[-1][0] for points in (steps, checks) if points)
    settings = [event["settings"] for event in events if isinstance(event.get("settings"), dict)]
    named = settings[0].get("objective.name") if settings else None
    seconds = [event["seconds"] for event in events if isinstance(event.get("seconds"), int | float)]
    of = f" of the objective {named}" if isinstance(named, str) else ""
    parts = [f"{last:,} iteration{'s' * (last != 1)}{of}"]
    if seconds:
        parts.append(f"{max(seconds):,.0f} seconds")
    if checks:
        best = f"{100 * max(accuracy for _, accuracy in checks):.1f} % of held-out images are classified right"
        parts.append(best + (f" at the best of {len(checks):,} checks" if len(checks) > 1 else " at the one check"))
    return "; ".join(parts) + "."


# What the page shows of an evaluation, and its types.
_FIELDS: dict[str, type] = {
    "net": str,
    "mean": float,
    "deviation": float,
    "networks": int,
    "source": str,
    "test_images": int,
}


def read_evaluations(path: Path, nbytes: int) -> tuple[dict[str, Any], ...]:
    """What `nsdc eval --json` printed of a file of so many bytes; of other files in it, nothing. Raises FileAccess,
    and InvalidSetting for another document, or one without this file."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        found = [
            (int(one["bytes"]), {name: kind(one[name]) for name, kind in _FIELDS.items()})
            for one in (document if isinstance(document, list) else [document])
        ]
    except OSError as error:
        raise FileAccess(f"cannot read {path}: {error.strerror or error}; write it by `nsdc eval --json`") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidSetting(f"--eval {path}: not what `nsdc eval --json` prints ({error!r:.200})") from error
    kept = tuple(one for size, one in found if size == nbytes)
    if not kept:
        sizes = ", ".join(f"{size:,}" for size in sorted({size for size, _ in found})) or "no file"
        raise InvalidSetting(f"--eval {path}: about files of {sizes} bytes; this one has {nbytes:,}: evaluate this one")
    return kept
