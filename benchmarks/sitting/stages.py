"""The stages: each a function of the sitting that returns its figures, or raises Failed."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from nsdcodec.encoding.checkpoint import Checkpoint
from nsdcodec.errors import InvalidSetting, NsdError
from sitting.clock import Failed, Sitting
from sitting.snapshots import write_snapshots

# Trained at once on a GPU (`nsdcodec.learning.stacked`).
GROUP = 8
# From the start of the command to that of the encode's clock, where the stage `initial` has not told.
STARTUP_SECONDS = 15.0
# Of what start and evaluation took before, since nothing takes the same time twice; and for the last step of an encode.
RESERVE, LAST_STEP_SECONDS = 1.2, 3.0


def nsdc(*arguments: str) -> list[str]:
    """The command where no script of it is installed."""
    return [sys.executable, "-c", "from nsdcodec_cli import main; main()", *arguments]


def step_command(images: str, steps: str, device: str, options: list[str]) -> list[str]:
    """Prints its figures as JSON."""
    script = str(Path(__file__).parents[1] / "step.py")
    return [sys.executable, script, "--images", images, "--steps", steps, "--device", device, *options, "--json"]


def tests(sitting: Sitting) -> dict[str, Any]:
    """Counts, and the names of those that failed, also of those that ran before the limit."""
    options = ["-vv", "--tb=short", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *sitting.options.words("TESTS"), *options]
    ended = sitting.run(command, sitting.limit("tests"))
    lines = re.findall(r"^(\S+::.+?) (PASSED|FAILED|SKIPPED|ERROR)\b", ended.output, re.MULTILINE)
    counts = Counter(word.lower() for _, word in lines)
    found = {**counts, "failures": [name for name, word in lines if word in ("FAILED", "ERROR")]}
    if ended.code not in (0, 1):
        raise Failed("out of time" if ended.code is None else f"pytest ended with exit code {ended.code}", **found)
    return found


def step(sitting: Sitting) -> dict[str, Any]:
    """The documents of `benchmarks/step.py`, by work; those that stand from before are kept."""
    works = sitting.options.words("STEP_WORKS")
    found: dict[str, Any] = sitting.before("step").get("works", {})
    end = time.monotonic() + sitting.limit("step")
    failed = {}
    for number, work in enumerate(works):
        if work in found:
            continue
        images, _, steps = work.partition("x")
        command = step_command(images, steps, sitting.options["DEVICE"], sitting.options.words("STEP_OPTIONS"))
        try:
            found[work], _ = sitting.answer(command, (end - time.monotonic()) / (len(works) - number))
        except Failed as error:
            failed[work] = str(error)
    if failed:
        raise Failed("; ".join(f"{work}: {why}" for work, why in failed.items()), works=found)
    return {"works": found}


def experts(sitting: Sitting) -> dict[str, Any]:
    """As many as there is time for, or as the run that the encode goes on from had. `groups`: how many were made in
    how many seconds, the start of the command among them."""
    wanted, most = _experts_of_checkpoint(sitting), int(sitting.options["EXPERTS"])
    end = time.monotonic() + sitting.limit("experts")
    count = wanted or min(GROUP, most)
    made, seconds = sitting.answer(_experts_command(sitting, count), end - time.monotonic())
    groups = [{"experts": made["experts"], "seconds": seconds}]
    # The start of the command is counted as if each group had it: what is left over is the encode's.
    more = int((end - time.monotonic()) / seconds * count) // GROUP * GROUP
    if wanted is None and more and most > count:
        try:
            further, seconds = sitting.answer(
                _experts_command(sitting, min(most, count + more)), end - time.monotonic()
            )
            groups.append({"experts": further["experts"] - made["experts"], "seconds": seconds})
        except Failed as error:  # those of the first group stand
            groups.append({"experts": 0, "seconds": 0.0, "failed": str(error)})
    folder = Path(made["folder"])
    standing = len(list(folder.glob("[0-9]*.h5")))
    snapshots = write_snapshots(folder, sitting.results / "snapshots.safetensors")
    return {"experts": standing, "epochs": made["epochs"], "groups": groups, "snapshots": snapshots}


def initial(sitting: Sitting) -> dict[str, Any]:
    """The file of no iterations, and its evaluation; `startup_seconds` of an encode and `eval_seconds`."""
    file = sitting.work / "initial.nsd"
    end = time.monotonic() + sitting.limit("initial")
    pairs = [pair for pair in sitting.options.words("SET") if not pair.startswith("objective.")]
    command = _encode_command(sitting, file, pairs, "--objective", "none", "--restart")
    made, seconds = sitting.answer(command, end - time.monotonic())
    found = {"encode": made, "startup_seconds": seconds - made["seconds"]}
    try:
        found["eval"], found["eval_seconds"] = sitting.answer(_eval_command(sitting, file), end - time.monotonic())
    except Failed as error:
        raise Failed(str(error), **found) from error
    return found


def encode(sitting: Sitting) -> dict[str, Any]:
    """What the command says, with the iterations and seconds that it went on from in `before`. `refused`: a checkpoint
    in START was of other settings, so that it began anew."""
    checkpoint = _checkpoint(sitting)
    start = sitting.options.path("START") / checkpoint.name
    if checkpoint.exists() or not start.exists():
        return _encoded(sitting)
    shutil.copyfile(start, checkpoint)
    try:
        return _encoded(sitting)
    except Failed as error:
        if error.found.get("exit_code") != InvalidSetting.exit_code:
            raise
    checkpoint.unlink()
    return {**_encoded(sitting), "refused": str(start)}


def _encoded(sitting: Sitting) -> dict[str, Any]:
    file, checkpoint = _file(sitting), _checkpoint(sitting)
    limit = sitting.left - (_eval_seconds(sitting) if "eval" in sitting.options.words("STAGES") else 0.0)
    startup = RESERVE * sitting.before("initial").get("startup_seconds", STARTUP_SECONDS)
    seconds = min(limit - startup - LAST_STEP_SECONDS, float(sitting.options["ENCODE_SECONDS"] or "inf"))
    if seconds < 1:
        raise Failed(f"{limit:.0f} s were left without the evaluation, and {startup:.0f} s pass before the first step")
    before = {"iterations": 0, "seconds": 0.0}
    if checkpoint.exists():
        counters = Checkpoint.read(checkpoint).counters
        before = {"iterations": counters["iteration"], "seconds": counters["seconds"]}
    pairs = sitting.options.words("SET")
    if int(sitting.options["EXPERTS"]):
        pairs.append(f"objective.experts={_experts_count(sitting)}")
    more = ["--time", f"{before['seconds'] + startup + seconds:.1f}s", "--keep-checkpoint"]
    more.append("--resume" if checkpoint.exists() else "--restart")
    try:
        made, _ = sitting.answer(_encode_command(sitting, file, pairs, *more), limit)
    except Failed as error:
        raise Failed(str(error), before=before, **error.found) from error
    return {**made, "output": file.name, "before": before, "sha256": _digest(file)}


def evaluate(sitting: Sitting) -> dict[str, Any]:
    """Of the file that is there, if only the best of an encode that was stopped."""
    file = _file(sitting)
    if not file.exists():
        raise Failed("there is no file to evaluate")
    digest = _digest(file)
    wanted = int(sitting.options["NETWORKS"])
    networks = max(1, min(wanted, int(wanted * sitting.left / _eval_seconds(sitting))))
    found, _ = sitting.answer(_eval_command(sitting, file, networks), sitting.left)
    return {**found, "file": file.name, "sha256": digest}


def stands(sitting: Sitting, name: str) -> bool:
    """An evaluation of another file than the one that is there does not."""
    found = sitting.before(name)
    return found.get("status") == "done" and (
        name != "eval" or (_file(sitting).exists() and found["sha256"] == _digest(_file(sitting)))
    )


STAGES = {
    "tests": tests, "step": step, "experts": experts, "initial": initial, "encode": encode, "eval": evaluate,
}  # fmt: skip


def _file(sitting: Sitting) -> Path:
    return sitting.results / f"{sitting.options['SOURCE']}.nsd"


def _checkpoint(sitting: Sitting) -> Path:
    return sitting.results / f"{sitting.options['SOURCE']}.nsd.checkpoint"


def _common(sitting: Sitting) -> list[str]:
    """Of every command that reads the real images."""
    data = sitting.options["DATA"]
    found = ["--seed", sitting.options["SEED"], "--device", sitting.options["DEVICE"], "--json"]
    return [*found, "--data-dir", str(Path(data).resolve())] if data else found


def _set(pairs: list[str]) -> list[str]:
    return [word for pair in pairs for word in ("--set", pair)]


def _experts_command(sitting: Sitting, count: int) -> list[str]:
    folder = [
        "--experts-dir",
        str(sitting.work / "experts"),
        "--recipe",
        sitting.options["RECIPE"],
        "--count",
        str(count),
    ]
    pairs = _set(sitting.options.words("SET"))
    return nsdc("experts", sitting.options["SOURCE"], *folder, *pairs, *_common(sitting))


def _encode_command(sitting: Sitting, file: Path, pairs: list[str], *more: str) -> list[str]:
    budget = ["--recipe", sitting.options["RECIPE"], "--bits-per-class", sitting.options["BITS"]]
    folder = ["--experts-dir", str(sitting.work / "experts"), "-o", str(file), "--overwrite"]
    return nsdc("encode", sitting.options["SOURCE"], *budget, *_set(pairs), *folder, *more, *_common(sitting))


def _eval_command(sitting: Sitting, file: Path, networks: int | None = None) -> list[str]:
    epochs = sitting.options["EPOCHS"]
    count = ["--networks", str(networks or sitting.options["NETWORKS"]), *(["--epochs", epochs] if epochs else [])]
    return nsdc("eval", str(file), sitting.options["SOURCE"], *count, *_common(sitting))


def _eval_seconds(sitting: Sitting) -> float:
    """That the evaluation may take."""
    taken: float | None = sitting.before("initial").get("eval_seconds")
    return sitting.limit("eval") if taken is None else RESERVE * taken


def _experts_of_checkpoint(sitting: Sitting) -> int | None:
    """Of the run that the encode will go on from, here or of an earlier sitting."""
    checkpoint = _checkpoint(sitting)
    for path in (checkpoint, sitting.options.path("START") / checkpoint.name):
        if path.exists():
            try:
                return int(Checkpoint.read(path).identity["objective.experts"])
            except NsdError as error:
                raise Failed(str(error)) from error
    return None


def _experts_count(sitting: Sitting) -> int:
    made = sitting.before("experts").get("experts")
    return _experts_of_checkpoint(sitting) or made or min(GROUP, int(sitting.options["EXPERTS"]))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
