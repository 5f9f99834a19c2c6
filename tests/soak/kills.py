"""Kills an encode at random moments and resumes it until it is done: the file must be the uninterrupted run's.

    python tests/soak/kills.py --rounds 20 --seed 0 --objective dm

Each round begins in an empty folder. The moments are drawn over the time of a whole run, from the first expert to the
writing of the file; what is killed there dies without a word (SIGKILL). Exits with 1 where a file differs or a run
fails. POSIX only: a run is a fork, so that its moments are those of the encode and not of imports.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from tiny import OBJECTIVES, run, tiny

from nsdcodec.encoding.checkpoint import Checkpoint
from nsdcodec.encoding.encoder import Output, Task

ITERATIONS, CHECKS = 30, 3


@dataclass
class Outcome:
    """`resumed` are the iterations that a killed run went on from; 0 where it had no checkpoint yet."""

    rounds: int = 0
    kills: int = 0
    resumed: list[int] = field(default_factory=list)


def run_in_fork(task: Task, output: Output, moment: float | None) -> bool:
    """Runs the task in a fork, killed after `moment` seconds (None: never); whether it came to its end before."""
    child = os.fork()
    if child == 0:
        try:
            run(task, output)
            os._exit(0)
        except BaseException as error:
            print(f"error: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    if moment is not None:
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit(1)
    return os.WIFEXITED(status)


def one_round(task: Task, output: Output, kills: int, seconds: float, chance: random.Random, outcome: Outcome) -> bytes:
    """The bytes of a file whose making was killed so many times. One that ends before its moment begins anew."""
    killed = 0
    while True:
        resume = output.checkpoint.exists()
        moment = chance.uniform(0, seconds) if killed < kills else None
        ended = run_in_fork(task, replace(output, resume=resume, restart=not resume), moment)
        if moment is None:
            return output.path.read_bytes()
        if not ended:
            killed += 1
            outcome.kills += 1
            outcome.resumed.append(_iteration(output) if output.checkpoint.exists() else 0)


def _iteration(output: Output) -> int:
    """Where the checkpoint stands; a killed write must leave a whole one."""
    return int(Checkpoint.read(output.checkpoint).counters["iteration"])


def campaign(objective: str, rounds: int, kills: int | None, seed: int) -> Outcome:
    """`kills` in each round; None is 1 to 4."""
    chance, outcome = random.Random(f"{objective} {seed}"), Outcome()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "whole"
        folder.mkdir()
        task, output = tiny(objective, folder, ITERATIONS, CHECKS, 0.0)
        began = time.monotonic()
        run_in_fork(task, output, None)
        seconds = time.monotonic() - began
        whole = output.path.read_bytes()
        for number in range(rounds):
            folder = Path(name) / str(number)
            folder.mkdir()
            # Every iteration saved, so that kills hit the writing; or some, so that iterations are done again.
            task, output = tiny(objective, folder, ITERATIONS, CHECKS, chance.choice((0.0, 0.0, seconds / 10)))
            found = one_round(task, output, kills or chance.randint(1, 4), seconds, chance, outcome)
            left = sorted(path.name for path in folder.iterdir() if path.name != "experts")
            lines = output.log.read_text().splitlines()
            if found != whole or left != ["out.nsd", "out.nsd.log.jsonl"] or not all(map(json.loads, lines)):
                raise SystemExit(
                    f"error: round {number} of {objective}, seed {seed}: another file, or leftovers {left}"
                )
            outcome.rounds += 1
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill encodes at random moments and resume them.")
    parser.add_argument("--rounds", type=int, default=20, help="of each objective")
    parser.add_argument("--kills", type=int, help="in each round (default: 1 to 4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--objective", choices=OBJECTIVES, action="append")
    options = parser.parse_args()
    torch.set_num_threads(1)
    # Its first use imports for a second: here, or every fork would.
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    for objective in options.objective or OBJECTIVES:
        found = campaign(objective, options.rounds, options.kills, options.seed)
        iterations = ", ".join(map(str, found.resumed))
        print(
            f"| {objective}, seed {options.seed} | {found.rounds} rounds, {found.kills} kills, each file that of an "
            f"uninterrupted run | went on from iteration {iterations} of {ITERATIONS} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
