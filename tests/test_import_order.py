"""The rooms import only from those before them, and decoding needs none of the packages of encoding."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from builders import LAYOUTS, file_of, fresh_python

PACKAGE = Path(__file__).parent.parent / "nsdcodec"
# Who may import whom, beside errors and version. `python -m nsdcodec.encode` starts the command.
MAY_IMPORT = {
    "system": "",
    "format": "system",
    "data": "format system",
    "sources": "format system",
    "export": "data format system",
    "report": "data format system",
    "learning": "data sources format system",
    "encoding": "learning data sources format system",
    "evaluation": "learning data sources format system",
    "bench": "encoding evaluation learning data sources format system",
    "encode": "",
}
# In these every file is a method, which never imports another one, but for what methods share.
METHODS = ("encoding.parameterizations", "encoding.objectives")
SHARED = ("base", "planning", "projection", "per_image", "factored", "student", "learner", "embeddings")
# Parts of the encoder that a parameterization may know.
PLANNING = ("encoding.budget", "encoding.parameterizations")


def _modules() -> dict[str, Path]:
    """Dotted names below the package -> files; the room's own name for its __init__."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if parts:
            found[".".join(parts)] = path
    return found


MODULES = _modules()


def imported(source: str, package: str) -> set[str]:
    """Modules of nsdcodec that a source imports anywhere in it, by dotted name below the package. `package` is the
    source's own, below nsdcodec. `from nsdcodec.a import b` counts as a.b where that may be a module."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ["nsdcodec", *package.split(".")] if package else ["nsdcodec"]
            start = ".".join(above[: len(above) - node.level + 1]) + "." if node.level else ""
            module = (start + (node.module or "")).rstrip(".")
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("nsdcodec.") for name in names if name.startswith("nsdcodec.")}


def _imports_of(module: str) -> set[str]:
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return imported(path.read_text(), package)


def violations(module: str, names: set[str]) -> list[str]:
    return [f"{module} imports {name}" for name in sorted(names) if not _allowed(module, name)]


def _allowed(module: str, name: str) -> bool:
    room, other = module.split(".")[0], name.split(".")[0]
    if other in ("errors", "version"):
        return True
    if other != room:
        return other in MAY_IMPORT.get(room, "").split()
    for methods in METHODS:
        # The registry, in __init__, is the one place that knows every method.
        if module.startswith(methods + ".") and name.startswith(methods + "."):
            return name.removeprefix(methods + ".").split(".")[0] in SHARED
    if module.startswith("encoding.parameterizations"):
        return name.startswith(PLANNING)
    return True


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_what_the_table_says(module):
    assert violations(module, _imports_of(module)) == []


def test_every_module_stands_in_a_room():
    assert {module.split(".")[0] for module in MODULES} == {*MAY_IMPORT, "errors", "version"}
    top = {path.name for path in PACKAGE.glob("*.py")}
    assert top == {"__init__.py", "errors.py", "version.py", "encode.py"}


def test_the_table_of_contributing_is_this_one():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| `(\w+)/` \|[^|]*\|([^|]*)\|$", text, re.MULTILINE)
    table = {room: " ".join(re.findall(r"`(\w+)`", allowed)) for room, allowed in rows}
    assert table == {room: allowed for room, allowed in MAY_IMPORT.items() if room != "encode"}


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("format.layout", "from nsdcodec.format.bases import basis", False),
        ("format.layout", "def f():\n    from nsdcodec.data import dataset", True),
        ("system.atomic", "import nsdcodec.format.container.file", True),
        ("format.container.file", "from . import codings", False),
        ("format.container.file", "from ...data.dataset import NSDDataset", True),
        ("data.dataset", "from nsdcodec.version import VERSION", False),
        ("data.dataset", "from nsdcodec.learning.real import RealImages", True),
        ("data.dataset", "from nsdcodec.sources import load", True),
        ("sources.npz", "from nsdcodec.data.dataset import NSDDataset", True),
        ("encoding.parameterizations.fred", "from nsdcodec.encoding.parameterizations.nsd import NSD", True),
        ("encoding.parameterizations.fred", "from .nsd import NSD", True),
        ("encoding.parameterizations.fred", "from nsdcodec.encoding.parameterizations import nsd", True),
        ("encoding.parameterizations.fred", "from nsdcodec.encoding.parameterizations.base import x", False),
        ("encoding.parameterizations.base", "from nsdcodec.encoding.parameterizations.nsd import NSD", True),
        ("encoding.parameterizations.fred", "from nsdcodec.encoding.objectives import OBJECTIVES", True),
        ("encoding.parameterizations.fred", "from nsdcodec.encoding.budget import Budget", False),
        ("encoding.parameterizations", "from nsdcodec.encoding.parameterizations.fred import FreD", False),
        ("encoding.objectives.trajectory", "from nsdcodec.encoding.experts import Experts", False),
        ("encoding.objectives.trajectory", "from nsdcodec.encoding.objectives.gradient import x", True),
        ("encoding.encoder", "from nsdcodec.evaluation.accuracy import evaluate", True),
        ("evaluation.accuracy", "from nsdcodec.encoding.encoder import encode", True),
        ("learning.training", "from nsdcodec.encoding.settings import Settings", True),
        ("export.npz", "from nsdcodec.export.base import chunks", False),
        ("data.dataset", "from nsdcodec.export.formats import export", True),
        ("bench.run", "from nsdcodec.evaluation.accuracy import evaluate", False),
    ],
)
def test_the_check_itself_sees_what_is_wrong(module, source, wrong):
    package = module if module in METHODS else module.rpartition(".")[0]
    assert bool(violations(module, imported(source, package))) is wrong


def test_importing_the_package_imports_neither_torch_nor_numpy():
    run = fresh_python("import sys, nsdcodec; nsdcodec.__version__; print({'torch', 'numpy'} & set(sys.modules))")
    assert run.stdout == "set()\n", run.stderr


@pytest.mark.parametrize("name", ["encode", "export"])
def test_a_function_stays_public_though_a_module_of_its_name_is_imported(name):
    code = """
import importlib, sys
import nsdcodec
name = sys.argv[1]
module = importlib.import_module(f"nsdcodec.{name}")
exec(f"from nsdcodec import {name} as function")
print(callable(function), getattr(nsdcodec, name) is function, sys.modules[f"nsdcodec.{name}"] is module)
"""
    run = fresh_python(code, name)
    assert run.stdout == "True True True\n", run.stderr


def test_a_name_that_is_not_public_is_an_attribute_error():
    run = fresh_python("import nsdcodec; print(hasattr(nsdcodec, 'Encoder'), 'NSDDataset' in dir(nsdcodec))")
    assert run.stdout == "False True\n", run.stderr


def test_reading_a_header_does_not_import_torch(tmp_path):
    (tmp_path / "a.nsd").write_bytes(file_of("pixels"))
    code = "import sys, nsdcodec; print(nsdcodec.read(sys.argv[1]).header.layout.images, 'torch' in sys.modules)"
    run = fresh_python(code, str(tmp_path / "a.nsd"))
    assert run.stdout == "5 False\n", run.stderr


def test_the_contents_of_a_file_are_told_without_numpy(tmp_path):
    (tmp_path / "a.nsd").write_bytes(file_of("mask a spectrum"))
    code = """
import sys
from nsdcodec.format.container.contents import contents_of
print(contents_of(sys.argv[1]).header.layout.images, {"torch", "numpy"} & set(sys.modules))
"""
    run = fresh_python(code, str(tmp_path / "a.nsd"))
    assert run.stdout == f"{LAYOUTS['mask a spectrum'].images} set()\n", run.stderr


def test_decoding_needs_no_package_of_the_extras(tmp_path):
    (tmp_path / "a.nsd").write_bytes(file_of("mask a spectrum"))
    code = """
import sys
BLOCKED = {"torchvision", "h5py", "typer", "sklearn", "scipy", "rich", "PIL", "matplotlib", "fsspec", "aiohttp"}
BLOCKED |= {"pyarrow", "webdataset", "datasets", "huggingface_hub"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Refuse())
try:
    import PIL
except ImportError:
    pass
else:
    sys.exit("the block does not work")
import nsdcodec
from torch.utils.data import DataLoader
with open(sys.argv[1], "rb") as file:
    ds = nsdcodec.NSDDataset(file.read())
images, labels = next(iter(DataLoader(ds, batch_size=6)))
print(tuple(images.shape), len(labels), sorted(BLOCKED & set(sys.modules)))
"""
    run = fresh_python(code, str(tmp_path / "a.nsd"))
    assert run.stdout == f"({LAYOUTS['mask a spectrum'].images}, 2, 4, 8) 6 []\n", run.stderr
