"""The stages of a sitting at a GPU (gpu_sitting.sh starts it). Each writes what it found at once, has a limit of its
own, and is not done again where it stands; a fault in one costs no other.

    tests     pytest of the tests that need CUDA
    step      an iteration of trajectory matching beside the published loop, for each of STEP_WORKS
    experts   trajectories for the encode, stacked, and how fast they are made; snapshots of them in float16
    initial   what the encode begins with, evaluated: tells what the encode gains, and how long its evaluation takes
    encode    for what is left of the time; goes on from its checkpoint, or from one in START. With
              EXPERTS=0, and without the stage experts, it can be of any objective that matches none
    eval      networks trained on the file, tested on the real test set

RESULTS gets sitting.json (all figures), sitting.log, SOURCE.nsd with its log, the checkpoint that the next sitting goes
on from, and snapshots.safetensors: six files, each below 16 MB.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from sitting.clock import Sitting
from sitting.options import VARIABLES, Options
from sitting.stages import STAGES, stands


def main() -> None:
    lines = (f"    {name:15} {what}{' ' if what else ''}({value})" for name, (value, what) in VARIABLES.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Environment variables:\n\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", type=Path)
    results: Path = parser.parse_args().results
    options = Options.of_environment()
    unknown = [name for name in options.words("STAGES") if name not in STAGES]
    if unknown:
        sys.exit(f"error: STAGES: no stage {', '.join(unknown)}; there are {', '.join(STAGES)}")
    # So that what runs is ended with it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    results.mkdir(parents=True, exist_ok=True)
    sitting = Sitting(results, options)
    for name in STAGES:
        if name not in options.words("STAGES"):
            continue
        if stands(sitting, name):
            print(f"{name}: stands", flush=True)
        else:
            sitting.stage(name, STAGES[name])


if __name__ == "__main__":
    main()
