"""A fuzzing campaign from one seed: makes the seed files, runs `fuzz_read.py`, and prints its result as one line.

    python tests/fuzz/campaign.py --runs 20000 --seed 0

The corpus is build/fuzz/, made anew. Exits with 1 where there was a crash; its input lies beside the corpus.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parent.parent
ROOT = TESTS.parent
sys.path.insert(0, str(TESTS))

# libFuzzer's lines, on stderr.
PROGRESS = re.compile(r"^#(\d+)\t.*\bcov: (\d+) ft: (\d+) corp: (\d+)")
DONE = re.compile(r"^Done (\d+) runs in ")


def write_seeds(folder: Path) -> int:
    """The golden and malformed files of the spec, and those of the tests; how many there are."""
    from builders import LAYOUTS, file_of
    from malformed import MALFORMED

    files = {path.read_bytes() for path in (ROOT / "spec" / "vectors").rglob("*.nsd")}
    files |= {file_of(name) for name in LAYOUTS} | {data for _, _, data in MALFORMED}
    for number, data in enumerate(sorted(files)):
        (folder / f"seed-{number:03}").write_bytes(data)
    return len(files)


def fuzz(folder: Path, runs: int, seed: int) -> tuple[int, int, int, int, bool]:
    """Runs made, seconds, code edges covered, inputs kept, and whether it crashed."""
    arguments = [f"-runs={runs}", f"-seed={seed}", f"-artifact_prefix={folder}/", "-timeout=60", "-rss_limit_mb=0"]
    arguments += ["-reload=0", "-len_control=0"]
    process = subprocess.Popen(
        [sys.executable, str(TESTS / "fuzz" / "fuzz_read.py"), *arguments, str(folder / "corpus")],
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    start = time.monotonic()
    done = covered = kept = 0
    assert process.stderr is not None
    for line in process.stderr:
        if not re.match(r"#\d+\t(NEW|REDUCE) ", line):
            print(line, end="", file=sys.stderr)
        if found := PROGRESS.match(line):
            done, covered, kept = int(found[1]), int(found[2]), int(found[4])
        if found := DONE.match(line):
            done = int(found[1])
    crashed = process.wait() != 0
    return done, round(time.monotonic() - start), covered, kept, crashed


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the reader.")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer; from 1, since 0 is drawn at random")
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("error: atheris is missing; it has wheels for Linux on x86-64 and Python 3.11 to 3.13", file=sys.stderr)
        return 1
    folder = ROOT / "build" / "fuzz"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "corpus").mkdir(parents=True)
    seeds = write_seeds(folder / "corpus")
    done, seconds, covered, kept, crashed = fuzz(folder, options.runs, options.seed)
    print(
        f"| {done:,} runs | seed {options.seed} | {seconds:,} s | {done // max(1, seconds):,} a second | "
        f"{covered:,} edges | {seeds} seed files, {kept} kept | {int(crashed)} crashes | commit {_commit()} |"
    )
    return int(crashed)


def _commit() -> str:
    run = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return run.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
