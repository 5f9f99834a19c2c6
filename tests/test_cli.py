"""The `nsdc` command: what it prints and where, its exit codes, what it does without. Source: digits, tiny settings.

`nsdc` runs in this process, for speed; `process` where start-up, modules or a terminal's absence matter.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from builders import edited, fresh_python

pytest.importorskip("typer")
pytest.importorskip("sklearn")
pytest.importorskip("h5py")
Image = pytest.importorskip("PIL.Image")

from nsdcodec_cli import helptext, options  # noqa: E402
from nsdcodec_cli.main import run  # noqa: E402

from nsdcodec import NSDDataset, read  # noqa: E402
from nsdcodec.bench.tables import TABLES  # noqa: E402
from nsdcodec.encoding.objectives import OBJECTIVES  # noqa: E402
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS  # noqa: E402
from nsdcodec.errors import InvalidSetting  # noqa: E402
from nsdcodec.evaluation.corruptions import CORRUPTIONS  # noqa: E402
from nsdcodec.export.formats import FORMATS  # noqa: E402
from nsdcodec.learning import compute  # noqa: E402
from nsdcodec.sources import PATHS, SOURCES, load  # noqa: E402

COMMANDS = ("encode", "decode", "export", "push", "info", "verify", "convert", "diff", "eval", "experts", "analyze")
COMMANDS += ("bench", "recipes", "report", "zoo")
TINY = ["--device", "cpu", "--precision", "float32", "--set", "network.width=8", "--set", "validation.width=8"]
TINY += ["--set", "validation.epochs=2", "--set", "validation.checks=1", "--set", "validation.per_class=5"]
START = "from nsdcodec_cli import main; main()"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread")


def nsdc(*arguments) -> Ran:
    return called(run, "nsdc", *arguments)


def called(command, *words) -> Ran:
    """A command in this process, started by these words."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", [*map(str, words)])
        with pytest.raises(SystemExit) as end:
            command()
    return _checked(Ran(end.value.code or 0, out.getvalue(), err.getvalue()))


def process(*arguments, before="", start=START) -> Ran:
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\n{start}", *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    return _checked(Ran(done.returncode, done.stdout, done.stderr))


def blocked(*names: str) -> str:
    """Code after which these packages cannot be imported."""
    return (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {names!r}:\n"
        "            raise ModuleNotFoundError(f'{name} is blocked', name=name)\n"
        "sys.meta_path.insert(0, Block())"
    )


def _checked(ran: Ran) -> Ran:
    assert "Traceback" not in ran.err + ran.out
    assert "\x1b" not in ran.err + ran.out
    return ran


def encode(out, *arguments) -> Ran:
    return nsdc("encode", "digits", "-o", out, *TINY, *arguments)


def test_a_user_without_a_home_encodes_what_needs_no_experts(tmp_path, monkeypatch):
    """As in a container that runs as a user id without an entry in /etc/passwd."""
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert encode(tmp_path / "a.nsd", "--objective", "dm", "--iterations", 1).code == 0
    refused = encode(tmp_path / "b.nsd")
    assert (refused.code, "set HOME or XDG_CACHE_HOME" in refused.err) == (7, True)
    assert not list(tmp_path.glob("b.nsd*"))
    rows = ("bench", "table2", "--source", "digits", "-o", tmp_path, "--rows", "nsd", "--networks", 0)
    assert nsdc(*rows).code == 2  # beyond the folder of experts


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "digits.nsd"
    assert encode(path, "--iterations", 3, "--set", "training.epochs=3").code == 0
    return path


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "pixel.nsd"
    assert encode(path, "--parameterization", "pixel", "--objective", "none").code == 0
    return path


def changed(file, tmp_path, **fields):
    path = tmp_path / "changed.nsd"
    path.write_bytes(edited(file.read_bytes(), header=lambda header: header.update(fields)))
    return path


class TestMemory:
    @pytest.mark.parametrize(("text", "nbytes"), [("8GB", 8e9), ("512MiB", 2**29), ("2e9", 2e9), ("1.5 gb", 1.5e9)])
    def test_is_a_size(self, text, nbytes):
        assert options.memory(text) == nbytes

    @pytest.mark.parametrize("text", ["much", "8XB", "0", "-1GB", "1..2GB", ""])
    def test_what_is_no_size_is_refused(self, text):
        with pytest.raises(InvalidSetting, match="--memory"):
            options.memory(text)

    def test_too_little_is_refused_before_anything_is_written(self, tmp_path):
        ran = nsdc("encode", "digits", "-o", tmp_path / "a.nsd", *TINY, "--memory", "10MB")
        assert ran.code == 6
        assert "--memory 10MB is not enough: the process itself takes" in ran.err
        assert not (tmp_path / "a.nsd").exists()
        assert nsdc("experts", "digits", *TINY, "--memory", "10MB", "--experts-dir", tmp_path).code == 6

    def test_enough_changes_no_byte(self, tmp_path):
        for name, given in (("a.nsd", ()), ("b.nsd", ("--memory", "64GB"))):
            assert nsdc("encode", "digits", "-o", tmp_path / name, *TINY, "--iterations", 2, *given).code == 0
        assert (tmp_path / "a.nsd").read_bytes() == (tmp_path / "b.nsd").read_bytes()
        ran = nsdc("eval", tmp_path / "a.nsd", "digits", "--networks", 1, "--epochs", 1, "--memory", "10MB")
        assert ran.code == 6


class TestHelp:
    def test_lists_every_command_and_the_exit_codes(self):
        ran = process("--help")
        assert ran.code == 0
        assert all(command in ran.out for command in COMMANDS)
        assert all(f"{code} " in ran.out for code in (0, 1, 2, 3, 4, 5, 6, 7, 130))
        assert ran.err == ""

    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_has_one_and_takes_json(self, command):
        ran = nsdc(command, "--help")
        assert ran.code == 0
        assert "--json" in ran.out
        assert "Usage" in ran.out

    @pytest.mark.parametrize(
        ("command", "registry"),
        [
            ("encode", SOURCES),
            ("encode", OBJECTIVES),
            ("encode", PARAMETERIZATIONS),
            ("experts", SOURCES),
            ("analyze", SOURCES),
            ("bench", TABLES),
            ("export", FORMATS),
        ],
    )
    def test_names_all_that_is_registered(self, command, registry):
        shown = nsdc(command, "--help").out
        assert all(re.search(rf"\b{name}\b", shown) for name in registry)
        assert "{" not in shown.partition("Arguments")[2]

    @pytest.mark.parametrize(("columns", "longest"), [(40, 38), (60, 58), (200, 78)])
    def test_the_list_of_commands_is_no_wider_than_the_terminal(self, monkeypatch, columns, longest):
        monkeypatch.setenv("COLUMNS", str(columns))
        lengths = [len(line) for line in nsdc("--help").out.splitlines()]
        assert longest - 8 <= max(lengths) <= longest

    def test_fills_its_paragraphs(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "90")
        text = nsdc("verify", "--help").out.partition("Every target")[2].partition("╭")[0]
        *full, _ = text.strip().splitlines()
        assert full
        assert all(len(line.strip()) > 50 for line in full)

    @pytest.mark.parametrize(
        ("name", "registry"),
        [
            ("objectives", OBJECTIVES),
            ("parameterizations", PARAMETERIZATIONS),
            ("sources", SOURCES),
            ("formats", FORMATS),
            ("tables", TABLES),
        ],
    )
    def test_its_names_are_those_of_the_registry(self, name, registry):
        assert helptext.NAMES[name] == ", ".join(registry)

    def test_its_paths_are_those_of_the_sources(self):
        assert helptext.NAMES["paths"] == PATHS

    @pytest.mark.parametrize("command", ["encode", "bench", "export", "eval"])
    def test_is_shown_without_pytorch(self, command):
        code = "import sys; sys.argv = ['nsdc', sys.argv[1], '--help']\n"
        code += "from nsdcodec_cli import main\n"
        code += "try:\n    main()\nfinally:\n    print('torch' in sys.modules, file=sys.stderr)"
        ran = fresh_python(code, command)
        assert ran.stderr == "False\n", ran.stderr

    def test_the_shell_can_complete_commands_and_options(self):
        environment = {**os.environ, "_NSDC_COMPLETE": "complete_bash", "COMP_WORDS": "nsdc enc", "COMP_CWORD": "1"}
        code = "import sys; sys.argv[0] = 'nsdc'\n" + START
        ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
        assert ran.stdout.split() == ["encode"]

    def test_version_is_the_packages(self):
        import nsdcodec

        ours, torchs = nsdc("--version").out.splitlines()
        assert ours == f"nsdcodec {nsdcodec.__version__}"
        threads = torch.get_num_threads()
        assert torchs.startswith(f"torch {torch.__version__}, device ")
        assert torch.cuda.is_available() or torchs.endswith(f"device cpu: {threads} threads")

    def test_the_device_that_it_names_is_the_one_that_is_taken(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA Test")
        assert nsdc("--version").out.endswith(", device cuda: NVIDIA Test\n")
        assert compute.pick_device("auto").type == "cuda"

    def test_version_needs_no_pytorch(self):
        ran = process("--version", before=blocked("torch"))
        assert (ran.code, "no PyTorch" in ran.out) == (0, True)

    @pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
    def test_completion_is_installed_for_the_shell_that_asks(self, tmp_path):
        (tmp_path / "nsdc").write_text(f"#!{sys.executable}\n{START}\n")
        (tmp_path / "nsdc").chmod(0o755)
        environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        environment.pop("SHELL", None)
        script = "nsdc --install-completion; . ~/.bashrc; COMP_WORDS=(nsdc verif); COMP_CWORD=1; complete -p nsdc"
        script += "; $(complete -p nsdc | grep -oE '_nsdc[a-z_]+') nsdc; echo \"${COMPREPLY[@]}\""
        ran = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60)
        assert "bash completion installed" in ran.stdout, ran.stderr
        assert ran.stdout.splitlines()[-1].strip() == "verify"

    def test_without_the_extra_cli_it_says_what_to_install(self):
        ran = process("--help", before=blocked("typer"))
        assert ran.code == 7
        assert "pip install" in ran.err


class TestNotes:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("encode", "-o", "x.nsd", "--recipe", "none"),
            ("experts", "--recipe", "none"),
            ("analyze", "--class", "none"),
        ],
        ids=["encode", "experts", "analyze"],
    )
    def test_what_is_to_be_known_of_the_images_stands_on_stderr_before_the_work(self, tmp_path, arguments):
        (tmp_path / "set/ape").mkdir(parents=True)
        Image.new("LA", (8, 8)).save(tmp_path / "set/ape/0.png")
        ran = nsdc(arguments[0], tmp_path / "set", *arguments[1:])
        assert (ran.code, ran.out) == (2, "")
        *before, note, error = ran.err.splitlines()
        assert all("loading" in line for line in before)
        assert note.startswith("note: set: 1 image is transparent in places and was laid on white; 1 of them")
        assert error.startswith("error: unknown ")


class TestEncode:
    def test_says_what_it_made(self, tmp_path):
        path = tmp_path / "out.nsd"
        ran = encode(path, "--iterations", 3)
        assert ran.code == 0
        assert str(path) in ran.out
        assert f"{path.stat().st_size:,} bytes" in ran.out
        assert "40 images; " in ran.out
        assert "after 3 iterations, " in ran.out
        assert "after 1 iteration, " in encode(path, "--iterations", 1, "--overwrite").out

    def test_json_alone_is_on_stdout_and_progress_on_stderr(self, tmp_path):
        path = tmp_path / "out.nsd"
        ran = encode(path, "--iterations", 3, "--json")
        assert ran.code == 0
        assert ran.json["output"] == str(path)
        assert ran.json["bytes"] == path.stat().st_size
        assert ran.json["bits_per_class"] == path.stat().st_size * 8 / 10
        assert ran.json["images"] == len(NSDDataset(path))
        assert ran.json["iterations"] == 3
        assert ran.err.startswith("encode   0%, ")

    def test_the_file_says_how_it_was_made(self, tmp_path):
        path = tmp_path / "out.nsd"
        encode(path, "--iterations", 3, "--seed", 5, "--ipc", 2, "--set", "optimizer.learning_rate=0.01")
        header = NSDDataset(path).header
        assert header.provenance["seed"] == 5
        assert header.provenance["recipe"] == "cpu"
        assert header.provenance["set"][-2:] == ["optimizer.learning_rate=0.01", "iterations=3"]
        assert header.provenance["source"] == f"digits {load('digits').sha256[:16]}"
        assert header.layout.elements <= 2 * 10 * 64

    def test_a_setting_is_in_the_file_and_beats_what_the_source_suggests(self, tmp_path):
        path = tmp_path / "out.nsd"
        pairs = ("training.epochs=7", "training.augmentation=color_crop", "training.network.depth=1")
        encode(path, "--iterations", 1, *(word for pair in pairs for word in ("--set", pair)))
        recipe = NSDDataset(path).recipe
        assert (recipe.epochs, recipe.augmentation, recipe.network.depth) == (7, "color_crop", 1)

    def test_a_depth_by_set_is_the_depth_of_the_distilling_network(self, tmp_path):
        encode(tmp_path / "out.nsd", "--iterations", 1, "--set", "network.depth=3")
        started = json.loads((tmp_path / "out.nsd.log.jsonl").read_text().splitlines()[0])
        assert started["settings"]["network.depth"] == 3

    def test_the_best_of_one_image_a_class_keeps_real_images(self, other):
        dataset = NSDDataset(other)
        real = {image.numpy().tobytes() for image in load("digits").train.images}
        assert len(dataset) == 10
        assert all(image.numpy().tobytes() in real for image in dataset.to_pixels(dataset.all()[0]))


class TestInfo:
    def test_every_byte_of_the_file_is_in_the_table(self, file):
        lines = nsdc("info", file).out.splitlines()
        table = lines[next(i for i, line in enumerate(lines) if line.startswith("where the bytes go")) + 1 :]
        shared = [line.split()[0] for line in table if not line.endswith("%")]  # the bytes of one frame
        sizes = {line.split()[0]: int(line.split()[-2].replace(",", "")) for line in table if line.endswith("%")}
        assert sizes.pop("total") == file.stat().st_size
        assert sum(sizes.values()) == file.stat().st_size
        assert set(sizes) == {"labels", "coded", "header", "digest"}
        assert set(shared) == set(NSDDataset(file).header.layout.arrays)

    def test_of_arrays_coded_together_the_bytes_are_estimated(self, file):
        lines = nsdc("info", file).out.splitlines()
        guesses = [
            int(found[1].replace(",", "")) for line in lines if (found := re.search(r"~([\d,]+)$", line.rstrip()))
        ]
        (whole,) = nsdc("info", file, "--json").json["stored_bytes"].values()
        assert len(guesses) == len(NSDDataset(file).header.layout.arrays)
        assert sum(guesses) == pytest.approx(whole, abs=len(guesses))

    def test_of_several_files_the_one_that_is_none_is_named(self, file, tmp_path):
        (tmp_path / "pointer.nsd").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
        ran = nsdc("info", file, tmp_path / "pointer.nsd")
        assert ran.code == 3
        assert f"{tmp_path / 'pointer.nsd'}:" in ran.err.splitlines()

    def test_several_files_have_their_names_above_them(self, file, other):
        ran = nsdc("info", file, other)
        alone = [nsdc("info", each).out for each in (file, other)]
        assert ran.out == f"{file}\n{alone[0]}\n{other}\n{alone[1]}"
        documents = nsdc("info", file, other, "--json").json
        assert [document.pop("file") for document in documents] == [str(file), str(other)]
        assert documents == [nsdc("info", each, "--json").json for each in (file, other)]

    def test_every_byte_of_the_file_is_in_the_json(self, file):
        document = nsdc("info", file, "--json").json
        parts = [document["header_bytes"], document["digest_bytes"], *document["stored_bytes"].values()]
        assert sum(parts) == file.stat().st_size
        assert document["bits_per_element"] == (
            8 * sum(document["stored_bytes"].values()) / NSDDataset(file).header.layout.elements
        )
        assert document["bytes"] == file.stat().st_size
        assert document["classes"] == list("0123456789")

    def test_shows_the_recipe_and_the_hash(self, file):
        text = nsdc("info", file).out
        assert "3 epochs" in text
        assert NSDDataset(file).header.provenance["encoder"] in text
        digest = nsdc("info", file, "--json").json["sha256"]
        assert hashlib.sha256(file.read_bytes()[:-32]).hexdigest() == digest
        assert digest in text

    def test_needs_neither_torch_nor_the_packages_of_the_encoder(self, file):
        ran = process("info", file, before=blocked("torch", "torchvision", "h5py", "sklearn", "PIL"))
        assert (ran.code, ran.err) == (0, "")
        assert f"{file.stat().st_size:,} bytes" in ran.out

    def test_control_characters_in_a_file_do_not_reach_the_terminal(self, file, tmp_path):
        names = ["\x1b[31mred", *"123456789"]
        text = nsdc("info", changed(file, tmp_path, classes=names, provenance={"recipe": "\x1b]0;title\x07"})).out
        assert r"\x1b[31mred" in text
        assert r"\x1b]0;title\x07" in text


class TestVerify:
    def test_a_line_for_each_check(self, file):
        ran = nsdc("verify", file)
        assert ran.code == 0
        assert [line.split()[1].strip(":") for line in ran.out.splitlines()[:-1]] == [
            "framing", "version", "digest", "header", "arrays", "layout", "decoding",
        ]  # fmt: skip
        assert "sound" in ran.out

    def test_json_of_a_sound_and_of_a_damaged_file(self, file, tmp_path):
        assert nsdc("verify", file, "--json").json[0]["ok"] is True
        path = tmp_path / "bad.nsd"
        path.write_bytes(file.read_bytes()[:-1])
        ran = nsdc("verify", path, "--json")
        assert ran.code == 3
        assert ran.json[0]["ok"] is False
        assert "NSD-F01" in ran.json[0]["error"]

    def test_says_where_it_failed(self, file, tmp_path):
        ran = nsdc("verify", changed(file, tmp_path, image_shape="unknown"))
        assert ran.code == 3
        assert [line.split()[0] for line in ran.out.splitlines()] == [*3 * ["ok"], "FAILED", *3 * ["skipped"]]


class TestConvert:
    def test_writes_the_file_and_says_what_it_cost(self, file, tmp_path):
        out = tmp_path / "int8.nsd"
        ran = nsdc("convert", file, out, "--dtype", "int8", "--codec", "zstd", "--json")
        assert ran.code == 0
        after, before = read(out), read(file)
        assert after.header.layout.arrays["spectrum"].dtype == "int8"
        assert after.is_coded
        assert (ran.json["bytes_before"], ran.json["bytes"]) == (before.nbytes, after.nbytes)
        assert ran.json["bits_per_class"] == 8 * after.nbytes / 10
        first, second = (NSDDataset(path).all()[0] * before.header.normalization.std[0] * 255 for path in (file, out))
        error = (first - second).double()
        assert ran.json["psnr"] == pytest.approx(10 * np.log10(255**2 / error.square().mean().item()), abs=1e-3)
        assert ran.json["largest"] == pytest.approx(error.abs().max().item(), abs=1e-3)
        assert "PSNR" in nsdc("convert", file, out, "--dtype", "int8").out

    def test_a_file_in_place_and_in_no_other_type(self, file, tmp_path):
        path = tmp_path / "same.nsd"
        path.write_bytes(file.read_bytes())
        ran = nsdc("convert", path, path, "--codec", "raw")
        assert (ran.code, "every image is the same" in ran.out) == (0, True)
        assert not read(path).is_coded

    @pytest.mark.parametrize(
        ("more", "says"),
        [(["--dtype", "int5"], "int8"), (["--codec", "lzma"], "zstd"), (["--scale", "rows"], "did you mean 'row'")],
    )
    def test_an_unknown_name_changes_nothing(self, file, tmp_path, more, says):
        before = file.read_bytes()
        ran = nsdc("convert", file, file, *more, *(["--dtype", "int8"] if "--scale" in more else []))
        assert (ran.code, says in ran.err) == (2, True)
        assert file.read_bytes() == before


class TestDecode:
    def test_a_png_for_each_image(self, file, tmp_path):
        folder = tmp_path / "images"
        ran = nsdc("decode", file, "--png", folder)
        dataset = NSDDataset(file)
        wanted = dataset.exact_pixels(range(len(dataset))).numpy()
        assert ran.code == 0
        found = sorted(path for path in folder.glob("*.png") if path.name != "contact-sheet.png")
        assert len(found) == len(dataset)
        for i, path in enumerate(found):
            assert path.name == f"{i:02}-{dataset.labels[i]}.png"
            np.testing.assert_array_equal(np.asarray(Image.open(path)), wanted[i, 0])

    def test_the_contact_sheet_has_a_row_a_class(self, file, tmp_path):
        nsdc("decode", file, "--png", tmp_path)
        sheet = np.asarray(Image.open(tmp_path / "contact-sheet.png").convert("L"))
        dataset = NSDDataset(file)
        wanted = dataset.exact_pixels(range(len(dataset))).numpy()
        tile = 40  # five times 8 pixels
        columns = max(Counter(dataset.labels.tolist()).values())
        # The names of the classes stand left of their rows, black on white.
        margin = sheet.shape[1] - (columns * (tile + 1) - 1)
        assert 5 < margin < 40
        assert sheet.shape[0] == 10 * (tile + 1) - 1
        assert all(sheet[row * (tile + 1) :][:tile, :margin].min() < 100 for row in range(10))
        assert all(sheet[row * (tile + 1) + tile, :margin].min() == 255 for row in range(9))
        sheet = sheet[:, margin:]
        place = Counter()
        for image, label in zip(wanted, dataset.labels.tolist(), strict=True):
            top, left = label * (tile + 1), place[label] * (tile + 1)
            np.testing.assert_array_equal(sheet[top : top + tile : 5, left : left + tile : 5], image[0])
            place[label] += 1

    def test_npz_holds_what_the_dataset_gives(self, file, tmp_path):
        path = tmp_path / "all.npz"
        ran = nsdc("decode", file, "--npz", path, "--json")
        assert ran.json == {"images": len(NSDDataset(file)), "written": [str(path)]}
        images, labels = NSDDataset(file).all()
        with np.load(path) as arrays:
            np.testing.assert_array_equal(arrays["images"], images.numpy())
            np.testing.assert_array_equal(arrays["pixels"], NSDDataset(file).exact_pixels(range(len(images))).numpy())
            np.testing.assert_array_equal(arrays["labels"], labels.numpy())

    def test_class_names_of_any_length_and_kind_become_file_names(self, file, tmp_path):
        names = ["n" * 250, "../up", *"23456789"]
        assert nsdc("decode", changed(file, tmp_path, classes=names), "--png", tmp_path / "images").code == 0
        sheet = Image.open(tmp_path / "images/contact-sheet.png")
        assert sheet.width < 40 * 40
        made = {path.name for path in (tmp_path / "images").glob("*.png")}
        assert len(made) == len(NSDDataset(file)) + 1
        assert any("___up" in name for name in made)

    def test_a_used_folder_is_replaced_when_told_and_never_mixed(self, file, other, tmp_path):
        folder = tmp_path / "made" / "images"
        assert nsdc("decode", file, "--png", folder).code == 0
        first = sorted(path.name for path in folder.iterdir())
        ran = nsdc("decode", other, "--png", folder)
        assert ran.code == 7
        assert "--overwrite" in ran.err
        assert sorted(path.name for path in folder.iterdir()) == first
        assert nsdc("decode", other, "--png", folder, "--overwrite").code == 0
        assert len(list(folder.glob("*.png"))) == len(NSDDataset(other)) + 1 != len(first) - 1
        (tmp_path / "thesis.tex").write_text("years of work")
        ran = nsdc("decode", file, "--png", tmp_path, "--overwrite")
        assert ran.code == 7
        assert "no former export" in ran.err
        assert (tmp_path / "thesis.tex").read_text() == "years of work"

    def test_overwrite_is_for_a_folder(self, file, tmp_path):
        assert nsdc("decode", file, "--npz", tmp_path / "x.npz", "--overwrite").code == 2

    def test_nothing_to_write_is_refused(self, file):
        ran = nsdc("decode", file)
        assert ran.code == 2
        assert "--png" in ran.err


class TestExport:
    @pytest.mark.parametrize("to", ["imagefolder", "npz"])
    def test_what_it_writes_can_be_encoded(self, file, tmp_path, to):
        path = tmp_path / ("out.npz" if to == "npz" else "out")
        ran = nsdc("export", file, "--to", to, "-o", path)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == f"{len(NSDDataset(file))} images to {path}\n"
        ran = nsdc(
            "encode", path, "-o", tmp_path / "again.nsd", *TINY, "--objective", "none", "--parameterization", "pixel"
        )
        assert ran.code == 0
        again = NSDDataset(tmp_path / "again.nsd")
        dataset = NSDDataset(file)
        written = {image.numpy().tobytes() for image in dataset.exact_pixels(range(len(dataset)))}
        assert all(image.numpy().tobytes() in written for image in again.to_pixels(again.all()[0]))

    def test_json(self, file, tmp_path):
        path = tmp_path / "out.h5"
        found = nsdc("export", file, "--to", "hdf5", "-o", path, "--json").json
        assert found == {"images": len(NSDDataset(file)), "format": "hdf5", "written": str(path)}

    def test_a_folder_that_is_there_and_a_wrong_format_end_it(self, file, tmp_path):
        assert nsdc("export", file, "--to", "imagefolder", "-o", tmp_path / "out").code == 0
        ran = nsdc("export", file, "--to", "imagefolder", "-o", tmp_path / "out")
        assert ran.code == 7
        assert "--overwrite" in ran.err
        assert nsdc("export", file, "--to", "imagefolder", "-o", tmp_path / "out", "--overwrite").code == 0
        ran = nsdc("export", file, "--to", "parquet", "-o", f"{tmp_path}/new/")
        assert ran.code == 2
        assert f"such as {tmp_path}/new/images.parquet" in ran.err
        assert nsdc("export", file, "--to", "npz", "-o", tmp_path).code == 2
        assert not (tmp_path / "new").exists()
        ran = nsdc("export", file, "--to", "image-folder", "-o", tmp_path / "other")
        assert ran.code == 2
        assert "did you mean 'imagefolder'" in ran.err


class TestPush:
    def test_a_dry_run_prints_the_card_and_needs_no_network(self, file, tmp_path):
        evaluated = nsdc("eval", file, "digits", "--networks", 2, "--epochs", 2, "--device", "cpu", "--json")
        (tmp_path / "results.json").write_text(evaluated.out)
        told = ("--accuracy", tmp_path / "results.json", "--accuracy", "about 9 in 10")
        ran = nsdc("push", file, "user/digits", "--license", "mit", *told, "--dry-run")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("---\nlicense: mit\n")
        found = evaluated.json
        shares = f"{found['mean']:.1%} ± {100 * found['deviation']:.1f}"
        assert f"| digits.nsd | convnet | {shares} | 2 | digits, 355 |" in ran.out
        assert "- about 9 in 10\n" in ran.out
        assert "on no package index" in ran.out
        assert "pip install '.[encode,hub]'" in ran.out
        assert nsdc("push", file, "user/digits", "--dry-run", "--json").json["files"] == ["digits.nsd"]

    def test_what_it_cannot_use_ends_it(self, file, tmp_path):
        (tmp_path / "other.json").write_text('{"accuracy": 1}')
        for arguments, code, message in (
            ([file], 2, "nsdc push c10.nsd user/name"),
            ([file, "digits"], 2, "USER/NAME"),
            ([file, "u/d", "--license", "My Licence", "--dry-run"], 2, "no identifier"),
            ([file, "u/d", "--no-card", "--dry-run"], 2, "--no-card"),
            ([file, "u/d", "--accuracy", tmp_path / "other.json", "--dry-run"], 2, "nsdc eval --json"),
            ([file, "u/d", "--accuracy", tmp_path / "missing.json", "--dry-run"], 7, "missing.json"),
            ([file, "u/d", "--accuracy", tmp_path / "missing.txt", "--dry-run"], 7, "missing.txt"),
            ([file, "u/d", "--accuracy", file, "--dry-run"], 2, "nsdc eval --json"),
            ([tmp_path / "missing.nsd", "u/d", "--dry-run"], 7, "missing.nsd"),
        ):
            ran = nsdc("push", *arguments)
            assert ran.code == code, arguments
            assert message in ran.err


class TestEval:
    QUICK = ("--networks", 2, "--epochs", 1, "--width", 8, "--device", "cpu")

    def test_a_row_for_each_file(self, file, other):
        ran = nsdc("eval", file, other, "digits", *self.QUICK)
        assert ran.code == 0
        header, *rows = ran.out.splitlines()
        assert header.split() == ["file", "bytes", "elements", "images", "accuracy"]
        for path, row in zip((file, other), rows, strict=False):
            assert row.startswith(str(path))
            assert f"{path.stat().st_size:,}" in row
        assert "2 networks (convnet 2 x 8, 1 epoch)" in rows[2]

    def test_one_network_has_no_spread_and_no_plural(self, file):
        ran = nsdc("eval", file, "digits", *self.QUICK, "--networks", 1)
        assert "1 network (convnet 2 x 8, 1 epoch)" in ran.out
        assert "±" not in ran.out

    def test_json_lists_the_files_and_is_repeatable(self, file, other):
        first, second = nsdc("eval", file, other, "digits", *self.QUICK, "--json").json
        assert [first["file"], second["file"]] == [str(file), str(other)]
        assert len(first["accuracies"]) == 2
        assert first["mean"] == pytest.approx(sum(first["accuracies"]) / 2)
        assert first["test_images"] == len(load("digits").test)
        assert nsdc("eval", file, "digits", *self.QUICK, "--json").json == first

    def test_cutmix_trains_otherwise_and_is_told(self, file):
        quick = ("--networks", 1, "--epochs", 60, "--width", 8, "--device", "cpu")
        plain = nsdc("eval", file, "digits", *quick, "--json").json
        mixed = nsdc("eval", file, "digits", *quick, "--cutmix", "--json").json
        assert (plain["cutmix"], mixed["cutmix"]) == (False, True)
        assert plain["accuracies"] != mixed["accuracies"]
        assert "60 epochs, CutMix)" in nsdc("eval", file, "digits", *quick, "--cutmix").out

    def test_a_file_name_is_not_taken_for_markup(self, file, tmp_path):
        path = tmp_path / "[red].nsd"
        path.write_bytes(file.read_bytes())
        assert "[red].nsd" in nsdc("eval", path, "digits", *self.QUICK).out

    @pytest.mark.parametrize("wrong", [("--width", 0), ("--depth", -1), ("--depth", 9), ("--networks", 0)])
    def test_impossible_networks_are_refused(self, file, wrong):
        ran = nsdc("eval", file, "digits", *self.QUICK, *wrong)
        assert ran.code == 2
        assert ran.err.splitlines()[-1].startswith("error: ")

    def test_labels_go_by_class_names_and_other_names_are_refused(self, file, tmp_path):
        """torchxrayvision#130, deit#130: it went by the numbers, whatever the names."""
        test, names = load("digits").test, [f"digit {number}" for number in range(10)]
        for name, labels, classes in (
            ("same", test.labels, names),
            ("backwards", 9 - test.labels, names[::-1]),
            ("other", test.labels, [*names[:9], "ship"]),
        ):
            arrays = {"train_images": test.images, "train_labels": labels, "test_images": test.images}
            np.savez(tmp_path / name, **arrays, test_labels=labels, classes=classes)
        named = changed(file, tmp_path, classes=names)
        same, backwards = (
            nsdc("eval", named, tmp_path / f"{name}.npz", *self.QUICK, "--epochs", 60, "--json")
            for name in ("same", "backwards")
        )
        assert same.code == backwards.code == 0
        assert same.json["accuracies"] == backwards.json["accuracies"]
        assert same.json["mean"] > 0.2
        ran = nsdc("eval", named, tmp_path / "other.npz", *self.QUICK)
        assert ran.code == 2
        assert f"only {named} has 'digit 9' and only other has 'ship'" in ran.err
        assert "network 1" not in ran.err

    def test_a_column_for_each_kind_of_network(self, file, other):
        ran = nsdc("eval", file, other, "digits", *self.QUICK, "--nets", "convnet1,convnet, alexnet")
        assert ran.code == 0
        header, *rows = ran.out.splitlines()
        assert header.split() == ["file", "convnet1", "convnet", "alexnet"]
        assert [row.count("±") for row in rows] == [3, 3, 0]
        assert "2 networks of each kind" in rows[2]
        found = nsdc("eval", file, "digits", *self.QUICK, "--nets", "convnet1,alexnet", "--json").json
        assert [row["net"] for row in found] == ["convnet1", "alexnet"]
        networks = [row["recipe"]["network"] for row in found]
        assert networks[0] == {"name": "convnet", "depth": 1, "width": 8}
        assert networks[1] == {"name": "alexnet", "depth": 6, "width": 128}

    @pytest.mark.parametrize(
        ("nets", "said"),
        [("convnet,resnet", "did you mean 'resnet18'"), ("convnet,vgg11", "at least 28 x 28"), ("", "unknown network")],
    )
    def test_kinds_that_there_are_not_are_refused_before_any_training(self, file, nets, said):
        ran = nsdc("eval", file, "digits", "--nets", nets)
        assert ran.code == 2
        assert said in ran.err

    def test_a_row_for_each_corruption(self, file):
        quick = ("--corruptions", "--severities", "2,5", "--corruption-images", "20")
        ran = nsdc("eval", file, "digits", *self.QUICK, *quick)
        assert ran.code == 0
        header, *rows, said = ran.out.splitlines()[-19:]
        assert header.split() == ["corruption", str(file)]
        assert [row.split()[0] for row in rows] == ["clean", *CORRUPTIONS, "average"]
        numbers = [float(row.split()[1]) for row in rows]
        assert "made here, 20 images, mean over severities 2,5" in said
        found = nsdc("eval", file, "digits", *self.QUICK, *quick, "--json").json["corruptions"]
        every = np.array([list(rows.values()) for rows in found["accuracies"].values()])
        assert every.shape == (15, 2, 2)  # corruptions, severities, networks
        assert list(found["accuracies"]["fog"]) == ["2", "5"]
        assert numbers[1:-1] == pytest.approx(100 * every.mean(axis=(1, 2)), abs=0.051)
        assert numbers[-1] == pytest.approx(100 * every.mean(), abs=0.051)
        assert numbers[0] == pytest.approx(100 * np.mean(found["clean"]), abs=0.051)
        assert found["mean"]["average"] == pytest.approx(every.mean())
        assert (found["images"], found["published"]) == (20, False)

    @pytest.mark.parametrize(
        "wrong",
        [
            ("--severities", "1,3"),
            ("--corruption-images", 5),
            ("--corruptions", "--severities", "1,x"),
            ("--corruptions", "--severities", "0"),
            ("--corruptions", "--corruption-images", 100_000),
        ],
    )
    def test_corruptions_that_there_are_not_are_refused_before_any_training(self, file, wrong):
        ran = nsdc("eval", file, "digits", *wrong)
        assert ran.code == 2
        assert ran.err.splitlines()[-1].startswith("error: ")

    def test_without_a_source_it_says_how(self, file):
        ran = nsdc("eval", file)
        assert ran.code == 2
        assert "nsdc eval" in ran.err


class TestExperts:
    def test_makes_them_once(self, tmp_path):
        arguments = ["experts", "digits", "--objective", "mtt", "--count", 2, "--experts-dir", tmp_path]
        arguments += ["--json", "--device", "cpu"]
        for pair in ("network.width=4", "objective.last_start=0", "objective.expert_epochs=1"):
            arguments += ["--set", pair]
        made = nsdc(*arguments).json
        assert (made["experts"], made["epochs"]) == (2, 1)
        files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.h5")}
        assert {str(path.parent) for path in files} == {made["folder"]}
        assert len(files) == 2
        nsdc(*arguments)
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.h5")} == files

    def test_several_at_once_and_in_float16(self, tmp_path):
        arguments = ["experts", "digits", "--objective", "mtt", "--count", 3, "--experts-dir", tmp_path]
        arguments += ["--json", "--device", "cpu"]
        for pair in ("network.width=4", "objective.first_start=1", "objective.last_start=1"):
            arguments += ["--set", pair]
        made = nsdc(*arguments, "--set", "objective.expert_epochs=1", "--together", 2)
        assert (made.json["experts"], made.json["epochs"]) == (3, 2)
        half = nsdc(*arguments, "--set", "objective.expert_epochs=1", "--set", "objective.expert_dtype=float16")
        assert half.json["folder"] != made.json["folder"]
        assert nsdc(*arguments, "--together", 0).code == 2
        assert "did you mean 'float16'" in nsdc(*arguments, "--set", "objective.expert_dtype=float61").err


class TestAnalyze:
    @pytest.fixture(autouse=True)
    def _needs(self, tmp_path, monkeypatch):
        pytest.importorskip("matplotlib")
        monkeypatch.chdir(tmp_path)

    def test_the_json_printed_is_in_the_file_with_the_arrays(self, tmp_path):
        printed = nsdc("analyze", "digits", "--class", "3", "--images", 50, "--json").json
        folder = tmp_path / "analysis-digits"
        written = json.loads((folder / "analysis.json").read_text())
        assert (printed["class"], printed["shape"]) == ("3", [50, 1, 8, 8])
        assert printed["dimensions"]["batch"]["size"] == 50
        assert printed["dimensions"]["channel"]["similarity"] is None
        assert {key: written[key] for key in printed} == printed
        best = np.sort(np.ravel(written["explained_variance_ratio"]))[-16:]
        assert best.sum() == pytest.approx(printed["frequencies"]["kept"]["16"], abs=1e-5)
        assert Image.open(folder / "analysis.png").width > 1000

    def test_a_row_a_dimension_and_where_the_files_are(self, tmp_path):
        ran = nsdc("analyze", "digits", "-o", "here", "--images", 20)
        title, header, *rows = ran.out.splitlines()
        assert title == "digits, 0: 20 images of 1 x 8 x 8"
        assert header.split()[:2] == ["dimension", "size"]
        assert [row.split()[:2] for row in rows[:4]] == [
            ["batch", "20"], ["channel", "1"], ["height", "8"], ["width", "8"],
        ]  # fmt: skip
        assert "of 64 frequencies, 4 keep" in ran.out
        assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["analysis.json", "analysis.png"]

    def test_what_cannot_be_analysed_or_written_has_its_exit_code(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        assert nsdc("analyze", "digits", "-o", "file").code == 7
        ran = nsdc("analyze", "digits", "--class", "33")
        assert (ran.code, "did you mean '3'" in ran.err) == (2, True)
        assert nsdc("analyze", "digits", "--images", 1).code == 2
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        ran = nsdc("analyze", "missing.h5")
        assert (ran.code, "nsdcodec[figures]" in ran.err) == (7, True)


class TestRecipes:
    def test_lists_every_recipe(self):
        published = ("nsd", "mtt", "ftd", "fred", "dc", "datm", "speed", "gsdd", "cafe", "frepo")
        budgets = {f"{name}-ipc{ipc}" for name in published for ipc in (1, 10, 50)}
        sets = {"cifar100": (1, 10, 50), "svhn": (1, 10, 50), "tinyimagenet": (1,), "subset": (1, 10)}
        places = {f"{name}-ipc{ipc}" for name, ipcs in sets.items() for ipc in ipcs}
        others = {f"{paper}-{place}" for paper in ("mtt", "fred") for place in places}
        others |= {f"nsd-{place}" for place in ("cifar100-ipc1", "cifar100-ipc10", "tinyimagenet-ipc1", "subset-ipc1")}
        others |= {"cpu", "cpu-hours", "gpu", "gpu-mtt", "dm-ipc1"}
        assert set(nsdc("recipes", "--json").json) == budgets | others
        assert len(nsdc("recipes").out.splitlines()) == 30 + len(others)

    def test_one_recipe_shows_the_keys_that_set_takes(self):
        keys = nsdc("recipes", "mtt-ipc1", "--json").json
        assert keys["objective.student_steps"] == 50
        assert keys["parameterization.name"] == "pixel"
        shown = {line.split()[0] for line in nsdc("recipes", "mtt-ipc1").out.splitlines()}
        assert shown == set(keys)

    def test_each_key_is_shown_with_its_value_its_meaning_and_its_choices(self):
        lines = {line.split()[0]: " ".join(line.split()[1:]) for line in nsdc("recipes", "cpu").out.splitlines()}
        assert lines["validation.checks"] == "4: how often the set is judged"
        assert lines["optimizer.kind"] == "adam: what changes the arrays (adam, sgd)"
        assert lines["optimizer.label_rate"].startswith("auto: rate of soft labels")
        assert lines["objective.name"] == f"tgdd: what is matched ({', '.join(OBJECTIVES)})"


class TestExitCodes:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--recipe", "cpuu"), "did you mean 'cpu'"),
            (("--parameterization", "pixels"), "did you mean 'pixel'"),
            (("--objective", "mt"), "did you mean 'mtt'"),
            (("--set", "optimizer.learning_rat=1"), "did you mean 'optimizer.learning_rate'"),
            (
                ("--set", "learning_rat=1"),
                "nearest of 59: coreset.learning_rate, optimizer.learning_rate, teachers.learning_rate\n",
            ),
            (("--set", "width=8"), "network.width"),
            (("--set", "optimizer.learning_rate"), "key=value"),
            (("--set", "optimizer.learning_rate=fast"), "a finite number"),
            (("--set", "training.weight_decay=1e999"), "a finite number"),
            (("--set", "iterations=1.5"), "an integer"),
            (("--set", "training.epochs=0"), "at least 1"),
            (("--set", "training.batch_size=0"), "at least 1"),
            (("--set", "network.width=0"), "at least 1"),
            (("--set", "training.network.name=convnets"), "did you mean 'convnet'"),
            (("--set", "training.augmentation=twist"), "unknown augmentation"),
            (("--set", "objective.real_per_class=0"), "at least 1"),
            (("--iterations", "-1"), "at least 0"),
            (("--time", "soon"), "10m"),
            (("--time", "0s"), "above 0"),
            (("--time", "9s", "--iterations", "3"), "one of them"),
            (("--resume", "--restart"), "one of them"),
            (("--device", "gpux"), "--device cpu"),
            (("--device", "meta"), "--device cpu"),
            (("--precision", "int4"), "bfloat16"),
            (("--ipc", "inf"), "finite"),
            (("--ipc", "nan"), "above 0"),
            (("--bits-per-class", "-3"), "above 0"),
            (("--seed", "-1"), "2^63"),
            (("--seed", "9223372036854775808"), "2^63"),
            (("--unknown-option",), "--unknown-option"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_2_for_what_cannot_be_asked(self, tmp_path, arguments, said):
        ran = encode(tmp_path / "out.nsd", *arguments)
        assert ran.code == 2
        assert said in ran.err
        assert not (tmp_path / "out.nsd").exists()

    def test_2_for_an_unknown_source_with_the_nearest(self, tmp_path):
        ran = nsdc("encode", "digit", "-o", tmp_path / "out.nsd")
        assert ran.code == 2
        assert "did you mean 'digits'" in ran.err

    def test_2_for_an_unknown_command(self):
        assert nsdc("encoed").code == 2

    @pytest.mark.parametrize("command", ["info", "verify", "decode"])
    def test_3_for_a_truncated_file_and_a_broken_header(self, file, tmp_path, command):
        more = ["--npz", tmp_path / "out.npz"] if command == "decode" else []
        path = tmp_path / "bad.nsd"
        for data in (b"", file.read_bytes()[:100], file.read_bytes()[:-3], b"\x05" + bytes(7) + b"{nsd}"):
            path.write_bytes(data)
            ran = nsdc(command, path, *more)
            assert ran.code == 3
            assert "NSD-F0" in ran.err + ran.out
        assert nsdc(command, changed(file, tmp_path, classes=["one", "one"]), *more).code == 3

    def test_4_for_a_flipped_byte(self, file, tmp_path):
        data = bytearray(file.read_bytes())
        data[-10] ^= 1
        path = tmp_path / "bad.nsd"
        path.write_bytes(data)
        ran = nsdc("info", path)
        assert ran.code == 4
        assert "damaged" in ran.err
        assert nsdc("eval", path, "digits").code == 4

    def test_5_for_a_version_and_a_feature_of_the_future(self, file, tmp_path):
        ran = nsdc("info", changed(file, tmp_path, version=[2, 0]))
        assert ran.code == 5
        assert "2.0" in ran.err
        ran = nsdc("info", changed(file, tmp_path, require=["entropy\x1b[2J"]))
        assert ran.code == 5
        assert r"entropy\x1b[2J" in ran.err

    def test_0_for_a_minor_version_and_an_optional_feature_of_the_future(self, file, tmp_path):
        assert nsdc("info", changed(file, tmp_path, version=[1, 9], optional=["thumbnail"])).code == 0

    @pytest.mark.parametrize("budget", [("--ipc", "0.1"), ("--bits-per-class", "100")])
    def test_6_for_a_budget_that_nothing_fits(self, tmp_path, budget):
        for form in ("nsd", "pixel"):
            ran = encode(tmp_path / "out.nsd", *budget, "--parameterization", form)
            assert ran.code == 6
            assert f"raise {budget[0]} to" in ran.err
        assert list(tmp_path.iterdir()) == []

    def test_7_for_what_is_not_there_or_cannot_be_written(self, file, tmp_path):
        assert nsdc("info", tmp_path / "missing.nsd").code == 7
        assert nsdc("info", tmp_path).code == 7
        assert nsdc("verify", tmp_path / "missing.nsd").code == 7
        assert encode(tmp_path / "missing" / "out.nsd").code == 7
        assert encode(tmp_path).code == 7
        assert encode(file / "out.nsd").code == 7
        assert nsdc("decode", file, "--png", file).code == 7
        assert nsdc("decode", file, "--npz", tmp_path / "missing" / "all.npz").code == 7
        ran = nsdc("encode", tmp_path / "missing.h5", "-o", tmp_path / "out.nsd")
        assert ran.code == 7
        assert "missing.h5" in ran.err
        assert nsdc("encode", "cifar10", "-o", tmp_path / "out.nsd", "--data-dir", tmp_path / "missing").code == 7


class TestStartUp:
    @pytest.mark.parametrize(
        ("command", "absent"),
        [
            ("--help", {"torch", "numpy", "rich.progress", "matplotlib", "nsdcodec_cli.encode"}),
            ("info", {"torch", "numpy", "pydantic", "rich.markdown", "rich.progress", "nsdcodec_cli.encode"}),
            ("recipes", {"torch", "numpy", "pydantic"}),
            ("recipes unknown", {"torch", "numpy"}),
            ("recipes gpu", {"torch", "numpy", "pydantic"}),
            ("bench", {"torch", "numpy"}),
            ("bench table2 --list", {"torch", "numpy"}),
        ],
    )
    def test_loads_no_more_than_it_needs(self, file, command, absent):
        listing = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
        ran = process(*command.split(), *([file] if command == "info" else []), before=listing)
        assert ran.code == (2 if "unknown" in command else 0)
        assert "nsdcodec_cli.main" in ran.err.split()
        assert absent.isdisjoint(ran.err.split())

    def test_what_verify_finds_without_decoding_needs_no_torch(self, file, tmp_path):
        (tmp_path / "short.nsd").write_bytes(file.read_bytes()[:-1])
        ran = process("verify", tmp_path / "short.nsd", before=blocked("torch"))
        assert (ran.code, ran.err) == (3, "")
        assert "FAILED  framing: NSD-F01" in ran.out

    @pytest.mark.parametrize("command", ["--help", "info"])
    def test_is_quick(self, file, command):
        """A fifth of a second on a quiet machine; the limit leaves room for a busy one."""

        def seconds() -> float:
            started = time.perf_counter()
            process(*([command] if command == "--help" else [command, file]))
            return time.perf_counter() - started

        assert min(seconds() for _ in range(5)) < 1.0


class TestReport:
    def test_a_page_with_the_log_and_the_results_beside_it(self, file, tmp_path):
        one = {"file": "x.nsd", "bytes": file.stat().st_size, "net": "convnet", "mean": 0.5, "deviation": 0.0}
        one |= {"networks": 1, "source": "digits", "test_images": 100}
        (tmp_path / "results.json").write_text(json.dumps(one))
        path = tmp_path / "page.html"
        ran = nsdc("report", file, "-o", path, "--eval", tmp_path / "results.json")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == f"{file}, with the log of its encode and results, as a page to {path}\n"
        page = path.read_text()
        assert base64.b64encode(file.read_bytes()).decode() in page
        beside = json.loads(re.findall(r'id="beside">(.*)</script>', page)[0])
        assert beside["name"] == "digits.nsd"
        assert [point[0] for point in beside["log"]["steps"]] == sorted({p[0] for p in beside["log"]["steps"]})
        assert beside["log"]["checks"]
        assert beside["evaluations"][0]["mean"] == 0.5
        assert beside["published"] == []  # of digits nothing is

    def test_results_on_a_published_data_set_have_its_figures_beside_them(self, file, tmp_path):
        one = {"file": "x.nsd", "bytes": file.stat().st_size, "net": "convnet", "mean": 0.5, "deviation": 0.0}
        one |= {"networks": 1, "source": "cifar10", "test_images": 100}
        (tmp_path / "results.json").write_text(json.dumps(one))
        path = tmp_path / "page.html"
        assert nsdc("report", file, "-o", path, "--eval", tmp_path / "results.json").code == 0
        (told,) = re.findall(r'id="beside">(.*)</script>', path.read_text())
        (nsd, *_) = (point for point in json.loads(told)["published"] if point["method"] == "NSD")
        assert (nsd["bits"], nsd["accuracy"]) == (98_304, 0.685)
        assert "ECCV 2024" in nsd["origin"]

    def test_alone_and_as_json(self, file, tmp_path):
        shutil.copy(file, tmp_path / "alone.nsd")
        path = tmp_path / "page.html"
        ran = nsdc("report", tmp_path / "alone.nsd", "-o", path, "--json")
        assert ran.json == {"written": str(path), "bytes": path.stat().st_size, "log": False, "results": 0}

    def test_what_cannot_be_shown_writes_nothing(self, file, tmp_path):
        damaged = tmp_path / "damaged.nsd"
        damaged.write_bytes(file.read_bytes()[:-40])
        path = tmp_path / "page.html"
        assert nsdc("report", damaged, "-o", path).code == 3
        assert nsdc("report", tmp_path / "missing.nsd", "-o", path).code == 7
        assert not path.exists()
        before = file.read_bytes()
        ran = nsdc("report", file, "-o", file)
        assert (ran.code, "name it report.html" in ran.err) == (2, True)
        assert file.read_bytes() == before

    def test_a_picture_with_a_page_or_alone(self, file, tmp_path):
        pytest.importorskip("matplotlib")
        page, picture = tmp_path / "page.html", tmp_path / "figure.png"
        ran = nsdc("report", file, "--png", picture)
        assert ran.out == f"{file}, as a picture to {picture}\n"
        assert picture.read_bytes().startswith(b"\x89PNG")
        both = nsdc("report", file, "--png", picture, "-o", page, "--json").json
        assert [one["written"] for one in both] == [str(picture), str(page)]
        assert [one["bytes"] for one in both] == [picture.stat().st_size, page.stat().st_size]

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ((), "nothing to write"),
            (("--png", "a.jpg"), "ends in .png"),
            (("--png", "a.png", "--eval", "b.json"), "--eval is shown on the page"),
        ],
    )
    def test_what_would_be_ignored_is_refused(self, file, tmp_path, monkeypatch, words, said):
        monkeypatch.chdir(tmp_path)
        ran = nsdc("report", file, *words)
        assert (ran.code, said in ran.err) == (2, True)
        assert list(tmp_path.iterdir()) == []
