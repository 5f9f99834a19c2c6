"""Run the rows of a table: for each row, budget and seed a set is made and judged, and the report is written anew.

What is finished is kept in a JSON file beside each set, so that the same command goes on where the last one ended. A
kill loses at most what an encode loses (half a minute), or the kind of network that was being trained.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nsdcodec.bench.plan import Bench, Run, runs
from nsdcodec.bench.result import Result, difference
from nsdcodec.data.dataset import NSDDataset
from nsdcodec.encoding import encoder
from nsdcodec.encoding import job as jobs
from nsdcodec.encoding.checkpoint import Checkpoint
from nsdcodec.errors import FileAccess, Interrupted, InvalidSetting, NsdError
from nsdcodec.evaluation.accuracy import Evaluation, evaluate
from nsdcodec.evaluation.corruptions import SEVERITIES
from nsdcodec.evaluation.robustness import robustness
from nsdcodec.format.container.file import read
from nsdcodec.learning import networks
from nsdcodec.version import VERSION

# Of a run, the share of the progress that making the set takes.
ENCODING = 0.7

Listener = Callable[[float, str], None]


def execute(
    bench: Bench,
    listen: Listener = lambda done, text: None,
    after: Callable[[list[tuple[Run, Result]]], object] = lambda results: None,
) -> list[tuple[Run, Result]]:
    """Runs what is not finished; the results of all. `listen` hears (done 0 to 1, text); `after` gets all results so
    far at the start and after each step that adds figures.

    Raises InvalidSetting where a result in the folder was made with other settings; Interrupted on Ctrl-C, after which
    the same call goes on; what `encode`, `evaluate` and `robustness` raise.
    """
    found = runs(bench)
    try:
        bench.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccess(f"cannot make the folder {bench.folder}: {error.strerror or error}") from error
    results: dict[str, Result] = {}
    for run in found:
        if (result := _earlier(run)) is not None:
            results[run.stem] = result

    def so_far() -> list[tuple[Run, Result]]:
        return [(run, results[run.stem]) for run in found if run.stem in results]

    after(so_far())
    for number, run in enumerate(found):
        if run.finished(results.get(run.stem)):
            continue

        def tell(done: float, text: str, number: int = number, run: Run = run) -> None:
            listen((number + done) / len(found), f"{run.stem}: {text}")

        try:
            for result in _steps(run, results.get(run.stem), tell):
                result.write(run.path)
                results[run.stem] = result
                after(so_far())
        except (KeyboardInterrupt, Interrupted) as error:
            finished = sum(run.finished(results.get(run.stem)) for run in found)
            raise Interrupted(
                f"stopped at {run.stem}; {finished} of {len(found)} sets are made and judged; the same command goes on"
            ) from error
    return so_far()


def _earlier(run: Run) -> Result | None:
    """What an earlier command has of this run. Raises InvalidSetting where that was another one, unless it is to be
    dropped."""
    result = Result.read(run.path)
    if result is not None and difference(result.identity, run.identity):
        if not run.bench.restart:
            result.require(run.identity, run.path)
        run.path.unlink()
        return None
    return result


def _steps(run: Run, result: Result | None, tell: Listener) -> Iterator[Result]:
    """The result after each step that is worth keeping: the set, then each kind of network, then the corruptions."""
    bench = run.bench
    if result is None or result.encoded is None or not _stands(run, result):
        result = Result(run.identity, encoded=_encode(run, tell), made_by=_made_by(bench))
        yield result
    dataset = NSDDataset(run.job.output)
    kept: list[Evaluation] = []
    for i, kind in enumerate(bench.table.networks):
        first = i == 0 and bench.table.corruptions
        if kind in result.accuracies and not first:
            continue
        started = time.monotonic()
        found = _evaluate(run, dataset, kind, keep=first, tell=tell, step=i)
        result.accuracies[kind] = list(found.accuracies)
        result.seconds[kind] = round(time.monotonic() - started, 1)
        kept += [found] if first else []
        yield result
    if not bench.table.corruptions:
        return
    (robust,) = robustness(
        kept,
        bench.source,
        SEVERITIES,
        bench.corruption_images,
        run.seed,
        bench.data_dir,
        bench.device,
        progress=lambda done, text: tell(ENCODING + (1 - ENCODING) * (0.5 + done / 2), text),
    )
    result.corrupted = robust.means
    result.corrupted_published = robust.published
    yield result


def _stands(run: Run, result: Result) -> bool:
    """Whether the set that was made is still there."""
    assert result.encoded is not None
    try:
        return bool(_digest(run.job.output) == result.encoded["sha256"])
    except NsdError:
        return False


def _digest(path: Path) -> str:
    return read(path).digest


def _encode(run: Run, tell: Listener) -> dict[str, Any]:
    """Makes the set, from its checkpoint where there is one of the same run; its counts and seconds."""
    job = run.job
    if job.checkpoint_path.exists():
        saved = Checkpoint.read(job.checkpoint_path)
        if not difference(saved.identity, jobs.identity(job)):
            job = replace(job, resume=True)
        elif run.bench.restart:
            job = replace(job, restart=True)
        else:
            raise InvalidSetting(
                f"{job.checkpoint_path} is of a run with {difference(saved.identity, jobs.identity(job))}; give "
                "another folder with -o, or --restart to drop it"
            )
    made = encoder.encode(job, lambda progress: tell(ENCODING * progress.done, progress.phase))
    layout = made.header.layout
    return {
        "images": layout.images,
        "elements": layout.elements,
        "bytes": made.nbytes,
        "sha256": _digest(job.output),
        "held_out": made.validation,
        "iterations": made.iterations,
        "skipped": made.skipped,
        "seconds": round(made.seconds, 1),
    }


def _evaluate(run: Run, dataset: NSDDataset, kind: str, keep: bool, tell: Listener, step: int) -> Evaluation:
    scale, kinds = run.bench.scale, run.bench.table.networks
    epochs = scale.epochs or dataset.recipe.epochs
    done = itertools.count(1)

    def progress(number: int, epoch: int) -> None:
        share = (step + next(done) / (epochs * scale.networks)) / len(kinds)
        tell(ENCODING + (1 - ENCODING) * share * (0.5 if keep else 1), f"{kind} {number + 1}, epoch {epoch}")

    return evaluate(
        dataset,
        run.bench.source,
        scale.networks,
        epochs,
        networks.named(kind, dataset.recipe.network),
        run.seed,
        run.bench.device,
        progress=progress,
        keep_networks=keep,
    )


def _made_by(bench: Bench) -> dict[str, str]:
    device = torch.cuda.get_device_name(bench.device) if bench.device.type == "cuda" else "cpu"
    return {
        "nsdcodec": VERSION,
        "torch": torch.__version__,
        "hardware": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, device {device}",
    }
