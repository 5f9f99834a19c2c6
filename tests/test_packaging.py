"""What is published: sdist and wheel are sound and hold what they should, and the wheel works where it is installed."""

from __future__ import annotations

import importlib.metadata
import io
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest

from nsdcodec.format import zoo
from nsdcodec.version import VERSION

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# What a checkout has that no build may take.
NOT_COPIED = (".*", "build", "dist", "node_modules", "*.egg-info", "__pycache__")
TAKEN = ("nsdcodec", "cli", "zoo", "benchmarks", "examples", "docs", "tests")


def wanted() -> set[str]:
    """The files of the wheel, beside its own metadata."""
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "nsdcodec").rglob("*.py")}
    code |= {f"nsdcodec_cli/{path.name}" for path in (ROOT / "cli").glob("*.py")}
    page = {f"nsdcodec/report/page/{name}" for name in ("page.html", "page.css", "bundle.js")}
    sets = {f"nsdcodec/zoo/{path.name}" for path in (ROOT / "zoo").glob("*.nsd")}
    data = {"nsdcodec/py.typed", "nsdcodec/zoo/files.json", "nsdcodec/encoding/recipes.json"}
    return code | page | sets | data


def test_a_citation_names_this_version_and_its_licence():
    yaml = pytest.importorskip("yaml")
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (told["cff-version"], told["title"].partition(":")[0]) == ("1.2.0", "nsdcodec")
    assert told["version"] == VERSION
    assert " AND ".join(told["license"]) == PROJECT["project"]["license"]
    assert len(told["references"]) == 2


def test_the_licence_of_what_is_not_ours_is_the_one_in_the_script():
    script = (ROOT / "nsdcodec/report/page/bundle.js").read_text(encoding="utf-8")
    notice = re.sub(r"^ \* ?", "", script.partition("/*!")[2].partition(" */")[0], flags=re.MULTILINE)
    licence = (ROOT / "LICENSE-zstddec").read_text(encoding="utf-8").partition("these licences:\n")[2]
    assert "BSD License" in licence
    assert licence.split() == notice.partition("under this licence:")[2].split()


def test_a_release_tests_builds_and_checks_before_it_publishes():
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    runs = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}
    assert (jobs["build"]["needs"], jobs["publish"]["needs"]) == ("test", "build")
    assert ".ci/run" in runs["test"]
    order = [
        next(i for i, run in enumerate(runs["build"]) if words in run) for words in ("$version", "-m build", "twine c")
    ]
    assert order == sorted(order)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist, and the wheel that was built from it, of a copy of what the checkout has."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("packaging")
    source = folder / "source"
    source.mkdir()
    for name in TAKEN:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns(*NOT_COPIED))
    for path in (*ROOT.glob("LICENSE*"), *ROOT.glob("*.md"), *map(ROOT.joinpath, ("pyproject.toml", "setup.py"))):
        shutil.copy(path, source)
    shutil.copy(ROOT / "MANIFEST.in", source)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"


@pytest.mark.release
class TestBuilt:
    def test_twine_finds_nothing_wrong(self, built):
        pytest.importorskip("twine")
        command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(built.iterdir()))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count("PASSED") == 2

    def test_the_wheel_holds_the_packages_and_nothing_else(self, built):
        (path,) = built.glob("*.whl")
        assert path.name == f"nsdcodec-{VERSION}-py3-none-any.whl"
        names = set(zipfile.ZipFile(path).namelist())
        metadata = {name for name in names if name.startswith(f"nsdcodec-{VERSION}.dist-info/")}
        assert names - metadata == wanted()
        assert {name.rpartition("/")[2] for name in metadata} >= {"METADATA", "LICENSE", "LICENSE-zstddec"}

    def test_its_metadata_is_that_of_the_project(self, built):
        (path,) = built.glob("*.whl")
        told = BytesParser().parse(io.BytesIO(zipfile.ZipFile(path).read(f"nsdcodec-{VERSION}.dist-info/METADATA")))
        assert told["License-Expression"] == PROJECT["project"]["license"]
        assert set(told.get_all("Provides-Extra")) == set(PROJECT["project"]["optional-dependencies"])
        needed = [line for line in told.get_all("Requires-Dist") if "extra" not in line]
        assert sorted(needed) == sorted(PROJECT["project"]["dependencies"])

    def test_the_sdist_has_what_the_wheel_is_made_of_and_no_tests(self, built):
        (path,) = built.glob("*.tar.gz")
        with tarfile.open(path) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        assert {name.replace("nsdcodec_cli/", "cli/").replace("nsdcodec/zoo/", "zoo/") for name in wanted()} <= names
        assert not {name.partition("/")[0] for name in names} & {"tests", "benchmarks", "examples"}

    def test_installed_alone_it_reads_a_file_of_its_zoo(self, built, tmp_path):
        """In an environment of its own; what it depends on is that of this one."""
        # Not by importing pip, which below Python 3.12 takes distutils from setuptools in this process, so that PyTorch
        # compiles nothing in it any more.
        if not [*importlib.metadata.distributions(name="pip")]:
            pytest.skip("pip is not installed")
        pytest.importorskip("typer")
        (wheel,) = built.glob("*.whl")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True, timeout=120)
        python = tmp_path / "env/bin/python"
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel]
        subprocess.run(pip, check=True, timeout=300)
        (own,) = (tmp_path / "env/lib").glob("python*/site-packages")
        others = [path for path in sys.path if path.endswith("site-packages")] or [sysconfig.get_path("purelib")]
        (own / "others.pth").write_text("\n".join(others))
        code = (
            "import nsdcodec; d = nsdcodec.NSDDataset('zoo:%s'); print(nsdcodec.__file__); print(len(d), d[0][0].shape)"
        )
        entry = zoo.entries()[0]
        ran = subprocess.run(
            [python, "-c", code % entry.name], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=True
        )
        place, shown = ran.stdout.splitlines()
        assert Path(place).is_relative_to(own)
        assert re.fullmatch(r"\d+ torch\.Size\(\[\d+, \d+, \d+\]\)", shown)
        told = subprocess.run(
            [tmp_path / "env/bin/nsdc", "zoo", "--json"], capture_output=True, cwd=tmp_path, timeout=120, check=True
        )
        assert [each["file"] for each in json.loads(told.stdout)] == [each.file for each in zoo.entries()]
        page = [tmp_path / "env/bin/nsdc", "report", f"zoo:{entry.name}", "-o", tmp_path / "page.html"]
        subprocess.run(page, check=True, capture_output=True, cwd=tmp_path, timeout=120)
        assert b"</html>" in (tmp_path / "page.html").read_bytes()
