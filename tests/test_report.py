"""The page of `nsdc report`: what it is made of, what it computes, and what stands beside a file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from nsdcodec import errors, read
from nsdcodec.report import beside
from nsdcodec.report.page import report, viewer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
import make_viewer  # noqa: E402

PAGE = ROOT / "nsdcodec/report/page"
VECTORS = ROOT / "spec/vectors"
GOLDEN = [VECTORS / vector["file"] for vector in json.loads((VECTORS / "manifest.json").read_text())["golden"]]
ZOO = sorted((ROOT / "zoo").glob("*.nsd"))
NODE = shutil.which("node")
has_zstddec = make_viewer.ZSTDDEC.is_dir()
needs_zstddec = pytest.mark.skipif(not has_zstddec, reason="zstddec is not installed (make javascript)")
needs_node = pytest.mark.skipif(
    NODE is None or not has_zstddec, reason="node or zstddec is not installed (make javascript)"
)


def node(code: str, *arguments: str | Path) -> list:
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", code, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class TestParts:
    @needs_zstddec
    def test_the_bundle_is_that_of_its_modules(self):
        wanted = make_viewer.bundle() == make_viewer.BUNDLE.read_text(encoding="utf-8")
        assert wanted, "a module of the page or of the reader was changed: run make viewer"

    def test_the_viewer_is_that_of_the_page(self):
        assert viewer() == (ROOT / "docs/viewer.html").read_text(encoding="utf-8"), "run make viewer"

    @needs_zstddec
    @pytest.mark.parametrize(
        ("a", "b", "says"),
        [
            ('import b from "./b.mjs";\n', "export const b = 1;\n", "no form"),
            ('import { b } from "./b.mjs";\n', 'export * from "./a.mjs";\n', "no form"),
            ('import { b } from "./b.mjs";\n', 'import { a } from "./a.mjs";\nexport const b = a;\n', "imports itself"),
            ('import { b } from "./b.mjs";\n', 'export const b = "</script>";\n', "end or change"),
        ],
    )
    def test_what_the_bundle_cannot_hold_is_an_error(self, tmp_path, a, b, says):
        (tmp_path / "a.mjs").write_text(a)
        (tmp_path / "b.mjs").write_text(b)
        with pytest.raises(ValueError, match=says):
            make_viewer.bundle(tmp_path / "a.mjs")

    def test_the_package_has_all_that_a_page_is_made_of(self):
        data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
        code = (PAGE.parent / "page.py").read_text()
        named = {f"page/{name}" for name in re.findall(r'"([\w.]+\.(?:html|css|js))"', code)}
        assert set(data["nsdcodec.report"]) == named
        assert all((PAGE.parent / name).is_file() for name in named)

    def test_rules_are_in_the_words_of_the_spec(self):
        rows = re.findall(
            r"^\| (NSD-\w+) \| (.*?) \|", (ROOT / "spec/errors.md").read_text().replace("`", ""), re.MULTILINE
        )
        text = (PAGE / "rules.mjs").read_text()
        assert dict(re.findall(r'^  "(NSD-\w+)": "(.*)",$', text, re.MULTILINE)) == dict(rows)
        for page in re.findall(r'\b[FHASL]: "([\w.]+)"', text):
            assert (ROOT / "spec" / page).is_file()


class TestDocument:
    @pytest.mark.parametrize("file", ZOO, ids=lambda path: path.stem)
    def test_it_is_small_and_asks_no_network(self, file):
        data = file.read_bytes()
        text = report(data, file.name, beside.Beside())
        assert len(text.encode()) < 200_000 + 4 * len(data) / 3  # the page, and the file in Base64
        assert "default-src 'none'" in text
        addresses = re.findall(r"https?://[^\s\"'<)]+", text)
        assert set(addresses) == {"http://www.w3.org/2000/svg"}  # a name, which nothing fetches

    def test_names_cannot_break_out_of_it(self):
        name = "</script><script>alert(1)</script><!-- script -->"
        text = report(b"abc", name, beside.Beside())
        assert text.count("<script") == 3
        (document,) = re.findall(r'id="beside">(.*)</script>', text)
        assert json.loads(document)["name"] == name


ACCOUNTS = """
import { readFileSync } from "node:fs";
const { accounts } = await import(process.argv[1] + "/accounting.mjs");
const { read } = await import(process.argv[2] + "/nsd.mjs");
for (const path of process.argv.slice(3)) {
  const bytes = new Uint8Array(readFileSync(path));
  console.log(JSON.stringify(accounts(bytes, await read(bytes))));
}
"""


@needs_node
def test_every_byte_is_accounted_for():
    files = [*ZOO, *GOLDEN]
    found = node(ACCOUNTS, PAGE, make_viewer.ZSTDDEC.parents[1], *files)
    for path, parts in zip(files, found, strict=True):
        file = read(path)
        assert sum(part["bytes"] for part in parts) == path.stat().st_size, path
        by_name = {part["name"]: part["bytes"] for part in parts}
        assert by_name["header"] == file.header_bytes, path
        assert by_name["digest"] == 32
        assert all(by_name[name] == len(data) for name, data in file.optional.items())
        for role, spec in file.header.layout.arrays.items():
            if role in file.stored_bytes:
                assert by_name[role.replace("_", " ")] == file.stored_bytes[role], path
            else:
                plain = sum(each.nbytes for each in file.header.layout.arrays.values())
                share = file.stored_bytes["coded"] * spec.nbytes / plain
                assert abs(by_name[role.replace("_", " ")] - share) <= 1, (path, role)


TERMS = """
import { readFileSync } from "node:fs";
const { sumOf } = await import(process.argv[1] + "/terms.mjs");
const { image, read } = await import(process.argv[2] + "/nsd.mjs");
const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
for (const path of process.argv.slice(3)) {
  const file = await read(new Uint8Array(readFileSync(path)));
  const n = file.images - 1;
  const made = image(file, n);
  const { kind, terms, picture, partial } = sumOf(file, n);
  const off = (values) => largest(values.map((value, i) => value - made[i])) / (largest(made) || 1);
  const added = new Float64Array(made.length);
  for (const { index, weight } of terms) {
    picture(index).forEach((value, i) => (added[i] += weight * value));
  }
  const norms = terms.map(({ index, weight }) => Math.abs(weight) * Math.hypot(...picture(index)));
  console.log(JSON.stringify([kind, off(partial(terms.length)), off(added), terms.map(({ size }) => size), norms]));
}
"""


@needs_node
def test_an_image_is_the_sum_of_its_terms_largest_first():
    found = node(TERMS, PAGE, make_viewer.ZSTDDEC.parents[1], *GOLDEN)
    assert {kind for kind, *_ in found} == {"slices", "coefficients", "values"}
    for path, (_, partial, added, sizes, norms) in zip(GOLDEN, found, strict=True):
        assert partial < 1e-12, path
        assert added < 1e-12, path
        assert sizes == sorted(sizes, reverse=True), path
        np.testing.assert_allclose(sizes, norms, rtol=1e-9, err_msg=str(path))


@needs_node
def test_the_lines_that_train_run(tmp_path, monkeypatch):
    shutil.copy(VECTORS / "nsd.nsd", tmp_path / "a 'set'.nsd")
    monkeypatch.chdir(tmp_path)
    print_code = "const { code } = await import(process.argv[1]); console.log(JSON.stringify(code(\"a 'set'.nsd\")));"
    (code,) = node(print_code, PAGE / "facts.mjs")
    assert "range(recipe.epochs)" in code
    names: dict = {}
    exec(code.replace("range(recipe.epochs)", "range(1)"), names)
    images, _ = next(iter(names["loader"]))
    assert len(images) == min(names["data"].recipe.batch_size, len(names["data"]))
    assert any(parameter.grad is not None for parameter in names["network"].parameters())


class TestBeside:
    def test_a_log_is_read_in_its_last_form(self, tmp_path):
        path = beside.log_path(tmp_path / "a.nsd")
        assert path.name == "a.nsd.log.jsonl"
        assert beside.read_log(path) is None
        events = [
            {"event": "start", "settings": {"objective.name": "dm"}},
            {"event": "step", "iteration": 1, "loss": 3.0, "seconds": 1.0},
            {"event": "step", "iteration": 2, "loss": "nan", "seconds": 1.5},
            {"event": "check", "iteration": 2, "accuracy": 0.25, "seconds": 2.0},
            {"event": "step", "iteration": 1, "loss": 4.0, "seconds": 2.5},
            {"event": "check", "iteration": 4, "accuracy": 0.5, "seconds": 61.0},
        ]
        path.write_text("\n".join(map(json.dumps, events)) + '\n[1]\n{"event": "st')
        found = beside.read_log(path)
        assert found is not None
        assert found.steps == ((1, 4.0),)
        assert found.checks == ((2, 0.25), (4, 0.5))
        assert found.note == (
            "4 iterations of the objective dm; 61 seconds; 50.0 % of held-out images are classified right at the best "
            "of 2 checks."
        )

    def test_a_long_log_becomes_means(self, tmp_path):
        path = tmp_path / "log"
        losses = np.random.default_rng(0).random(4_321)
        path.write_text(
            "\n".join(json.dumps({"event": "step", "iteration": i, "loss": x}) for i, x in enumerate(losses))
        )
        found = beside.read_log(path)
        assert found is not None
        assert len(found.steps) == beside.MOST_POINTS
        assert np.mean([loss for _, loss in found.steps]) == pytest.approx(losses.mean(), abs=1e-3)
        assert max(loss for _, loss in found.steps) < 0.9

    def test_a_log_that_cannot_be_read_is_said(self, tmp_path):
        (tmp_path / "log").write_bytes(b"\xff\xfe{")
        with pytest.raises(errors.FileAccess, match="move it away"):
            beside.read_log(tmp_path / "log")

    def test_evaluations_of_this_file_alone_are_shown(self, tmp_path):
        path = tmp_path / "results.json"
        one = {"file": "a.nsd", "bytes": 10, "net": "convnet", "mean": 0.5, "deviation": 0, "networks": 1}
        one |= {"source": "digits", "test_images": 100, "accuracies": [0.5]}
        path.write_text(json.dumps([one, one | {"bytes": 11, "mean": 0.75}]))
        (found,) = beside.read_evaluations(path, 11)
        assert found["mean"] == 0.75
        assert set(found) == {"net", "mean", "deviation", "networks", "source", "test_images"}
        with pytest.raises(errors.InvalidSetting, match="10, 11 bytes; this one has 12"):
            beside.read_evaluations(path, 12)
        path.write_text('{"accuracy": 1}')
        with pytest.raises(errors.InvalidSetting, match="nsdc eval --json"):
            beside.read_evaluations(path, 10)
        with pytest.raises(errors.FileAccess, match="missing"):
            beside.read_evaluations(tmp_path / "missing.json", 10)
