"""The targets of loading, each with its measured figure. After `rounds`.

They were set for two CPU cores, images of 3 x 32 x 32 and batches of 256.
"""

from __future__ import annotations

from dataclasses import dataclass

from loading_bench.rounds import Rates, ratio
from measurement.verdict import Verdict

# The file whose start is judged is one of IPC 1 of CIFAR-10, about this many bytes.
SMALL_FILE = 1 << 16
FIRST_BATCH_SECONDS = 0.005
IMPORT_SECONDS = 0.1


@dataclass(frozen=True)
class SpeedTarget:
    """`ours` is at least `least` times as fast as the fastest of `others`."""

    ours: str
    others: tuple[str, ...]
    least: float


SPEED_TARGETS = (
    SpeedTarget("loader-cached", ("indexing",), 0.95),
    SpeedTarget("loader-cached", ("tensordataset",), 3.0),
    SpeedTarget("loader", ("tensordataset",), 1.0),
    SpeedTarget("loader", ("imagefolder", "imagefolder-workers"), 20.0),
    SpeedTarget("dataloader-cached", ("tensordataset",), 0.9),
)


def compared(set_name: str, rates: Rates) -> list[Verdict]:
    """The comparisons on one set."""
    verdicts = []
    for comparison in SPEED_TARGETS:
        found = ratio(rates, comparison.ours, comparison.others)
        verdicts.append(
            Verdict(
                f"{comparison.ours} against {' or '.join(comparison.others)}",
                set_name,
                f">= {comparison.least:g} x",
                None if found is None else f"{found:.3g} x",
                None if found is None else found >= comparison.least,
            )
        )
    return verdicts


def started(set_name: str, nbytes: int, first_batch: float | None) -> list[Verdict]:
    """Opening, checking and the first batch of a small file; nothing of a larger one."""
    if nbytes > SMALL_FILE:
        return []
    target = f"loader: open, check, first batch of {nbytes:,} bytes"
    return [_within(target, set_name, FIRST_BATCH_SECONDS, first_batch)]


def imported(seconds: float) -> Verdict:
    return _within("import nsdcodec", "", IMPORT_SECONDS, seconds)


def _within(target: str, set_name: str, most: float, seconds: float | None) -> Verdict:
    measured = None if seconds is None else f"{1000 * seconds:.3g} ms"
    return Verdict(target, set_name, f"< {1000 * most:g} ms", measured, None if seconds is None else seconds < most)
