"""Builds the site of the manual (`make docs`), by MkDocs: a broken link, or a public name without a docstring, is an
error. The pages stand in it where they stand in the repository, so that their links hold in both.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nsdcodec

ROOT = Path(__file__).resolve().parents[1]
NAV = re.compile(r"^ +- (?:.*: )?(\S+\.md)$", re.MULTILINE)
LINK = re.compile(r"""\]\(([^)\s#]+)|src=["']?([^"'\s>]+)""")
NAMES = "docs/names.md"  # which is made here
TEXTS = ("spec/*.md",)  # to which docs/viewer.html links


def build(folder: Path) -> Path:
    """Writes pages and site below the folder, and returns that of the site. Raises CalledProcessError where MkDocs has
    a warning, and ValueError for public names without a docstring."""
    if missing := list(undocumented()):
        raise ValueError(f"public names without a docstring: {', '.join(missing)}")
    source, site = folder / "site-source", folder / "site"
    for each in (source, site):
        shutil.rmtree(each, ignore_errors=True)
    for path in _pages():
        target = source / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        if path.suffix == ".md":
            # The word says that a test does not run the block.
            target.write_text(target.read_text(encoding="utf-8").replace("```python no-run", "```python"), "utf-8")
    (source / NAMES).write_text(names(), encoding="utf-8")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").replace("paths: [.]", f"paths: [{ROOT}]")
    for name, place in (("docs_dir", source), ("site_dir", site)):
        settings = re.sub(rf"^{name}: .*$", f"{name}: {place}", settings, flags=re.MULTILINE)
    (folder / "mkdocs.yml").write_text(settings, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(folder / "mkdocs.yml"),
    ]
    # Without an advertisement of Material's authors for its successor.
    subprocess.run(command, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    for pattern in TEXTS:
        for path in ROOT.glob(pattern):
            shutil.copy(path, site / path.relative_to(ROOT))
    return site


def _pages() -> set[Path]:
    """Those of the navigation, and all files of the repository that these lead to."""
    found: set[Path] = set()
    waiting = [ROOT / page for page in NAV.findall((ROOT / "mkdocs.yml").read_text(encoding="utf-8")) if page != NAMES]
    while waiting:
        page = waiting.pop()
        found.add(page)
        text = page.read_text(encoding="utf-8") if page.suffix == ".md" else ""
        linked = {(page.parent / (link or source)).resolve() for link, source in LINK.findall(text)}
        waiting += [path for path in linked - found if path.is_file() and path.is_relative_to(ROOT)]
    return found


def names() -> str:
    """A page of all public names, each with its docstring."""
    entries = []
    for name in nsdcodec.__all__:
        if name not in ("__version__", "errors"):
            found = getattr(nsdcodec, name)
            entries.append(f"::: {found.__module__}.{found.__qualname__}\n")
    return "# Every public name\n\n" + "\n".join([*sorted(entries, key=str.lower), "::: nsdcodec.errors\n"])


def undocumented() -> Iterator[str]:
    """Public names, and public members of public classes, that have no docstring."""
    for name in nsdcodec.__all__:
        found = getattr(nsdcodec, name)
        if name != "__version__" and not inspect.getdoc(found):
            yield name
        if inspect.isclass(found):
            yield from (f"{name}.{member}" for member in _members(found) if not _documented(found, member))


def _members(kind: type[Any]) -> Iterator[str]:
    """Methods and properties that are defined in this package."""
    for member in dir(kind):
        value = inspect.getattr_static(kind, member)
        own = getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", value)
        if not member.startswith("_") and str(getattr(own, "__module__", "")).startswith("nsdcodec") and callable(own):
            yield member


def _documented(kind: type[Any], member: str) -> bool:
    """A method that overrides a documented one has its docstring."""
    return bool(inspect.getdoc(getattr(kind, member)) or inspect.getdoc(inspect.getattr_static(kind, member)))


if __name__ == "__main__":
    (ROOT / "build").mkdir(exist_ok=True)
    print(build(ROOT / "build").relative_to(ROOT) / "index.html")
