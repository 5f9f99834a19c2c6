"""The site of the manual: every page is in it, its commands run, and what is broken fails the build."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import nsdcodec

ROOT = Path(__file__).parents[1]
NAV = re.findall(r"^ +- (?:.*: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)


@pytest.fixture
def make_site(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_site

    return make_site


def test_the_site_leads_to_every_page_of_the_manual_and_the_format():
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    pages |= {f"spec/{path.name}" for path in (ROOT / "spec").glob("*.md")}
    assert pages <= set(NAV)
    assert all((ROOT / page).is_file() for page in set(NAV) - {"docs/names.md"})


class TestNames:
    def test_every_public_name_has_a_docstring(self, make_site):
        assert list(make_site.undocumented()) == []

    def test_one_without_is_seen(self, make_site, monkeypatch):
        monkeypatch.setattr(nsdcodec.read, "__doc__", None)
        monkeypatch.setattr(nsdcodec.Budget.admits, "__doc__", "")
        assert set(make_site.undocumented()) == {"read", "Budget.admits"}
        with pytest.raises(ValueError, match=r"without a docstring: .*read"):
            make_site.build(Path("nowhere"))

    def test_the_page_has_each_once(self, make_site):
        told = re.findall(r"^::: (\S+)$", make_site.names(), re.MULTILINE)
        wanted = {name for name in nsdcodec.__all__ if name not in ("__version__",)}
        assert len(told) == len(set(told)) == len(wanted)
        assert {each.rpartition(".")[2] for each in told} >= wanted - {"build_network", "load_source"}


class TestTutorial:
    """docs/tutorial.md: its Python is run by the test of all pages."""

    TEXT = (ROOT / "docs/tutorial.md").read_text()
    COMMANDS = re.findall(
        r"^ {4}((?:nsdc|make|pip) .*)$", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL), re.MULTILINE
    )

    def test_it_begins_at_the_demo(self):
        assert self.COMMANDS[0].startswith("make demo ")

    def test_what_is_not_long_runs(self, tmp_path, monkeypatch):
        for needed in ("sklearn", "h5py", "PIL.Image"):
            pytest.importorskip(needed)
        from test_cli import nsdc

        image = pytest.importorskip("PIL.Image")
        shutil.copy(ROOT / "zoo/cifar10-ipc1-cpu.nsd", tmp_path / "digits.nsd")
        for name in ("cat", "dog"):
            (tmp_path / "photos" / name).mkdir(parents=True)
            for i in range(12):
                image.effect_noise((48, 40), 10 * i + 20).save(tmp_path / "photos" / name / f"{i}.png")
        monkeypatch.chdir(tmp_path)
        run = [line.split()[1:] for line in self.COMMANDS if "# long" not in line]
        assert len(run) >= 10
        for words in run:
            ran = nsdc(*words)
            assert ran.code == 0, (words, ran.err)
        made = {path.name for path in tmp_path.iterdir()}
        assert {"out", "report.html", "small.nsd", "digits.npz"} <= made


class Asked(HTMLParser):
    """The addresses that a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        if tag in ("script", "img", "iframe"):
            self.found.append(told.get("src") or "")
        elif tag == "link" and told.get("rel") in ("stylesheet", "preconnect", "icon"):
            self.found.append(told.get("href") or "")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    for needed in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(needed)
    folder = tmp_path_factory.mktemp("site")
    code = "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import make_site; "
    code += "make_site.build(pathlib.Path(sys.argv[2]))"
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT / "docs", folder], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.release
class TestBuilt:
    def test_every_page_is_there_and_none_asks_a_network(self, built):
        for page in NAV:
            path = built / "site" / re.sub(r"README\.md$", "index.md", page).replace(".md", ".html")
            asked = Asked()
            asked.feed(path.read_text(encoding="utf-8"))
            assert not [address for address in asked.found if "://" in address], page
        names = (built / "site/docs/names.html").read_text(encoding="utf-8")
        for name in ("NSDDataset", "evaluate", "Budget", "MalformedFile"):
            assert f">{name}<" in names

    def test_the_links_of_the_viewer_lead_somewhere(self, built):
        for page in ("container", "header", "labels", "synthesis", "errors"):
            assert (built / f"site/spec/{page}.md").is_file()

    def test_a_broken_link_fails_the_build(self, built):
        page = built / "site-source/docs/looking.md"
        whole = page.read_text(encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "--config-file",
            built / "mkdocs.yml",
        ]
        command += ["--site-dir", built / "again"]
        for link in ("[x](nowhere.md)", "[x](loading.md#nowhere)"):
            page.write_text(f"{whole}\n{link}\n", encoding="utf-8")
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            assert (done.returncode, "nowhere" in done.stdout + done.stderr) == (1, True), done.stderr
        page.write_text(whole, encoding="utf-8")
