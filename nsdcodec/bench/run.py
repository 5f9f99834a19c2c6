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

from nsdcodec.bench.plan import Bench, Trial, trials
from nsdcodec.bench.result import TrialResult, difference
from nsdcodec.data.dataset import NSDDataset
from nsdcodec.encoding import encoder
from nsdcodec.encoding import task as tasks
from nsdcodec.encoding.checkpoint import Checkpoint
from nsdcodec.encoding.task import Output
from nsdcodec.errors import FileAccess, Interrupted, InvalidSetting, NsdError
from nsdcodec.evaluation.accuracy import Evaluation, evaluate
from nsdcodec.evaluation.robustness import robustness
from nsdcodec.format.container.file import read
from nsdcodec.learning import networks
from nsdcodec.learning.compute import Compute
from nsdcodec.version import VERSION

# Of a trial, the share of the progress that making the set takes.
ENCODING = 0.7

Listener = Callable[[float, str], None]


def execute(
    bench: Bench,
    listen: Listener = lambda done, text: None,
    after: Callable[[list[tuple[Trial, TrialResult]]], object] = lambda results: None,
) -> list[tuple[Trial, TrialResult]]:
    """Runs what is not finished; the results of all. `listen` hears (done 0 to 1, text); `after` gets all results so
    far at the start and after each step that adds figures.

    Raises InvalidSetting where a result in the folder was made with other settings; Interrupted on Ctrl-C, after which
    the same call goes on; what `encode`, `evaluate` and `robustness` raise.
    """
    found = trials(bench)
    try:
        bench.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccess(f"cannot make the folder {bench.folder}: {error.strerror or error}") from error
    results: dict[str, TrialResult] = {}
    for trial in found:
        if (result := _earlier(trial)) is not None:
            results[trial.stem] = result

    def so_far() -> list[tuple[Trial, TrialResult]]:
        return [(trial, results[trial.stem]) for trial in found if trial.stem in results]

    after(so_far())
    for number, trial in enumerate(found):
        if trial.finished(results.get(trial.stem)):
            continue

        def tell(done: float, text: str, number: int = number, trial: Trial = trial) -> None:
            listen((number + done) / len(found), f"{trial.stem}: {text}")

        try:
            for result in _steps(trial, results.get(trial.stem), tell):
                result.write(trial.path)
                results[trial.stem] = result
                after(so_far())
        except (KeyboardInterrupt, Interrupted) as error:
            finished = sum(trial.finished(results.get(trial.stem)) for trial in found)
            raise Interrupted(
                f"stopped at {trial.stem}; {finished} of {len(found)} sets are made and judged; "
                "the same command goes on"
            ) from error
    return so_far()


def _earlier(trial: Trial) -> TrialResult | None:
    """What an earlier command has of this trial. Raises InvalidSetting where that was another one, unless it is to be
    dropped."""
    result = TrialResult.read(trial.path)
    if result is None:
        return None
    result.identity = tasks.lifted(result.identity, trial.task)
    if difference(result.identity, trial.identity):
        if not trial.bench.restart:
            result.require(trial.identity, trial.path)
        trial.path.unlink()
        return None
    return result


def _steps(trial: Trial, result: TrialResult | None, tell: Listener) -> Iterator[TrialResult]:
    """The result after each step that is worth keeping: the set, then each kind of network, then the corruptions."""
    bench = trial.bench
    if result is None or result.encoded is None or not _stands(trial, result):
        result = TrialResult(trial.identity, encoded=_encode(trial, tell), made_by=_made_by(bench))
        yield result
    dataset = NSDDataset(trial.output)
    kept: list[Evaluation] = []
    for i, kind in enumerate(bench.table.networks):
        first = i == 0 and bench.table.corruptions
        if kind in result.accuracies and not first:
            continue
        started = time.monotonic()
        found = _evaluate(trial, dataset, kind, keep=first, tell=tell, step=i)
        result.accuracies[kind] = list(found.accuracies)
        result.seconds[kind] = round(time.monotonic() - started, 1)
        kept += [found] if first else []
        yield result
    if not bench.table.corruptions:
        return
    (robust,) = robustness(
        kept,
        bench.source,
        Compute(bench.compute.device),
        images=bench.corruption_images,
        seed=trial.seed,
        data_dir=bench.data_dir,
        progress=lambda done, text: tell(ENCODING + (1 - ENCODING) * (0.5 + done / 2), text),
    )
    result.corrupted = robust.means
    result.corrupted_published = robust.published
    yield result


def _stands(trial: Trial, result: TrialResult) -> bool:
    """Whether the set that was made is still there."""
    assert result.encoded is not None
    try:
        return bool(_digest(trial.output) == result.encoded["sha256"])
    except NsdError:
        return False


def _digest(path: Path) -> str:
    return read(path).digest


def _encode(trial: Trial, tell: Listener) -> dict[str, Any]:
    """Makes the set, from its checkpoint where there is one of the same trial; its counts and seconds."""
    task, bench, output = trial.task, trial.bench, Output(trial.output)
    if output.checkpoint.exists():
        saved = tasks.lifted(Checkpoint.read(output.checkpoint).identity, task)
        if not (differs := difference(saved, tasks.identity(task, bench.compute))):
            output = replace(output, resume=True)
        elif bench.restart:
            output = replace(output, restart=True)
        else:
            raise InvalidSetting(
                f"{output.checkpoint} is of a run with {differs}; give another folder with -o, or --restart to drop it"
            )
    made = encoder.encode(
        task,
        output,
        bench.compute,
        experts_folder=bench.experts_folder,
        listen=lambda progress: tell(ENCODING * progress.done, progress.phase),
    )
    layout = made.header.layout
    return {
        "images": layout.images,
        "elements": layout.elements,
        "bytes": made.nbytes,
        "sha256": _digest(trial.output),
        "held_out": made.validation,
        "iterations": made.iterations,
        "skipped": made.skipped,
        "seconds": round(made.seconds, 1),
    }


def _evaluate(trial: Trial, dataset: NSDDataset, kind: str, keep: bool, tell: Listener, step: int) -> Evaluation:
    scale, kinds = trial.bench.scale, trial.bench.table.networks
    recipe = replace(dataset.recipe, network=networks.named(kind, dataset.recipe.network))
    recipe = replace(recipe, epochs=scale.epochs or recipe.epochs)
    done = itertools.count(1)

    def progress(number: int, epoch: int) -> None:
        share = (step + next(done) / (recipe.epochs * scale.networks)) / len(kinds)
        tell(ENCODING + (1 - ENCODING) * share * (0.5 if keep else 1), f"{kind} {number + 1}, epoch {epoch}")

    return evaluate(
        dataset,
        trial.bench.source,
        scale.networks,
        Compute(trial.bench.compute.device),
        recipe=recipe,
        seed=trial.seed,
        progress=progress,
        keep_networks=keep,
    )


def _made_by(bench: Bench) -> dict[str, str]:
    device = torch.cuda.get_device_name(bench.compute.device) if bench.compute.device.type == "cuda" else "cpu"
    return {
        "nsdcodec": VERSION,
        "torch": torch.__version__,
        "hardware": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, device {device}",
    }
