"""nsdc bench frontier: published figures are those of the papers' tables, the repository's own those of its files, and
the picture shows all of them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("typer")

from test_cli import nsdc

from nsdcodec import read
from nsdcodec.bench import nsd
from nsdcodec.bench.frontier import Frontier, Measured, frontier, read_table
from nsdcodec.bench.frontier_plot import bits_text, drawn, plot
from nsdcodec.bench.published import PUBLISHED, SOURCES, published
from nsdcodec.errors import FileAccess, InvalidSetting, UnknownName

Image = pytest.importorskip("PIL.Image")
ROOT = Path(__file__).parent.parent
ZOO = ROOT / "zoo/files.json"
ENTRIES = json.loads(ZOO.read_text())

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")


def measured(name, bits, accuracy, deviation=0.3, source="cifar10"):
    return Measured(source, name, bits, accuracy, deviation, name)


def figure_of(entry):
    """As the pages have it; one network has no deviation."""
    mean = f"{100 * entry['mean']:.1f} %"
    return mean if entry["networks"] == 1 else f"{mean} ± {100 * entry['deviation']:.1f}"


class TestPublished:
    @pytest.mark.parametrize(
        ("method", "name", "tables"),
        [
            ("NSD", "nsd", (nsd.TABLE1, nsd.TABLE3)),
            ("FreD", "fred", (nsd.TABLE1,)),
            ("MTT, pixels", "mtt", (nsd.TABLE1,)),
            ("MTT, pixels", "pixel", (nsd.TABLE3,)),
        ],
    )
    def test_figures_are_those_of_the_papers_tables(self, method, name, tables):
        """Whose figures a test of these looks up in the papers."""
        told = {(point.source, point.bits_per_class): point.accuracy for point in PUBLISHED if point.method == method}
        sides = {"cifar10": 32, "cifar100": 32, "tinyimagenet": 64}
        for table in tables:
            for place, text in table.chosen([name])[0].published.items():
                source, _, ipc = place.partition("@")
                bits = float(ipc) * 3 * sides.get(source, 128) ** 2 * 32
                assert told[source, bits] == float(text.split(" ")[0]), place

    def test_each_has_its_source_and_stands_once(self):
        assert all(point.origin for point in PUBLISHED)
        assert len({(point.source, point.method, point.bits_per_class) for point in PUBLISHED}) == len(PUBLISHED)
        assert {point.source for point in PUBLISHED} == set(SOURCES)

    def test_a_data_set_without_any_is_refused(self):
        with pytest.raises(UnknownName, match="did you mean 'cifar10'"):
            published("cifar11")


class TestTable:
    @pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
    def test_an_entry_is_of_its_file(self, entry):
        path = ZOO.with_name(entry["file"])
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
        assert (entry["bytes"], entry["bits_per_class"]) == (path.stat().st_size, read(path).bits_per_class)

    def test_every_file_has_one(self):
        assert {entry["file"] for entry in ENTRIES} == {path.name for path in ZOO.parent.glob("*.nsd")}

    @pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
    def test_its_figures_are_those_of_the_pages(self, entry):
        figure = figure_of(entry)
        (row,) = [line for line in (ZOO.parent / "README.md").read_text().splitlines() if f"`{entry['file']}`" in line]
        assert figure in row
        assert f"{entry['networks']} network{'s' if entry['networks'] > 1 else ''}" in row
        assert f"{entry['epochs']:,} epochs" in row
        results = (ROOT / "benchmarks/RESULTS.md").read_text()
        assert f"**{figure}**" in results
        assert entry["commit"] in results
        assert f"{entry['bytes']:,} bytes" in results

    def test_the_bold_figures_of_the_readme_are_its_entries(self):
        told = set(re.findall(r"\*\*(\d\S* %(?: ± .*?)?)\*\*", (ROOT / "README.md").read_text()))
        assert told == {figure_of(entry) for entry in ENTRIES}

    def test_the_committed_picture_is_drawn_from_it(self):
        found = json.loads(Image.open(ROOT / "docs/frontier.png").text["Description"])
        assert found == json.loads(json.dumps(frontier("cifar10", [ZOO]).document()))

    def test_what_eval_prints_is_one(self, tmp_path):
        document = {
            "file": "runs/my.nsd", "net": "resnet18", "bytes": 100, "bits_per_class": 80.0, "mean": 0.5,
            "deviation": 0.02, "networks": 3, "source": "cifar10", "accuracies": [0.5, 0.48, 0.52],
        }  # fmt: skip
        path = tmp_path / "one.json"
        path.write_text(json.dumps(document))
        assert read_table(path) == [Measured("cifar10", "my.nsd, resnet18", 80.0, 50.0, 2.0, "runs/my.nsd")]
        path.write_text(json.dumps([{**document, "net": "convnet", "networks": 1}, {**document, "source": "svhn"}]))
        assert [point.name for point in frontier("cifar10", [path]).measured] == ["my.nsd"]
        assert read_table(path)[0].deviation is None

    @pytest.mark.parametrize("text", ["", "[1]", '{"file": "a.nsd"}', '[{"file": "a", "networks": "many"}]'])
    def test_what_is_none_is_refused(self, tmp_path, text):
        path = tmp_path / "table.json"
        path.write_text(text)
        with pytest.raises(InvalidSetting, match=r"table.json is no table of measured files .* nsdc eval --json"):
            read_table(path)
        with pytest.raises(FileAccess, match=r"none.json"):
            read_table(tmp_path / "none.json")


class TestPicture:
    @pytest.mark.parametrize("source", SOURCES)
    def test_every_figure_is_drawn_in_its_place(self, source):
        found = frontier(source, [ZOO])
        axes = drawn(found)[0].axes[0]
        assert axes.get_xscale() == "log"
        places = {tuple(place) for line in axes.lines for place in line.get_xydata().tolist()}
        wanted = {(point.bits_per_class, point.accuracy) for point in (*found.published, *found.measured)}
        assert wanted <= places
        (low, high), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert all(low < bits < high and bottom < accuracy < top for bits, accuracy in wanted)

    def test_published_marks_are_hollow_and_measured_ones_filled(self):
        axes = drawn(frontier("cifar10", [ZOO]))[0].axes[0]
        handles, names = axes.get_legend_handles_labels()
        hollow = {name for handle, name in zip(handles, names, strict=True) if _face(handle) == "none"}
        assert set(names) - hollow == {"measured .nsd files, all bytes"}
        assert hollow == {point.method for point in published("cifar10")}

    def test_no_label_covers_a_marker_the_legend_or_another_label(self):
        files = tuple(measured(f"number {i}, in some setting of its own", 30_000 * 3**i, 50 + 7 * i) for i in range(4))
        near = tuple(measured(f"near {i}", 300_000, 50 + i / 2) for i in range(3))
        known = frontier("cifar10")
        figure, labels = drawn(Frontier("cifar10", known.published, files + near, known.full))
        assert len(labels) == 7
        boxes = [label.get_window_extent() for label in labels]
        boxes.append(figure.axes[0].get_legend().get_window_extent())
        assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
        marks = figure.axes[0].transData.transform(
            [(point.bits_per_class, point.accuracy) for point in known.published]
        )
        assert not any(box.contains(*mark) for box in boxes for mark in marks)
        frame = figure.axes[0].get_window_extent()
        assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)

    def test_is_png_or_svg_with_the_figures_in_it(self):
        found = frontier("cifar10", [ZOO])
        assert plot(found, "png").startswith(b"\x89PNG")
        assert b"<svg" in plot(found, "svg")
        assert b"nsdc encode" not in plot(found, "svg")
        assert b"one of two virtual cores" in plot(found, "svg")

    def test_bits_have_their_unit(self):
        assert [bits_text(bits) for bits in (500, 50_000, 1e6, 5e6)] == ["0.5 kbit", "50 kbit", "1 Mbit", "5 Mbit"]


def _face(handle):
    line = handle[0] if isinstance(handle, tuple) else handle
    return line.get_markerfacecolor()


class TestCommand:
    def test_prints_both_kinds_and_draws_them(self, tmp_path):
        path = tmp_path / "frontier.svg"
        ran = nsdc("bench", "frontier", "--measured", ZOO, "-o", path)
        assert ran.code == 0
        rows = [line.split() for line in ran.out.splitlines()]
        assert any(row[0] == "PTQ-DC" and row[1:4] == ["98,304", "68.9", "published"] for row in rows)
        assert any("45,139" in row and "51.8" in row and "measured" in row for row in rows)
        assert "all real images: 84.8 %" in ran.out
        assert path.read_bytes().startswith(b"<?xml")

    def test_json(self):
        found = nsdc("bench", "frontier", "--measured", ZOO, "--json").json
        assert found == json.loads(json.dumps(frontier("cifar10", [ZOO]).document()))

    def test_the_files_of_the_package_are_there_wherever_it_is_called(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert len(nsdc("bench", "frontier", "--json").json["measured"]) == len(ENTRIES)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("frontier", "-o", "frontier.jpg"), ".png or .svg"),
            (("frontier", "--source", "digits"), "unknown data set with published figures 'digits'"),
            (("frontier", "--seeds", 3), "--seeds is for the tables; leave it out"),
            (("frontier", "--list"), "--list is for the tables"),
            (("table2", "--measured", ZOO), "--measured is for nsdc bench frontier"),
        ],
    )
    def test_what_it_cannot_use_is_refused(self, tmp_path, monkeypatch, arguments, said):
        monkeypatch.chdir(tmp_path)
        ran = nsdc("bench", *arguments)
        assert (ran.code, said in ran.err) == (2, True), ran.err
        assert list(tmp_path.iterdir()) == []

    def test_is_listed_with_the_tables(self):
        assert "accuracy against bits a class" in nsdc("bench").out
