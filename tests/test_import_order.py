"""The rooms import only from those before them, and decoding needs none of the packages of encoding."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from builders import LAYOUTS, file_of, fresh_python

PACKAGE = Path(__file__).parent.parent / "nsdcodec"
DECODING = [
    "errors",
    "geometry",
    "budget",
    "bases",
    "randomness",
    "stored_types",
    "layout",
    "container",
    "pixels",
    "free_memory",
    "synthesis",
    "comparison",
    "conversion",
    "verification",
    "augmentation",
    "decoder",
    "cache",
    "order",
    "loader",
    "image_set",
    "transforms",
    "parts",
    "dataset",
]
ENCODING = [
    "launch",
    "claims",
    "ranks",
    "sources",
    "export",
    "card",
    "hub",
    "parameterizations",
    "learning",
    "experts",
    "objectives",
    "coresets",
    "rounding",
    "progress",
    "checkpoint",
    "draws",
    "settings",
    "recipes",
    "memory_plan",
    "corruptions",
    "evaluation",
    "analysis",
    "figures",
    "robustness",
    "job",
    "compilation",
    "running",
    "encoder",
    "encode",
    "bench",
]
ROOMS = DECODING + ENCODING
# In these rooms every file is a method, which never imports another one, but for what methods share.
METHODS = ("parameterizations", "objectives")
SHARED = ("base", "planning", "projection", "per_image", "factored", "student", "sweep")


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
    if other == "version":
        return True
    if room in ("version", "preferences"):
        return room == "preferences" and other == "errors"
    if other not in ROOMS or room not in ROOMS:
        return False
    if other == room:
        # The room's __init__ is its registry, and the one place that knows every method.
        return room not in METHODS or module == room or name.split(".")[1] in SHARED
    if room == "parameterizations":
        return other in DECODING
    return ROOMS.index(other) < ROOMS.index(room)


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_from_rooms_before_it(module):
    assert violations(module, _imports_of(module)) == []


def test_every_module_stands_in_a_room():
    assert {module.split(".")[0] for module in MODULES} <= {*ROOMS, "version", "preferences"}
    assert set(DECODING) <= {module.split(".")[0] for module in MODULES}


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("budget", "from nsdcodec.layout import Layout", True),
        ("layout", "from nsdcodec.budget import Budget", False),
        ("layout", "def f():\n    from nsdcodec import dataset", True),
        ("layout", "import nsdcodec.container.file", True),
        ("container.file", "from . import codings", False),
        ("container.file", "from ..synthesis import images", True),
        ("dataset", "from nsdcodec.version import VERSION", False),
        ("dataset", "from nsdcodec.learning.real import RealImages", True),
        ("parameterizations.fred", "from nsdcodec.parameterizations.nsd import Nsd", True),
        ("parameterizations.fred", "from .nsd import Nsd", True),
        ("parameterizations.fred", "from nsdcodec.parameterizations import nsd", True),
        ("parameterizations.fred", "from nsdcodec.parameterizations.base import Parameterization", False),
        ("parameterizations.base", "from nsdcodec.parameterizations.nsd import Nsd", True),
        ("parameterizations.fred", "from nsdcodec.sources import names", True),
        ("parameterizations", "from nsdcodec.parameterizations.fred import Fred", False),
        ("objectives.trajectory", "from nsdcodec.experts import read", False),
        ("experts", "from nsdcodec.objectives import trajectory", True),
        ("coresets", "from nsdcodec.objectives.base import World", False),
        ("objectives.gradient", "from nsdcodec.coresets import ranking", True),
        ("preferences", "from nsdcodec.recipes import RECIPES", True),
        ("export.npz", "from nsdcodec.export.base import chunks", False),
        ("dataset", "from nsdcodec.export import export", True),
        ("encoder", "from nsdcodec.evaluation import evaluate", False),
    ],
)
def test_the_check_itself_sees_what_is_wrong(module, source, wrong):
    package = module if module in METHODS else module.rpartition(".")[0]
    assert bool(violations(module, imported(source, package))) is wrong


def test_importing_the_package_imports_neither_torch_nor_numpy():
    run = fresh_python("import sys, nsdcodec; nsdcodec.__version__; print({'torch', 'numpy'} & set(sys.modules))")
    assert run.stdout == "set()\n", run.stderr


def test_reading_a_header_does_not_import_torch(tmp_path):
    (tmp_path / "a.nsd").write_bytes(file_of("pixels"))
    code = "import sys, nsdcodec; print(nsdcodec.read(sys.argv[1]).header.layout.images, 'torch' in sys.modules)"
    run = fresh_python(code, str(tmp_path / "a.nsd"))
    assert run.stdout == "5 False\n", run.stderr


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
