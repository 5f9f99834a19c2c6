"""Which settings tell: one change at a time, many encodes at once.

python benchmarks/comparisons.py CHANGES [-o FOLDER] [--at-once 12] [--seeds 0,1] [--seconds 400] -- SOURCE OPTION...

Each line of CHANGES is a name, a colon and what it adds to the options of `nsdc encode`; the first is what the others
are compared with, and may add nothing:

    base:
    more images: --set parameterization.images_per_class=44
    dm: --objective dm

All lines are encoded with the first seed, then all with the second, so many at once, until the time is over; those that
run then are stopped. Prints the accuracy on held-out images, and the gain over the first line with the same seed. Goes
on from what FOLDER has. Many processes on one GPU are quicker through NVIDIA's multi-process service
(`nvidia-cuda-mps-control -d`).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ENCODE = (sys.executable, "-c", "import sys; from nsdcodec_cli import main; sys.exit(main())", "encode")


@dataclass(frozen=True)
class Trial:
    """A change with a seed, and the file that it makes."""

    change: str
    seed: int
    command: tuple[str, ...]
    path: Path

    @property
    def accuracy(self) -> float | None:
        """On held-out images, of 1; None until it is done."""
        log = self.path.with_name(self.path.name + ".log.jsonl")
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return events[-1]["validation"] if events and events[-1]["event"] == "end" else None

    def start(self) -> subprocess.Popen[bytes]:
        with self.path.with_suffix(".txt").open("wb") as said:
            environment = os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
            return subprocess.Popen(self.command, stdout=said, stderr=said, env=environment)


def trials(changes: str, folder: Path, seeds: list[int], options: list[str]) -> list[Trial]:
    """In the order in which they are made."""
    named = [line.split(":", 1) for line in changes.splitlines() if line.strip()]
    made = []
    for seed in seeds:
        for name, added in named:
            path = folder / f"{name.strip().replace(' ', '-')}-{seed}.nsd"
            own = (*options, *shlex.split(added), "--seed", str(seed), "--overwrite", "--restart", "-o", str(path))
            made.append(Trial(name.strip(), seed, (*ENCODE, *own), path))
    return made


def run(waiting: list[Trial], at_once: int, seconds: float) -> list[Trial]:
    """Those that failed. Stops what runs when the time is over."""
    until, running, failed = time.monotonic() + seconds, dict[Trial, subprocess.Popen[bytes]](), []
    while (waiting or running) and time.monotonic() < until:
        while waiting and len(running) < at_once:
            trial = waiting.pop(0)
            running[trial] = trial.start()
        time.sleep(0.2)
        for trial in [trial for trial, process in running.items() if process.poll() is not None]:
            failed += [trial] if running.pop(trial).returncode else []
    for process in running.values():
        process.send_signal(signal.SIGTERM)
    for process in running.values():
        process.wait()
    return failed


def table(made: list[Trial]) -> str:
    """Markdown, the largest mean gain first."""
    found = {(trial.change, trial.seed): trial.accuracy for trial in made}
    first = made[0].change
    rows = []
    for change in dict.fromkeys(trial.change for trial in made):
        own = {seed: accuracy for (name, seed), accuracy in found.items() if name == change and accuracy is not None}
        base = {seed: found[first, seed] for seed in own}
        gains = [accuracy - before for seed, accuracy in own.items() if (before := base[seed]) is not None]
        accuracies = ", ".join(f"{100 * accuracy:.1f}" for accuracy in own.values()) or "not done"
        gain = statistics.fmean(gains) if gains else float("-inf")
        rows.append((gain, f"| {change} | {accuracies} | {f'{100 * gain:+.1f}' if gains else ''} |"))
    rows.sort(key=lambda row: -row[0])
    return "\n".join(["| change | held-out, % | mean gain |", "| --- | --- | --- |", *(row for _, row in rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("changes", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("comparisons"))
    parser.add_argument("--at-once", type=int, default=12)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("options", nargs="+", help="a source, and options of nsdc encode, after --")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    made = trials(arguments.changes.read_text(), arguments.output, seeds, arguments.options)
    failed = run([trial for trial in made if trial.accuracy is None], arguments.at_once, arguments.seconds)
    for trial in failed:
        print(f"failed: {trial.change}, seed {trial.seed}: see {trial.path.with_suffix('.txt')}", file=sys.stderr)
    print(table(made))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
