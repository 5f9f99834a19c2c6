"""A day-long run in miniature: thousands of tiny iterations, without growth of memory or drift of time an iteration.

    python tests/soak/growth.py --iterations 2000 --objective mtt

Every iteration is logged and told of, and every few are validated and saved, as a run of a day does by the minute.
Memory is what the process has resident (Linux), less the first quarter of the run, in which allocators fill their
pools; time is the processor's, so that a busy machine does not matter. Exits with 1 where either grows.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from array import array
from dataclasses import dataclass
from pathlib import Path

import torch
from tiny import OBJECTIVES, run, tiny

from nsdcodec.encoding import progress
from nsdcodec.system.malloc import keep_freed_memory

# A leak of a kilobyte an iteration would be 1.5 MB in three quarters of 2,000; the heap itself takes some 0.3 MB to
# settle. Time differs by some percent with what else the caches hold.
MOST_GROWTH = 1 << 20
MOST_DRIFT = 0.15


@dataclass
class Watch:
    """Processor seconds and resident bytes after each iteration; a listener of `encode`."""

    seconds: array[float]
    resident: array[int]
    last: int = 0

    def __call__(self, at: progress.Progress) -> None:
        if at.phase != "distilling" or at.loss is None:
            return
        self.seconds[self.last] = time.process_time()
        self.resident[self.last] = resident_bytes()
        self.last += 1


@dataclass(frozen=True)
class Growth:
    """`memory` in bytes, of the last three quarters of a run; `drift` of the time an iteration, a share of it."""

    memory: int
    drift: float
    seconds: float
    resident: int

    @property
    def grows(self) -> bool:
        return self.memory > MOST_GROWTH or self.drift > MOST_DRIFT


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measured(objective: str, iterations: int) -> Growth:
    # Numbers in place, so that the watch itself does not grow.
    watch = Watch(array("d", [0.0]) * iterations, array("q", [0]) * iterations)
    with tempfile.TemporaryDirectory() as folder:
        run(*tiny(objective, Path(folder), iterations, max(1, iterations // 100), 1.0), watch)
    assert watch.last == iterations, watch.last
    quarter = iterations // 4
    each = [after - before for before, after in zip(watch.seconds, watch.seconds[1:], strict=False)]
    first, last = statistics.median(each[:quarter]), statistics.median(each[-quarter:])
    some = quarter // 5
    memory = statistics.median(watch.resident[-some:]) - statistics.median(watch.resident[quarter : quarter + some])
    return Growth(round(memory), last / first - 1, last, watch.resident[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description="Iterate long, and watch memory and time.")
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--objective", choices=OBJECTIVES, action="append")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()  # as the command does
    progress.LOG_SECONDS = 0.0
    failed = []
    for objective in options.objective or OBJECTIVES:
        found = measured(objective, options.iterations)
        print(
            f"| {objective} | {options.iterations:,} iterations | memory {found.memory / 1024:+,.0f} KiB of "
            f"{found.resident / 2**20:,.0f} MiB over the last three quarters | {1000 * found.seconds:.2f} ms of "
            f"processor an iteration, {found.drift:+.1%} from the first to the last quarter |",
            flush=True,
        )
        if found.grows:
            failed.append(objective)
    if failed:
        raise SystemExit(f"error: {', '.join(failed)}: more than {MOST_GROWTH >> 20} MiB or {MOST_DRIFT:.0%}")


if __name__ == "__main__":
    main()
