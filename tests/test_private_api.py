"""What PyTorch calls private: no use of it but two, which the package can do without."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from builders import fresh_python
from torch import Tensor, nn

ROOT = Path(__file__).parents[1]
USED = ("nsdcodec/data/collation.py", "nsdcodec/learning/passes.py")
# Two take the API away; the third looks at every operation, which only PyTorch's own tools can; the fourth is this one,
# with an example of each kind of use.
ALLOWED = {*USED, "tests/test_dataset.py", "tests/test_passes.py", "tests/rehearsal.py", "tests/test_private_api.py"}
FILES = [
    path
    for folder in ("nsdcodec", "cli", "benchmarks", "examples", "tests", "spec")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
LIBRARIES = ("torch", "torchvision")
NAMED = re.compile(r"\btorch(vision)?(\.\w+)*\._(?!_)\w")
# Methods, which one sees by their name alone.
CLASSES = (Tensor, nn.Module, torch.optim.Optimizer, torch.utils.data.DataLoader, torch.utils.data.Dataset)


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


METHODS = {name for known in CLASSES for name in dir(known) if private(name)}


def uses(source: str) -> Iterator[str]:
    """PyTorch's names with an underscore: imported, as attributes, by getattr, in strings."""
    tree = ast.parse(source)
    known = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                if one.name.split(".")[0] in LIBRARIES:
                    known.add((one.asname or one.name).split(".")[0])
                    yield from filter(private, one.name.split("."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            known.update(one.asname or one.name for one in node.names)
            yield from filter(private, [*(node.module or "").split("."), *(one.name for one in node.names)])
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if root(node) in known or (node.attr in METHODS and not own):
                yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            where, name = node.args[:2]
            if root(where) in known and isinstance(name, ast.Constant) and private(str(name.value)):
                yield str(name.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.search(node.value):
            yield node.value


def root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from torch._C import Store", ["_C"]),
        ("from torch.optim import _functional", ["_functional"]),
        ("import torch._dynamo", ["_dynamo"]),
        ("import torch\ntorch._foreach_add_(a, b)", ["_foreach_add_"]),
        ("from torch import distributed as dist\ndist._world", ["_world"]),
        ("import torch\ngetattr(torch.cpu, '_is_avx2', None)", ["_is_avx2"]),
        ("x = 1\nx._backward_hooks", ["_backward_hooks"]),
        ("import_module('torch._inductor')", ["torch._inductor"]),
        ("import torch\ntorch.__version__, self._base, own._mine", []),
    ],
)
def test_each_kind_of_use_is_seen(source, found):
    assert list(uses(source)) == found


def test_only_two_files_use_what_pytorch_calls_private():
    assert FILES
    found = {str(path.relative_to(ROOT)): sorted(set(uses(path.read_text()))) for path in FILES}
    assert {name: names for name, names in found.items() if names and name not in ALLOWED} == {}
    assert all(found[name] for name in USED)


OPTIMIZERS = """
import sys, torch
from nsdcodec.system import ranks
ranks.import_optimizers()
before = set(sys.modules)
weight = torch.zeros(1, requires_grad=True)
for kind in (torch.optim.SGD, torch.optim.Adam):
    optimizer = kind([weight])
    weight.sum().backward()
    optimizer.step()
    optimizer.zero_grad()
print(sorted(set(sys.modules) - before))
"""


def test_an_optimizer_imports_nothing_once_ranks_have_met():
    ran = fresh_python(OPTIMIZERS)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "[]"
