"""Does a short check rank files as a long one does?

python benchmarks/judging.py SOURCE FILE... [--judges 64x60,64x250,128x1000] [--per-class 500] [--seed 0]
    [--recipe batch_size=32,learning_rate=0.03]

Trains a ConvNet of each width for so many epochs on each file, by its recipe with the changes, and tests it on the
training images that an encode with this seed and validation.per_class holds out. Prints the accuracies and the rank
correlation (Spearman) of each judge with the last one. Goes on from what `-o FILE` has, which is of one recipe.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import scipy.stats
from nsdcodec_cli import options

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.evaluation.accuracy import evaluate
from nsdcodec.learning.compute import Compute, pick_precision
from nsdcodec.sources.base import Source
from nsdcodec.system.malloc import keep_freed_memory


def judged(path: Path, source: Source, width: int, epochs: int, changes: dict[str, Any]) -> float:
    dataset = NSDDataset(path)
    network = replace(dataset.recipe.network, width=width)
    recipe = replace(dataset.recipe, network=network, epochs=epochs, **changes)
    compute = Compute(precision=pick_precision("auto", Compute().device))
    return evaluate(dataset, source, 1, compute, recipe=recipe).mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--judges", default="64x60,64x250,128x1000")
    parser.add_argument("--per-class", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=Path("judging.json"))
    parser.add_argument("--recipe", default="")
    arguments = parser.parse_args()
    changes: dict[str, Any] = {
        key: int(value) if key == "batch_size" else float(value)
        for key, value in (pair.split("=") for pair in arguments.recipe.split(",") if pair)
    }
    keep_freed_memory()
    real = options.source(arguments.source, None)
    train, held_out = real.hold_out(arguments.per_class, arguments.seed)
    source = replace(train, test=held_out)
    found = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
    judges = arguments.judges.split(",")
    for judge in judges:
        width, epochs = map(int, judge.split("x"))
        for path in arguments.files:
            if judge not in found.setdefault(path.name, {}):
                found[path.name][judge] = judged(path, source, width, epochs, changes)
                arguments.output.write_text(json.dumps(found))
    print("| file | " + " | ".join(judges) + " |\n" + "| --- " * (1 + len(judges)) + "|")
    for path in arguments.files:
        print(f"| {path.name} | " + " | ".join(f"{100 * found[path.name][judge]:.1f} %" for judge in judges) + " |")
    columns = [[found[path.name][judge] for path in arguments.files] for judge in judges]
    ranks = [scipy.stats.spearmanr(column, columns[-1]).statistic for column in columns]
    print("| rank correlation with the last | " + " | ".join(f"{rank:.2f}" for rank in ranks) + " |")


if __name__ == "__main__":
    main()
