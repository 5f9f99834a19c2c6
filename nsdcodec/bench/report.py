"""The report of a bench: the same figures as plain data, as Markdown and as cells for a terminal."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from nsdcodec.bench.plan import Bench, Trial
from nsdcodec.bench.plot import plot
from nsdcodec.bench.result import TrialResult
from nsdcodec.bench.table import CROSS
from nsdcodec.evaluation.corruptions import CORRUPTIONS
from nsdcodec.system import atomic
from nsdcodec.system.packages import package

# Below this, a rank correlation says little.
LEAST_RANKED = 8


def write(bench: Bench, results: list[tuple[Trial, TrialResult]], draw: bool = True) -> dict[str, Any]:
    """Writes NAME.md, NAME.json and, with `draw`, NAME.png to the folder; the document that they show. Raises
    FileAccess, and MissingData where there is no matplotlib to draw with."""
    found = document(bench, results)
    path = bench.folder / bench.name
    atomic.write(Path(f"{path}.json"), (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode())
    atomic.write(Path(f"{path}.md"), markdown(found).encode())
    if draw and any(row["columns"] for row in found["rows"]):
        atomic.write(Path(f"{path}.png"), plot(found))
    return found


def columns(bench: Bench) -> list[str]:
    """What the accuracies of a row are of: kinds of network and their mean, or corruptions and theirs."""
    kinds = bench.table.networks
    if bench.table.corruptions:
        return ["clean", *CORRUPTIONS, "average"]
    return [*kinds, CROSS] if bench.table.cross else [*kinds]


def document(bench: Bench, results: list[tuple[Trial, TrialResult]]) -> dict[str, Any]:
    """Accuracies are in %. `mean` and `deviation` of a column are over the seeds, of each seed's mean over its
    networks (`by_seed`); `network_deviation` is over the networks, the mean of the seeds; None for one of them."""
    rows = []
    for ipc in bench.budgets:
        for row in bench.rows:
            of_row = [(trial, result) for trial, result in results if trial.row.name == row.name and trial.ipc == ipc]
            settings = Trial(bench, row, ipc, 0).settings[0] if row.runs else None
            figures = {}
            for column in columns(bench):
                first = column in (bench.table.networks[0], "clean")
                published = row.figure(bench.source.name, ipc, None if first else column)
                by_seed = [values for _, result in of_row if (values := _values(bench, result, column)) is not None]
                if by_seed or published:
                    figures[column] = _figure(by_seed) | {"published": published}
            made = [result.encoded for _, result in of_row if result.encoded is not None]
            rows.append(
                {
                    "row": row.name,
                    "ipc": ipc,
                    "form": settings.parameterization.name if settings else "not run",
                    "objective": settings.objective.name + (" + guidance" if settings.guided else "")
                    if settings
                    else "",
                    "note": row.note,
                    "x": row.x,
                    "seeds": sum(trial.finished(result) for trial, result in of_row),
                    # Parameterizations whose size depends on the images have one count a seed: the largest.
                    **{
                        name: max((one[name] for one in made), default=None) for name in ("images", "elements", "bytes")
                    },
                    "held_out": [one["held_out"] and round(100 * one["held_out"], 2) for one in made],
                    "encode_seconds": [one["seconds"] for one in made],
                    "evaluate_seconds": [round(sum(result.seconds.values()), 1) for _, result in of_row],
                    "columns": figures,
                    "settings": settings.flat() if settings else None,
                }
            )
    scale = bench.scale
    return {
        "table": bench.name,
        "about": bench.table.about,
        "axis": bench.table.axis,
        "source": bench.source.name,
        "source_sha256": bench.source.sha256,
        "scale": bench.scale_name,
        "scale_about": scale.about,
        "seeds": scale.seeds,
        "networks": scale.networks,
        "epochs": scale.epochs,
        "corruption_images": bench.corruption_images if bench.table.corruptions else None,
        "corruptions_published": next((result.corrupted_published for _, result in results if result.corrupted), None),
        "overrides": list(bench.overrides),
        "command": bench.command,
        "made_by": _distinct([result.made_by for _, result in results]),
        "columns": columns(bench),
        "rows": rows,
        "checks": _checks(bench, results),
    }


def _checks(bench: Bench, results: list[tuple[Trial, TrialResult]]) -> dict[str, Any] | None:
    """Whether a check ranks sets as the figures do: the rank correlation (Spearman) of the accuracy on held-out images,
    by which a checkpoint was chosen, with the first column. None for fewer than LEAST_RANKED sets, and where one of the
    two is the same for all."""
    pairs = [
        (result.encoded["held_out"], statistics.fmean(values))
        for _, result in results
        if result.encoded is not None
        and result.encoded["held_out"] is not None
        and (values := _values(bench, result, columns(bench)[0])) is not None
    ]
    if len(pairs) < LEAST_RANKED:
        return None
    held_out, figures = zip(*pairs, strict=True)
    if len(set(held_out)) == 1 or len(set(figures)) == 1:
        return None
    correlation = package("scipy.stats").spearmanr(held_out, figures).statistic
    return {"sets": len(pairs), "rank_correlation": round(float(correlation), 3)}


def _values(bench: Bench, result: TrialResult, column: str) -> list[float] | None:
    """Of each network, in %; of the mean of other kinds and of corruptions one value; None where not known yet."""
    if column in result.accuracies:
        return [100 * value for value in result.accuracies[column]]
    if column == CROSS:
        others = bench.table.networks[1:]
        if any(kind not in result.accuracies for kind in others):
            return None
        return [100 * statistics.fmean(statistics.fmean(result.accuracies[kind]) for kind in others)]
    return [100 * result.corrupted[column]] if column in result.corrupted else None


def _figure(by_seed: list[list[float]]) -> dict[str, Any]:
    means = [statistics.fmean(values) for values in by_seed]
    spreads = [statistics.stdev(values) for values in by_seed if len(values) > 1]
    return {
        "mean": statistics.fmean(means) if means else None,
        "deviation": statistics.stdev(means) if len(means) > 1 else None,
        "network_deviation": statistics.fmean(spreads) if spreads else None,
        "by_seed": means,
    }


def _distinct(makers: list[dict[str, str]]) -> list[dict[str, str]]:
    return [maker for i, maker in enumerate(makers) if maker not in makers[:i]]


def cells(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of texts. The published figures have a column of their own beside each that has any."""
    shown = [
        (column, any(row["columns"].get(column, {}).get("published") for row in found["rows"])) for column in _of(found)
    ]
    header = ["row", "IPC", "parameterization", "objective", "images", "elements", "bytes", "seeds"]
    for column, published in shown:
        header += [column, f"{column}, published"] if published else [column]
    rows = []
    for row in found["rows"]:
        counts = ["" if row[name] is None else f"{row[name]:,}" for name in ("images", "elements", "bytes")]
        line = [row["row"], f"{row['ipc']:g}", row["form"], row["objective"], *counts, f"{row['seeds']}"]
        for column, published in shown:
            figure = row["columns"].get(column)
            line.append(text(figure))
            line += [figure["published"] if figure else ""] if published else []
        rows.append(line)
    return header, rows


def _of(found: dict[str, Any]) -> list[str]:
    return [str(column) for column in found["columns"]]


def text(figure: dict[str, Any] | None) -> str:
    """41.2 ± 0.5: over the seeds, over the networks where there is one seed."""
    if figure is None or figure["mean"] is None:
        return ""
    spread = figure["deviation"] if figure["deviation"] is not None else figure["network_deviation"]
    return f"{figure['mean']:.1f}" + ("" if spread is None else f" ± {spread:.1f}")


def notes(found: dict[str, Any]) -> list[str]:
    """What a reader must know of the figures, a line each."""
    epochs = f"{found['epochs']} epochs each" if found["epochs"] else "epochs by the recipe"
    networks = f"{found['networks']} network{'s' * (found['networks'] != 1)}"
    lines = [
        f"Accuracy in % on the test set of {found['source']}: mean over seeds (up to {found['seeds']}, a set each) of "
        f"the mean over {networks} of each kind, {epochs}. ± is the sample deviation over the seeds; "
        "with one seed, over its networks.",
        f"Scale {found['scale']}: {found['scale_about']}.",
        *_settings(found),
        'Columns "published" are the figures of the papers, of their settings and not of these: compare the order of '
        "the rows, at scale paper the figures too.",
    ]
    lines += dict.fromkeys(f"{row['row']}: {row['note']}." for row in found["rows"] if row["note"])
    if found["corruption_images"] or found["corruptions_published"] is not None:
        origin = "published images of CIFAR-10-C" if found["corruptions_published"] else "corruptions made here"
        lines.append(f"Corruptions: {origin}, {found['corruption_images'] or 'all'} test images, mean of 5 severities.")
    if found["command"]:
        lines.append(f"Command: `{found['command']}`")
    for maker in found["made_by"]:
        lines.append(f"Made by nsdcodec {maker['nsdcodec']}, torch {maker['torch']}, on {maker['hardware']}.")
    if checks := found.get("checks"):
        lines.append(
            f"Checks: the accuracies on held-out images at the end of {checks['sets']} encodes rank their sets as the "
            f"first column does with a correlation (Spearman) of {checks['rank_correlation']:.2f}."
        )
    spent = [sum(sum(row[name]) for row in found["rows"]) for name in ("encode_seconds", "evaluate_seconds")]
    lines.append(f"Time: {spent[0]:,.0f} s of encoding, {spent[1]:,.0f} s of training for the evaluation.")
    return lines


def _settings(found: dict[str, Any]) -> list[str]:
    """How long and by which network the sets were made: a line for all rows that agree."""
    lines: dict[str, list[str]] = {}
    for row in found["rows"]:
        settings = row["settings"]
        if settings is None:
            continue
        made, judged = (
            f"{settings[place + '.name']} {settings[place + '.depth']} x {settings[place + '.width']}"
            for place in ("network", "training.network")
        )
        text = f"{settings['iterations']:,} iterations on a {made}, judged by a {judged}"
        names = lines.setdefault(text, [])
        names += [row["row"]] if row["row"] not in names else []
    return [f"{'All rows' if len(lines) == 1 else ', '.join(names)}: {text}." for text, names in lines.items()]


def markdown(found: dict[str, Any]) -> str:
    header, rows = cells(found)
    lines = [f"# {found['table']}: {found['about']}", ""]
    lines += [line(header), line(["---"] * len(header)), *(line(row) for row in rows), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes(found))]) + "\n"


def line(texts: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"
