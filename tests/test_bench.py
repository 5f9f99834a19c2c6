"""The papers' tables as commands: that their rows can be run, that a bench is resumed, and that its report adds up."""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("h5py")
pytest.importorskip("matplotlib")

from test_cli import nsdc

from nsdcodec import sources
from nsdcodec.bench import fred, report, run
from nsdcodec.bench.plan import Bench, Trial, trials
from nsdcodec.bench.result import TrialResult
from nsdcodec.bench.run import execute
from nsdcodec.bench.scales import SCALES, scale
from nsdcodec.bench.table import Row, Table, not_run
from nsdcodec.bench.tables import TABLES, table
from nsdcodec.encoding import encoder, resuming
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.recipes import recipe
from nsdcodec.encoding.settings import for_geometry
from nsdcodec.errors import Interrupted, InvalidSetting, UnknownName
from nsdcodec.evaluation.corruptions import CORRUPTIONS
from nsdcodec.format.geometry import Geometry
from nsdcodec.sources.imagenet import SUBSETS

CIFAR10 = Geometry(10, 3, 32, 32)
# Sources of the papers' tables beside CIFAR-10, and how deep their networks are.
OTHERS = {"cifar100": (Geometry(100, 3, 32, 32), 3), "svhn": (CIFAR10, 3)}
OTHERS |= {"tinyimagenet": (Geometry(200, 3, 64, 64), 4)}
OTHERS |= {name: (Geometry(10, 3, 128, 128), 5) for name in SUBSETS}
TINY = (
    "iterations=4",
    "network.width=4",
    "training.network.width=4",
    "validation.width=4",
    "validation.epochs=1",
    "validation.per_class=5",
    "validation.checks=2",
    "real_per_class=4",
)
TWO = Table(
    "two forms",
    (
        Row("pixel", "pixel", published={"digits@1": "46.3 ± 0.8"}),
        Row("nsd", "nsd", published={"digits@10": "73.4 ± 0.2"}),
    ),
)


pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread", "every_iteration_logged")


@pytest.fixture(scope="module")
def digits():
    return sources.load("digits")


@pytest.fixture
def bench(digits, tmp_path):
    """bench(field=value): two rows of two seeds on digits, two networks for each."""

    def make(*changes: str, table: Table = TWO, **fields) -> Bench:
        small = replace(scale("cpu"), objective="dm", seeds=2, networks=2, epochs=2)
        made = Bench("two", table, "cpu", small, digits, tmp_path / "out", table.rows, overrides=(*TINY, *changes))
        return replace(made, **fields)

    return make


@pytest.fixture
def calls(monkeypatch):
    """The stems of the sets that were made, and the kinds and seeds of the evaluations."""
    seen: dict[str, list] = {"encode": [], "evaluate": []}
    real_encode, real_evaluate = encoder.encode, run.evaluate

    def encode(task, output, *rest, **named):
        seen["encode"].append(output.path.stem)
        return real_encode(task, output, *rest, **named)

    def evaluate(*rest, recipe, seed, **named):
        seen["evaluate"].append((recipe.network.name, seed))
        return real_evaluate(*rest, recipe=recipe, seed=seed, **named)

    monkeypatch.setattr(encoder, "encode", encode)
    monkeypatch.setattr(run, "evaluate", evaluate)
    return seen


STEMS = ["pixel-ipc1-seed0", "nsd-ipc1-seed0", "pixel-ipc1-seed1", "nsd-ipc1-seed1"]


def published_for_others():
    """Each scale, row, source and budget that has a published figure, but those of CIFAR-10."""
    for scale_name, chosen in SCALES.items():
        for name, found in TABLES.items():
            for row in filter(lambda row: row.runs, found.rows):
                places = {place.partition(" ")[0].partition("@")[::2] for place in row.published}
                for source, ipc in sorted(places):
                    if source != "cifar10":
                        where = f"{scale_name}-{name}-{row.name}-{source}-{ipc}"
                        yield pytest.param(chosen, row, source, float(ipc), id=where)


def settings_of_every_row():
    for scale_name, chosen in SCALES.items():
        for name, found in TABLES.items():
            budgets = found.published_ipcs("cifar10") if chosen.every_ipc else (found.small_ipc,)
            for row in filter(lambda row: row.runs, found.rows):
                yield pytest.param(chosen, row, budgets, id=f"{scale_name}-{name}-{row.name}")


class TestTables:
    @pytest.mark.parametrize(("chosen", "row", "budgets"), list(settings_of_every_row()))
    def test_every_row_has_settings_and_a_layout_within_the_budget(self, chosen, row, budgets):
        for ipc in budgets:
            settings = chosen.settings(row, "cifar10", CIFAR10, "color", ipc)
            layout = settings.parameterization.layout(CIFAR10, Budget.of(CIFAR10, ipc))
            assert 0.85 * 30_720 * ipc < layout.elements <= 30_720 * ipc
            assert settings.parameterization.name == row.form
            assert settings.objective.name == (row.objective or chosen.objective)
            if row.guided:
                assert settings.guided is (settings.objective.name == "mtt")

    @pytest.mark.parametrize(("chosen", "row", "source", "ipc"), list(published_for_others()))
    def test_every_row_of_another_source_has_settings_and_a_layout_within_the_budget(self, chosen, row, source, ipc):
        geometry, depth = OTHERS[source]
        settings = chosen.settings(row, source, geometry, "color", ipc)
        budget = Budget.of(geometry, ipc)
        layout = settings.parameterization.layout(geometry, budget)
        assert 0.75 * budget.elements < layout.elements <= budget.elements
        assert layout.images >= geometry.classes
        assert settings.network.depth == settings.training.network.depth == depth

    @pytest.mark.parametrize(
        ("row", "source", "ipc", "name"),
        [
            ("mtt", "cifar100", 10, "mtt-cifar100-ipc10"),
            ("nsd", "cifar100", 1, "nsd-cifar100-ipc1"),
            ("fred", "tinyimagenet", 1, "fred-tinyimagenet-ipc1"),
            ("mtt", "imagewoof", 1, "mtt-subset-ipc1"),
            ("nsd", "imagenette", 50, "nsd-subset-ipc1"),
            ("fred", "svhn", 51, "fred-svhn-ipc50"),
            ("nsd", "svhn", 10, "nsd-ipc10"),
            ("mtt", "digits", 2, "mtt-ipc1"),
            ("dc", "cifar100", 10, "dc-ipc10"),
            ("dm", "imagefruit", 10, "dm-ipc1"),
        ],
    )
    def test_at_the_scale_of_papers_a_source_has_its_own_recipe_or_that_of_cifar10(self, row, source, ipc, name):
        (row,) = TABLES["table1"].chosen([row])
        geometry, _ = OTHERS.get(source, (CIFAR10, 3))
        settings = scale("paper").settings(row, source, geometry, "color", ipc)
        assert settings.objective == recipe(name).objective
        assert settings.optimizer == recipe(name).optimizer
        assert settings.iterations == recipe(name).iterations

    @pytest.mark.parametrize("name", TABLES)
    def test_rows_have_names_that_are_their_own_and_good_for_files(self, name):
        names = [row.name for row in TABLES[name].rows]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z0-9-]+", row) for row in names)

    def test_at_cpu_scale_the_rows_of_table_2_differ_in_nothing_but_the_form(self):
        flats = [scale("cpu").settings(row, "cifar10", CIFAR10, "color", 1).flat() for row in TABLES["table2"].rows]
        for flat in flats:
            for key in [key for key in flat if key.startswith("parameterization.")]:
                del flat[key]
        assert all(flat == flats[0] for flat in flats)

    def test_at_cpu_scale_the_trained_networks_are_those_of_the_recipe_for_hours(self):
        hours = for_geometry(recipe("cpu-hours"), CIFAR10, "color").flat()
        ours = scale("cpu").settings(TABLES["table2"].rows[0], "cifar10", CIFAR10, "color", 1).flat()
        # What is held out is not trained on.
        keys = {key for key in ours if key.startswith("network.")} | {"training.augmentation", "validation.per_class"}
        for key in (*keys, "objective.name", "objective.experts", "objective.epochs"):
            assert ours[key] == hours[key], key

    def test_published_figures_are_found_by_source_budget_and_column(self):
        nsd = next(row for row in TABLES["table4"].rows if row.name == "nsd")
        assert nsd.figure("cifar10", 10) == "73.4 ± 0.2"
        assert nsd.figure("cifar10", 10.0, "vgg11") == "67.8 ± 0.2"
        assert nsd.figure("cifar10", 1, "vgg11") == "67.8 ± 0.2 (IPC 10)"
        assert nsd.figure("svhn", 10) == nsd.figure("cifar10", 10, "transformer") == ""
        assert TABLES["table3"].rows[3].figure("imagenette", 1) == "68.6 ± 0.8"
        assert TABLES["fred-c"].rows[-1].figure("cifar10", 1, "jpeg_compression") == "58.9"
        assert TABLES["table1"].published_ipcs("cifar10") == (1, 10, 50)
        assert TABLES["fred"].published_ipcs("cifar10") == (2, 11, 51)
        assert TABLES["fred"].published_ipcs("digits") == (2,)

    def test_every_method_of_the_papers_has_a_row_that_runs_or_a_reason(self):
        coresets, own = {"random", "herding", "forgetting"}, {"dc", "dsa", "dm", "kip", "cafe", "frepo", "ftd", "mtt"}
        others = {"idc", "haba", "memory", "nsd"}
        assert {row.name for row in TABLES["table1"].rows} == coresets | own | others | {"fred"}
        assert {row.name for row in TABLES["table3"].rows} == {"pixel", "haba", "glad", "nsd"}
        assert {row.name for row in TABLES["table4"].rows} == {"dc", "kip", "mtt", "frepo", "memory", "nsd"}
        assert {row.name for row in TABLES["fred-sets"].rows} == (
            coresets - {"forgetting"} | own - {"ftd"} | {"idc", "haba", "fred"}
        )
        not_run = {row.name for found in TABLES.values() for row in found.rows if not row.runs}
        assert not_run == {"haba", "glad", "dc-haba", "dm-haba", "mtt-haba"}
        for found in TABLES.values():
            assert all(row.note and row.published and not row.form for row in found.rows if not row.runs)

    @pytest.mark.parametrize(
        ("row", "ipc", "name"), [("ftd", 10, "ftd-ipc10"), ("frepo", 10, "frepo-ipc10"), ("cafe", 50, "cafe-ipc50")]
    )
    def test_at_the_scale_of_papers_a_method_has_its_own_recipe(self, row, ipc, name):
        (row,) = TABLES["table1"].chosen([row])
        settings = scale("paper").settings(row, "cifar10", CIFAR10, "color", ipc)
        assert settings.objective == recipe(name).objective
        assert settings.optimizer == recipe(name).optimizer

    def test_kip_has_networks_that_never_learn(self):
        (row,) = TABLES["table1"].chosen(["kip"])
        for chosen in SCALES.values():
            assert chosen.settings(row, "cifar10", CIFAR10, "color", 1).objective.pool == 0

    def test_the_columns_of_freds_corruptions_are_the_corruptions_there_are(self):
        assert tuple(CORRUPTIONS) == fred.CORRUPTIONS

    def test_unknown_names_suggest_the_nearest(self):
        with pytest.raises(UnknownName, match="'table2'"):
            table("tabel2")
        with pytest.raises(UnknownName, match="'paper'"):
            scale("papers")
        with pytest.raises(UnknownName, match="'herding'"):
            TABLES["table1"].chosen(["random", "herdin"])

    @pytest.mark.skipif("NSDC_PAPERS" not in os.environ, reason="NSDC_PAPERS names no folder with the papers' texts")
    def test_each_published_figure_stands_in_the_texts_of_the_papers(self):
        folder = Path(os.environ["NSDC_PAPERS"])
        text = (folder / "nsd.txt").read_text() + (folder / "fred-slides.txt").read_text()
        text = text.replace("±plus-or-minus\\pm±", " ± ").replace("\\pm", "±").replace("\\!", "")
        text = re.sub(r"\\(?:textbf|underline|overline|frac)|</?[bu]>|[{}|\s]+", " ", text)
        text = re.sub(r" *± *", " ± ", re.sub(r" +", " ", text))
        for found in TABLES.values():
            for row in found.rows:
                for key, figure in row.published.items():
                    assert figure in text, (row.name, key)
                if found is TABLES["fred-c"]:
                    assert " ".join(row.published.values()) in text, row.name


class TestRuns:
    def test_a_bench_makes_and_judges_every_set_and_reports_what_hand_computation_gives(self, bench, calls):
        made = bench()
        results = execute(made, after=lambda results: report.write(made, results))
        assert calls["encode"] == STEMS
        assert "the mean over 2 networks of each kind" in (made.folder / "two.md").read_text()
        document = json.loads((made.folder / "two.json").read_text())
        assert document == json.loads(json.dumps(report.document(made, results)))
        for row in document["rows"]:
            files = [json.loads((made.folder / f"{row['row']}-ipc1-seed{seed}.json").read_text()) for seed in (0, 1)]
            of_seeds = [100 * sum(one["accuracies"]["convnet"]) / 2 for one in files]
            assert all(len(one["accuracies"]["convnet"]) == 2 for one in files)
            figure = row["columns"]["convnet"]
            assert figure["mean"] == pytest.approx(sum(of_seeds) / 2)
            assert figure["deviation"] == pytest.approx(abs(of_seeds[0] - of_seeds[1]) / 2**0.5)
            spreads = [statistics.stdev(100 * value for value in one["accuracies"]["convnet"]) for one in files]
            assert figure["network_deviation"] == pytest.approx(statistics.mean(spreads))
            assert row["seeds"] == 2
            assert row["bytes"] == max(
                (made.folder / f"{row['row']}-ipc1-seed{seed}.nsd").stat().st_size for seed in (0, 1)
            )
        (_, *lines) = [line for line in (made.folder / "two.md").read_text().splitlines() if line.startswith("| ")]
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
        assert [line[0] for line in cells] == ["pixel", "nsd"]
        assert [line[-1] for line in cells] == ["46.3 ± 0.8", "73.4 ± 0.2 (IPC 10)"]
        figure = document["rows"][0]["columns"]["convnet"]
        assert cells[0][-2] == f"{figure['mean']:.1f} ± {figure['deviation']:.1f}"
        assert (made.folder / "two.png").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize(
        ("held_out", "figures", "correlation"),
        [
            (range(8), range(8), 1.0),
            (range(8), range(8, 0, -1), -1.0),
            # One pair changes places: 1 - 6 * 2 / (8 * 63).
            (range(8), [1, 0, *range(2, 8)], 0.976),
            ([0, 1, 2, 3, 4, 5, 6, None, 8], [0, 1, 2, 3, 4, 5, 6, 50, 8], 1.0),
            (range(7), range(7), None),
            ([1] * 8, range(8), None),
        ],
    )
    def test_the_report_says_whether_the_checks_rank_sets_as_the_figures_do(
        self, bench, held_out, figures, correlation
    ):
        made = bench()
        results = [
            (Trial(made, made.rows[0], 1, seed), TrialResult({}, {"held_out": check}, {"convnet": [figure / 100] * 2}))
            for seed, (check, figure) in enumerate(zip(held_out, figures, strict=True))
        ]
        checks = report._checks(made, results)
        assert (checks and checks["rank_correlation"]) == correlation
        document = report.document(made, []) | {"checks": checks}
        assert ("with a correlation (Spearman) of" in report.markdown(document)) == (correlation is not None)

    def test_after_an_interrupt_only_what_is_missing_is_run(self, bench, calls):
        made, reports = bench(), []

        def stop(done, text):
            if text.startswith("pixel-ipc1-seed1: convnet 2"):
                raise KeyboardInterrupt

        with pytest.raises(Interrupted, match=r"2 of 4 sets .* the same command goes on"):
            execute(made, stop, lambda results: reports.append(len(results)))
        assert calls["encode"] == STEMS[:3]
        assert reports == [0, 1, 1, 2, 2, 3]
        before = {path: path.stat().st_mtime_ns for path in made.folder.glob("*seed0*")}
        calls["encode"].clear()
        calls["evaluate"].clear()
        first = execute(made)
        # The set of the third was made before; its network is trained again.
        assert calls == {"encode": STEMS[3:], "evaluate": [("convnet", 1)] * 2}
        assert before == {path: path.stat().st_mtime_ns for path in made.folder.glob("*seed0*")}
        calls["encode"].clear()
        again = execute(made)
        assert not calls["encode"]
        assert [result for _, result in again] == [result for _, result in first]

    def test_an_encode_that_was_stopped_goes_on_from_its_checkpoint_to_the_same_file(self, bench, monkeypatch):
        made = bench(rows=TWO.rows[1:])
        whole = replace(made, folder=made.folder.parent / "whole")
        execute(whole)

        def stop(done, text):
            if (made.folder / "nsd-ipc1-seed0.nsd.checkpoint").exists():
                raise KeyboardInterrupt

        with pytest.raises(Interrupted):
            execute(made, stop)
        iterations = []
        real = resuming.load
        monkeypatch.setattr(resuming, "load", lambda run, saved: (real(run, saved), iterations.append(run.iteration)))
        execute(made)
        assert iterations == [2]
        name = "nsd-ipc1-seed0.nsd"
        assert (made.folder / name).read_bytes() == (whole.folder / name).read_bytes()

    def test_another_setting_is_refused_by_name_and_restart_drops_only_what_it_changes(self, bench, calls):
        made = bench()
        execute(made)
        changed = bench("validation.epochs=2")
        with pytest.raises(
            InvalidSetting, match=r"pixel-ipc1-seed0.json .* validation.epochs 1, this run has 2; .*--re"
        ):
            execute(changed)
        calls["encode"].clear()
        execute(replace(made, scale=replace(made.scale, seeds=3)))
        assert calls["encode"] == ["pixel-ipc1-seed2", "nsd-ipc1-seed2"]
        calls["encode"].clear()
        execute(replace(made, restart=True))
        assert not calls["encode"]
        execute(replace(changed, restart=True))
        assert calls["encode"] == STEMS

    def test_results_of_0_1_count_and_what_differs_from_them_is_named(self, bench, calls):
        made = bench(rows=TWO.rows[:1])
        execute(made)
        for path in made.folder.glob("*-seed?.json"):
            document = json.loads(path.read_text())
            del document["identity"]["elements of the budget"], document["identity"]["bytes of the budget"]
            document["identity"] |= {"ipc": 1.0, "bits per class": None}
            path.write_text(json.dumps(document))
        calls["encode"].clear()
        assert len(execute(made)) == 2
        assert not calls["encode"]
        with pytest.raises(InvalidSetting, match=r"was made with validation.epochs 1, this run has 2; give another"):
            execute(bench("validation.epochs=2", rows=TWO.rows[:1]))

    def test_a_checkpoint_of_other_settings_is_refused_and_restart_drops_it(self, bench, calls):
        def stop(done, text):
            if (bench().folder / "pixel-ipc1-seed0.nsd.checkpoint").exists():
                raise KeyboardInterrupt

        with pytest.raises(Interrupted):
            execute(bench(), stop)
        changed = bench("optimizer.learning_rate=0.5", rows=TWO.rows[:1])
        with pytest.raises(InvalidSetting, match=r"learning_rate 0.06, this run has 0.5; .*--restart"):
            execute(changed)
        assert len(execute(replace(changed, restart=True))) == 2

    def test_a_set_that_is_gone_is_made_again_unless_its_figures_are_complete(self, bench, calls):
        made = bench(rows=TWO.rows[:1])
        execute(made)
        (made.folder / "pixel-ipc1-seed0.nsd").unlink()
        (made.folder / "pixel-ipc1-seed1.nsd").unlink()
        path = made.folder / "pixel-ipc1-seed1.json"
        document = json.loads(path.read_text())
        path.write_text(json.dumps({**document, "accuracies": {}}))
        calls["encode"].clear()
        execute(made)
        assert calls["encode"] == ["pixel-ipc1-seed1"]
        assert json.loads(path.read_text())["accuracies"] == document["accuracies"]

    def test_every_kind_of_network_is_kept_and_their_mean_is_without_the_first(self, bench, monkeypatch, calls):
        kinds = Table("kinds", TWO.rows[:1], ("convnet", "convnet1", "alexnet"), cross=True)
        made = bench(table=kinds)
        known = {"convnet": 0.9, "convnet1": 0.2, "alexnet": 0.4}
        order = iter(list(known.values()) * 2)

        def evaluate(*rest, **named):
            return run.Evaluation((value := next(order), value), None, 1, None, ())

        monkeypatch.setattr(run, "evaluate", evaluate)
        (row,) = report.document(made, execute(made))["rows"]
        means = {name: row["columns"][name]["mean"] for name in ("convnet", "convnet1", "alexnet", "cross")}
        assert means == pytest.approx({"convnet": 90, "convnet1": 20, "alexnet": 40, "cross": 30})

    def test_corruptions_are_columns_and_their_average_is_of_them_all(self, bench, monkeypatch):
        monkeypatch.setattr(run, "robustness", partial(run.robustness, severities=(1,)))
        found = Table("corrupted", TWO.rows[:1], corruptions=True)
        made = bench(table=found)
        assert made.corruption_images == 355 < made.scale.corruption_images
        made = replace(made, scale=replace(made.scale, seeds=1, networks=1, corruption_images=20))
        document = report.document(made, execute(made))
        assert document["corruption_images"] == 20
        means = {name: figure["mean"] for name, figure in document["rows"][0]["columns"].items()}
        assert list(means) == ["clean", *CORRUPTIONS, "average"]
        assert means["average"] == pytest.approx(sum(means[name] for name in CORRUPTIONS) / 15)
        assert report.plot(document).startswith(b"\x89PNG")

    def test_a_row_that_does_not_run_stands_in_the_report_with_its_figures_and_its_reason(self, bench, calls):
        gone = not_run("haba", {"digits@1": "48.3 ± 0.8"}, "its decoder is a network")
        rows = (*TWO.rows[:1], gone)
        made = bench(table=replace(TWO, rows=rows), rows=rows)
        made = replace(made, scale=replace(made.scale, seeds=1, networks=1))
        document = report.document(made, execute(made))
        assert calls["encode"] == ["pixel-ipc1-seed0"]
        text = report.markdown(document)
        assert "| haba | 1 | not run |" in text
        assert text.count("48.3 ± 0.8") == 1
        assert "- haba: its decoder is a network." in text
        assert report.plot(document).startswith(b"\x89PNG")
        with pytest.raises(InvalidSetting, match=r"none of these rows can be run; .*haba: its decoder is a network"):
            bench(rows=(gone,))

    def test_an_override_changes_the_rows_that_have_its_key_and_no_others(self, bench):
        made = bench("kernels=3", "parameterization.dtype=float32")
        pixel, nsd = (found.task.settings.flat() for found in trials(replace(made, scale=replace(made.scale, seeds=1))))
        assert nsd["parameterization.kernels"] == 3
        assert "parameterization.kernels" not in pixel
        assert pixel["parameterization.dtype"] == nsd["parameterization.dtype"] == "float32"
        with pytest.raises(UnknownName, match="kernels"):
            trials(bench("kernels=3", rows=TWO.rows[:1]))
        with pytest.raises(InvalidSetting, match="float23"):
            trials(bench("parameterization.dtype=float23"))

    def test_what_cannot_be_done_is_refused_before_any_work(self, bench, digits, calls):
        with pytest.raises(InvalidSetting, match="at least 1 of each"):
            bench(scale=replace(scale("cpu"), seeds=0))
        with pytest.raises(InvalidSetting, match="no test set"):
            execute(bench(source=replace(digits, test=None)))
        with pytest.raises(UnknownName, match="iterations"):
            execute(bench("iteration=1"))
        assert not calls["encode"]


class TestCommand:
    @pytest.fixture
    def tiny(self, tmp_path):
        pairs = (*TINY, "iterations=1", "objective.experts=2", "objective.epochs=1")
        pairs = [argument for pair in pairs for argument in ("--set", pair)]
        once = ["--seeds", 1, "--networks", 1, "--epochs", 1, "--device", "cpu", "--precision", "float32"]
        return [
            "bench",
            "table2",
            "--source",
            "digits",
            *once,
            *pairs,
            "--experts-dir",
            tmp_path / "experts",
            "-o",
            tmp_path / "out",
        ]

    def test_a_table_is_run_and_shown(self, tiny, tmp_path):
        ran = nsdc(*tiny, "--rows", "nsd, dct")
        assert ran.code == 0, ran.err
        lines = ran.out.splitlines()
        assert [line.split()[:4] for line in lines[1:3]] == [["dct", "1", "dct", "tgdd"], ["nsd", "1", "nsd", "tgdd"]]
        # Both rows look at the same networks.
        assert len(list((tmp_path / "experts").rglob("*.h5"))) == 2
        assert {path.name for path in (tmp_path / "out").iterdir()} >= {"table2.md", "table2.json", "table2.png"}
        document = json.loads((tmp_path / "out" / "table2.json").read_text())
        assert nsdc(*tiny, "--rows", "nsd,dct", "--json").json["rows"] == document["rows"]
        assert document["command"].startswith("nsdc bench table2 --source digits")
        refused = nsdc(*tiny, "--rows", "nsd", "--set", "optimizer.momentum=0.5")
        assert refused.code == 2
        assert "optimizer.momentum 0.9, this run has 0.5" in refused.err

    def test_without_matplotlib_the_numbers_are_written_and_the_plot_is_not(self, tiny, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        ran = nsdc(*tiny, "--rows", "pixel")
        assert ran.code == 0
        assert "no plot will be drawn" in ran.err
        assert "nsdcodec[figures]" in ran.err
        assert (tmp_path / "out" / "table2.md").exists()
        assert not (tmp_path / "out" / "table2.png").exists()

    def test_tables_and_rows_are_listed_and_wrong_names_refused(self, tmp_path):
        listed = nsdc("bench")
        assert listed.code == 0
        assert [line.split()[0] for line in listed.out.splitlines()] == [*TABLES, "frontier"]
        assert nsdc("bench", "--list").out == listed.out
        assert list(nsdc("bench", "table5", "--list", "--json").json) == [row.name for row in TABLES["table5"].rows]
        rows = nsdc("bench", "table3", "--list", "--json").json
        assert rows["glad"].startswith("not run: its images are made by a pretrained generator")
        for arguments, message in (
            (["tabel2"], "did you mean 'table2'"),
            (["table2", "--scale", "papers"], "did you mean 'paper'"),
            (["table2", "--source", "digits", "--rows", "nds"], "did you mean 'nsd'"),
            (["table2", "--source", "digits", "--ipc", "one"], "--ipc one"),
        ):
            ran = nsdc("bench", *arguments, "-o", tmp_path / "none")
            assert ran.code == 2
            assert message in ran.err
        assert not (tmp_path / "none").exists()
