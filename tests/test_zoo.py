"""The files that come with the package stay readable, are what their table says, and are opened by their names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from nsdcodec import NSDDataset, convert, verify
from nsdcodec.errors import DigestMismatch, FileAccess, MissingData, UnknownName
from nsdcodec.format import zoo
from nsdcodec.format.container.contents import name_of
from nsdcodec.format.container.file import read
from nsdcodec.format.synthesis import check_finite

ZOO = Path(__file__).parent.parent / "zoo"
FILES = sorted(ZOO.glob("*.nsd"))


def test_the_zoo_has_files():
    assert FILES
    assert [entry.file for entry in zoo.entries()] == [each["file"] for each in json.loads(table())]


def table() -> str:
    return (ZOO / "files.json").read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_released_file_is_sound_and_is_what_its_table_says(path):
    file = read(path)
    check_finite(file)
    (row,) = [line for line in (ZOO / "README.md").read_text().splitlines() if line.startswith(f"| `{path.name}`")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2:5] == [f"{path.stat().st_size:,}", f"{len(NSDDataset(path)):,}", f"{file.bits_per_class:,.0f}"]
    assert cells[6] == f"`{hashlib.sha256(path.read_bytes()).hexdigest()}`"


def test_a_small_file_has_little_beside_its_payload():
    """30,720 elements of float16: header, class names, training recipe and provenance take less than 1,200 bytes."""
    file = read(ZOO / "cifar10-ipc1-cpu.nsd")
    assert 0.99 * 30_720 < file.header.layout.elements <= 30_720
    assert {spec.dtype for spec in file.header.layout.arrays.values()} == {"float16"}
    assert file.header_bytes < 1_200
    assert file.header.classes[9] == "truck"
    assert {"encoder", "source", "recipe", "seed", "iterations", "validation", "device"} <= set(file.header.provenance)


class TestPages:
    """What `make zoo` makes."""

    @pytest.fixture
    def made(self, monkeypatch):
        pytest.importorskip("PIL.Image")
        pytest.importorskip("typer")
        monkeypatch.syspath_prepend(str(ZOO.parent / "docs"))
        import make_zoo

        return make_zoo

    def test_the_page_is_that_of_the_table(self, made):
        assert made.page(zoo.entries()) == (ZOO / "README.md").read_text(encoding="utf-8"), "run make zoo"

    @pytest.mark.parametrize("entry", zoo.entries(), ids=lambda entry: entry.name)
    def test_each_file_has_its_card_and_its_picture(self, made, entry):
        assert made.card(entry) == (ZOO / f"{entry.name}.md").read_text(encoding="utf-8"), "run make zoo"
        assert made.shows(ZOO / f"{entry.name}.png") == read(ZOO / entry.file).digest, "run make zoo"


class TestNames:
    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
    def test_a_name_opens_the_file(self, path):
        assert read(f"zoo:{path.stem}").digest == read(path).digest
        assert name_of(f"zoo:{path.stem}") == path.name

    def test_wherever_a_file_is_read(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        path = FILES[0]
        name = f"zoo:{path.stem}"
        np.testing.assert_array_equal(NSDDataset(name)[0][0], NSDDataset(path)[0][0])
        assert verify(name).ok
        convert(name, "raw.nsd", codec="raw")
        assert read("raw.nsd").header.layout.images == len(NSDDataset(path))

    def test_one_that_is_not_there_is_refused_with_those_that_are(self):
        with pytest.raises(UnknownName, match=f"'cifar10-of-nobody'.*{FILES[0].stem}"):
            NSDDataset("zoo:cifar10-of-nobody")

    def test_a_path_is_no_name(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "zoo:mine.nsd").write_bytes(FILES[0].read_bytes())
        assert read(Path("zoo:mine.nsd")).nbytes == read("./zoo:mine.nsd").nbytes == FILES[0].stat().st_size


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An installation whose zoo is an empty folder."""
    monkeypatch.setattr(zoo, "FOLDERS", (tmp_path,))
    for remembered in (zoo.folder, zoo.entries):
        remembered.cache_clear()
    yield tmp_path
    for remembered in (zoo.folder, zoo.entries):
        remembered.cache_clear()


class TestDamage:
    def test_an_installation_without_a_zoo_says_so(self, elsewhere):
        with pytest.raises(MissingData, match=r"files.json is missing: install nsdcodec anew"):
            read("zoo:cifar10-ipc1-cpu")

    def test_a_file_that_is_gone_or_another_one_is_not_opened(self, elsewhere):
        (elsewhere / "files.json").write_text(table())
        path = FILES[0]
        with pytest.raises(FileAccess, match=path.name):
            read(f"zoo:{path.stem}")
        convert(path, elsewhere / path.name, codec="raw")  # sound, and not these bytes
        with pytest.raises(DigestMismatch, match=path.name):
            read(f"zoo:{path.stem}")


class TestCommand:
    @pytest.fixture
    def nsdc(self):
        pytest.importorskip("sklearn")
        pytest.importorskip("h5py")
        pytest.importorskip("PIL.Image")
        from test_cli import nsdc

        return nsdc

    def test_lists_every_file(self, nsdc):
        shown = nsdc("zoo").out.splitlines()
        assert len(shown) == 1 + len(FILES)
        for entry, line in zip(zoo.entries(), shown[1:], strict=True):
            words = line.split()
            assert words[0] == f"zoo:{entry.name}"
            assert {f"{entry.bytes:,}", f"{entry.bits_per_class:,.0f}", entry.sha256} <= set(words)
            assert f" {100 * entry.mean:.1f} %" in line

    def test_as_json_it_is_the_table_with_the_licence(self, nsdc):
        wanted = [{"name": Path(each["file"]).stem, **each, "license": "MIT"} for each in json.loads(table())]
        found = nsdc("zoo", "--json").json
        assert len(found) == len(wanted)
        for entry, told in zip(found, wanted, strict=True):
            assert entry.items() <= told.items()
            assert {"setting", "command", "sha256", "license"} <= set(entry)
        assert nsdc("zoo", wanted[0]["name"], "--json").json == found[0]

    @pytest.mark.parametrize("entry", zoo.entries(), ids=lambda entry: entry.name)
    def test_the_card_of_one_has_its_licence_its_terms_and_what_was_measured(self, nsdc, entry):
        card = nsdc("zoo", entry.name).out
        assert card.startswith("---\nlicense: mit\n")
        assert f"{100 * entry.mean:.1f} %" in card
        assert entry.commit in card
        assert f'NSDDataset("zoo:{entry.name}")' in card
        assert "published without a licence" in card
        assert "hf://" not in card

    def test_one_that_is_not_there_is_wrong_usage(self, nsdc):
        ran = nsdc("zoo", "nothing")
        assert (ran.code, ran.out) == (2, "")

    def test_every_command_takes_a_name(self, nsdc, tmp_path):
        name = f"zoo:{FILES[0].stem}"
        assert nsdc("verify", name).code == 0
        assert nsdc("diff", name, FILES[0]).code == 0
        assert nsdc("info", name, "--json").json["bytes"] == FILES[0].stat().st_size
        assert nsdc("push", name, "user/toy", "--dry-run", "--json").json["files"] == [FILES[0].name]
        assert nsdc("export", name, "--to", "npz", "-o", tmp_path / "a.npz").code == 0
        assert nsdc("report", name, "-o", tmp_path / "report.html").code == 0
        assert f'"name": "{FILES[0].name}"' in (tmp_path / "report.html").read_text()
