"""What keeps the package open to change: nobody but recipes and tables knows an objective by its name, and no public
function takes more than a reader can hold."""

from __future__ import annotations

import ast
import re

import pytest
from test_import_order import MODULES, imported

pytest.importorskip("h5py")

from nsdcodec.encoding.objectives import OBJECTIVES
from nsdcodec.encoding.objectives.base import State

TREES = {module: ast.parse(path.read_text()) for module, path in MODULES.items()}
# The modules of objectives, each of which is a method, and their classes.
METHODS = {kind.__module__.removeprefix("nsdcodec.") for kind in OBJECTIVES.values()}
CLASSES = {kind.__name__ for kind in OBJECTIVES.values()}
# "none" is a word for much else.
NAMES = sorted(re.escape(name) for name in OBJECTIVES if name != "none")
# Recipes and the papers' tables are made of them by name.
MAY_NAME = ("encoding.objectives", "encoding.recipes", "encoding.recipe_names", "encoding.meanings", "bench")


def known(tree: ast.Module, package: str = "encoding") -> set[str]:
    """What a module knows of objectives: modules that it imports, classes, and names in its texts, but for docstrings.
    `package` is its own, below nsdcodec."""
    found = {name for name in imported(ast.unparse(tree), package) if name.startswith(tuple(METHODS))}
    documented = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docstrings = [node.body[0].value for node in documented if ast.get_docstring(node) is not None]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found |= {node.id} & CLASSES
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} & CLASSES
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            found |= set(re.findall(rf"\b(?:{'|'.join(NAMES)})\b", node.value))
    return found


def type_tests(tree: ast.Module) -> list[str]:
    """Calls that ask which objective or state something is."""
    kinds = "|".join({*CLASSES, *(kind.__name__ for kind in State.__subclasses__()), "Objective", "Guided", "State"})
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    asked = [node for node in calls if ast.unparse(node.func) in ("isinstance", "issubclass", "type")]
    subject = rf"\b(state|objective)$|\b({kinds})\b"
    return [ast.unparse(node) for node in asked if any(re.search(subject, ast.unparse(one)) for one in node.args)]


def test_nobody_but_recipes_and_tables_knows_an_objective_by_name():
    found = {
        module: names
        for module, tree in TREES.items()
        if not module.startswith(MAY_NAME) and (names := known(tree, module.rpartition(".")[0]))
    }
    default = {"encoding.objectives.distribution.DistributionMatching", "DistributionMatching"}
    assert found == {"encoding.settings": default}


def test_nobody_asks_of_what_type_an_objective_or_its_state_is():
    assert {module: found for module, tree in TREES.items() if (found := type_tests(tree))} == {}


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("from nsdcodec.encoding.objectives.trajectory import TrajectoryMatching", True),
        ("from nsdcodec.encoding.objectives import trajectory", True),
        ("from nsdcodec.encoding.objectives.base import Context", False),
        ("print(objectives.GradientMatching)", True),
        ("if settings.objective.name == 'mtt': pass", True),
        ("def f():\n    '''As mtt does.'''", False),
        ("def f():\n    isinstance(run.state, TrajectoryState)", True),
        ("def f():\n    isinstance(run.state, x.Pool)", True),
        ("def f():\n    isinstance(x, Guided)", True),
        ("def f():\n    isinstance(x, Tensor)", False),
    ],
)
def test_the_checks_themselves_see_what_is_wrong(source, wrong):
    tree = ast.parse(source)
    assert bool(known(tree) or type_tests(tree)) is wrong


MOST_PARAMETERS = 8
# Their keywords are those of torch's DataLoader, which people know.
LIKE_TORCH = {"data.image_set: ImageSet.loader", "data.loader: Loader.__init__"}


def long_signatures(tree: ast.Module) -> set[str]:
    """Functions and methods, public ones and constructors, with more parameters than that. What Python or torch passes
    first (self, cls, ctx) does not count."""
    found = set()
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef)]
    for owner in owners:
        for node in owner.body:
            if not isinstance(node, ast.FunctionDef) or (node.name.startswith("_") and node.name != "__init__"):
                continue
            given = node.args
            every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            names = [one.arg for one in every if one is not None and one.arg not in ("self", "cls", "ctx")]
            if len(names) > MOST_PARAMETERS:
                found.add(f"{owner.name}.{node.name}" if isinstance(owner, ast.ClassDef) else node.name)
    return found


def test_no_public_function_has_more_than_eight_parameters():
    found = {f"{module}: {name}" for module, tree in TREES.items() for name in long_signatures(tree)}
    assert found == LIKE_TORCH


@pytest.mark.parametrize(
    ("source", "long"),
    [
        ("def f(a, b, c, d, e, g, h, i): pass", set()),
        ("def f(a, b, c, d, /, e, *, g, h, i, **rest): pass", {"f"}),
        ("def f(a, b, c, d, e, g, h, *i, j): pass", {"f"}),
        ("class A:\n    def f(self, a, b, c, d, e, g, h, i): pass", set()),
        ("class A:\n    def __init__(self, a, b, c, d, e, g, h, i, j): pass", {"A.__init__"}),
        ("def _f(a, b, c, d, e, g, h, i, j): pass", set()),
    ],
)
def test_the_count_of_parameters_is_right(source, long):
    assert long_signatures(ast.parse(source)) == long


def test_the_package_is_what_is_looked_at():
    assert {"encoding.encoder", "data.loader", "encoding.objectives.trajectory"} <= set(TREES)
    assert len(METHODS) == len(OBJECTIVES) == len(CLASSES) >= 4
