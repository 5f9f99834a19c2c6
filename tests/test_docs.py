"""README.md, docs/ and the docstrings of public names: commands parse, Python code runs, links lead somewhere."""

from __future__ import annotations

import ast
import doctest
import inspect
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nsdcodec
from nsdcodec import errors

typer = pytest.importorskip("typer")
pytest.importorskip("h5py")
from nsdcodec_cli import commands  # noqa: E402
from nsdcodec_cli.main import EPILOG, app  # noqa: E402

from nsdcodec.encoding.objectives import OBJECTIVES  # noqa: E402
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS  # noqa: E402
from nsdcodec.export.card import TERMS  # noqa: E402
from nsdcodec.sources import SOURCES  # noqa: E402

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
COMMAND_LINE, API = ROOT / "docs/command-line.md", ROOT / "docs/api.md"
MOST_README_LINES = 110

# Fences: ```python is run, ```python no-run only parsed, since it would download.
BLOCK = re.compile(r"^```python( no-run)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What encodes and trains for longer than an example may; their tests are elsewhere.
WITHOUT_EXAMPLE = {"encode", "evaluate"}
ENTRY_POINTS = [
    *("NSDDataset", "NSDDataset.all", "NSDDataset.batch", "NSDDataset.loader", "NSDDataset.subset"),
    *("NSDDataset.of_classes", "NSDDataset.class_splits", "Joined", "DSA", "Seeded", "read", "verify", "compare"),
    *("convert", "export", "load_source", "normalize", "build_network", "settings_for"),
]


def page_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def c10(tmp_path, monkeypatch) -> None:
    """Runs the test in a new folder that has a file c10.nsd."""
    shutil.copy(ROOT / "zoo/cifar10-ipc1-cpu.nsd", tmp_path / "c10.nsd")
    monkeypatch.chdir(tmp_path)


def public(path: str) -> Any:
    found: Any = nsdcodec
    for name in path.split("."):
        found = getattr(found, name)
    return found


class TestPublicNames:
    def test_each_loads_and_is_listed(self):
        assert sorted(nsdcodec.__all__) == sorted(set(nsdcodec.__all__))
        for name in nsdcodec.__all__:
            assert getattr(nsdcodec, name) is not None
        assert set(nsdcodec.__all__) <= set(dir(nsdcodec))

    def test_the_page_about_python_names_each(self):
        named = set(re.findall(r"`(?:nsdcodec\.)?(\w+)", API.read_text()))
        assert set(nsdcodec.__all__) - named == set()

    @pytest.mark.parametrize("path", ENTRY_POINTS)
    def test_an_entry_point_has_a_docstring_with_an_example_that_runs(self, path, c10):
        text = inspect.getdoc(public(path)) or ""
        assert "Examples:\n" in text
        names = {name: getattr(nsdcodec, name) for name in nsdcodec.__all__}
        example = doctest.DocTestParser().get_doctest(text, names, path, None, 0)
        assert example.examples
        reports: list[str] = []
        result = doctest.DocTestRunner(verbose=False).run(example, out=reports.append)
        assert result.failed == 0, "".join(reports)

    @pytest.mark.parametrize("path", ENTRY_POINTS)
    def test_its_docstring_describes_every_argument(self, path):
        parameters = [name for name in inspect.signature(public(path)).parameters if name != "self"]
        text = inspect.getdoc(public(path)) or ""
        section = text.partition("Arguments:\n")[2].partition("\n\n")[0]
        described = {
            name for line in re.findall(r"^    (\w[\w, ]*):", section, re.MULTILINE) for name in line.split(", ")
        }
        assert set(parameters) == described

    def test_every_function_is_an_entry_point_or_said_to_be_none(self):
        functions = {name for name in nsdcodec.__all__ if inspect.isfunction(getattr(nsdcodec, name))}
        assert functions == (set(ENTRY_POINTS) & functions) | WITHOUT_EXAMPLE


class TestPython:
    @pytest.mark.parametrize("page", PAGES, ids=page_id)
    def test_the_blocks_of_a_page_run_one_after_the_other(self, page, c10):
        names: dict[str, Any] = {}
        for no_run, code in BLOCK.findall(page.read_text()):
            compiled = compile(code, str(page), "exec")
            if not no_run:
                exec(compiled, names)

    def test_no_block_has_a_fence_that_is_not_checked(self):
        for page in PAGES:
            text = page.read_text()
            fences = re.findall(r"^```\S.*$", text, re.MULTILINE)
            assert len(fences) == len(BLOCK.findall(text)), page

    @pytest.mark.parametrize("path", [*PAGES, *sorted((ROOT / "examples").glob("*.py"))], ids=page_id)
    def test_only_public_names_are_imported(self, path):
        text = path.read_text()
        codes = [text] if path.suffix == ".py" else [code for _, code in BLOCK.findall(text)]
        assert [name for code in codes for name in private_imports(code)] == []

    @pytest.mark.parametrize(
        ("code", "wrong"),
        [
            ("from nsdcodec import NSDDataset, errors", []),
            ("import nsdcodec", []),
            ("from nsdcodec import sources", ["sources"]),
            ("from nsdcodec.data.subsets import Joined", ["nsdcodec.data.subsets"]),
            ("def f():\n    import nsdcodec.learning", ["nsdcodec.learning"]),
        ],
    )
    def test_the_check_sees_what_is_not_public(self, code, wrong):
        assert private_imports(code) == wrong


def private_imports(code: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("nsdcodec.")]
        elif isinstance(node, ast.ImportFrom) and node.module == "nsdcodec":
            found += [alias.name for alias in node.names if alias.name not in nsdcodec.__all__]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nsdcodec."):
            found.append(node.module or "")
    return found


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(name, command) of every command that has no commands below it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for inner, found in below.items():
        # `nsdc bench TABLE` may be the command `table` of a group.
        yield from leaves(found, name if inner == "table" else f"{name} {inner}".strip())


def parse(arguments: list[str]) -> None:
    """Parses a command line of nsdc and runs nothing. Raises click's UsageError."""
    command = typer.main.get_command(app)
    for _, leaf in leaves(command, ""):
        leaf.callback = lambda **values: None
    command.main(arguments, prog_name="nsdc", standalone_mode=False)


def command_lines(text: str) -> list[str]:
    """What a reader would paste of nsdc: indented lines of commands, without their comments."""
    lines = []
    for line in re.findall(r"^ {4}(\S.*)$", BLOCK.sub("", text), re.MULTILINE):
        found = re.search(r"(?:^|--no-python )nsdc (.*)", line)
        module = re.search(r"-m nsdcodec\.encode (.*)", line)
        if found:
            lines.append(found[1])
        elif module:
            lines.append("encode " + module[1])
    return lines


class TestCommands:
    @pytest.mark.parametrize("page", PAGES, ids=page_id)
    def test_every_command_line_parses(self, page):
        for line in command_lines(page.read_text()):
            try:
                parse(shlex.split(line, comments=True))
            except Exception as error:
                pytest.fail(f"nsdc {line}: {error!r}")

    def test_command_lines_are_found_and_what_is_wrong_in_them_is_seen(self):
        assert len(command_lines(README.read_text())) > 15
        (line,) = command_lines("    torchrun --nproc-per-node 2 -m nsdcodec.encode digits -o a.nsd\n")
        assert line == "encode digits -o a.nsd"
        parse(["convert", "a.nsd", "b.nsd", "--dtype", "int8"])
        for wrong in (["convert", "a.nsd"], ["decode", "a.nsd", "--jpg", "out"], ["encoding", "digits"]):
            with pytest.raises(Exception, match=r"(?i)missing|no such"):
                parse(wrong)

    @pytest.mark.parametrize("page", PAGES, ids=page_id)
    def test_every_option_in_the_text_is_one_of_its_command(self, page):
        known = dict(leaves(typer.main.get_command(app), ""))
        for span in re.findall(r"`nsdc ([^`]+)`", page.read_text()):
            words = span.split()
            assert words[0] in {*known, "COMMAND"}, span
            for option in [word.partition("=")[0] for word in words if word.startswith("--")]:
                assert option in {"--help"} | options(known.get(words[0])), span

    def test_the_list_of_commands_says_of_each_what_its_own_help_begins_with(self):
        for name, leaf in leaves(typer.main.get_command(app), ""):
            _, about = commands.COMMANDS[name]
            assert " ".join(leaf.help.split("\n\n")[0].split()) == about

    def test_the_page_about_commands_has_every_command_and_option(self):
        _, *sections = re.split(r"^## nsdc ", COMMAND_LINE.read_text(), flags=re.MULTILINE)
        by_name = {section.split()[0]: section.partition("## Exit codes")[0] for section in sections}
        known = {name: leaf for name, leaf in leaves(typer.main.get_command(app), "") if " " not in name}
        assert set(by_name) == set(known)
        for name, leaf in known.items():
            named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", by_name[name].replace("nsdc eval --json", "")))
            assert named == options(leaf), name

    def test_the_exit_codes_are_those_of_the_exceptions(self):
        table = COMMAND_LINE.read_text().partition("## Exit codes")[2]
        rows = dict(re.findall(r"^\| (\d+) \| .* \|(.*)\|$", table, re.MULTILINE))
        documented = {name: int(code) for code, names in rows.items() for name in re.findall(r"`(\w+)`", names)}
        kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.NsdError)]
        assert documented == {kind.__name__: kind.exit_code for kind in kinds if kind is not errors.NsdError}
        assert set(re.findall(r"(?:: |; )(\d+) ", EPILOG)) == set(rows)


def options(leaf: Any) -> set[str]:
    """The options of a command, -o and --output both."""
    return {
        option
        for parameter in (leaf.params if leaf else ())
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("-")
    } - {"--help"}


def slugs(text: str) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def listed(heading: str) -> set[str]:
    """The names in the first column of the table below a heading of docs/encoding.md."""
    section = (ROOT / "docs/encoding.md").read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {
        name for cell in re.findall(r"^\| (.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(.+?)`", cell)
    }


class TestRegistries:
    """The tables of docs/encoding.md have what is registered, no more and no less."""

    def test_of_parameterizations(self):
        assert listed("Parameterizations") == set(PARAMETERIZATIONS)

    def test_of_objectives(self):
        assert listed("Objectives") == set(OBJECTIVES)

    def test_of_sources_with_a_name_whose_terms_the_data_card_knows(self):
        assert listed("Sources of real images") - {"hf:USER/NAME"} == set(SOURCES) == set(TERMS)


class TestPages:
    def test_the_readme_is_short(self):
        assert len(README.read_text().splitlines()) <= MOST_README_LINES

    @pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "zoo/README.md"], ids=page_id)
    def test_links_lead_somewhere(self, page):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if "://" in target:
                continue
            path, _, anchor = target.partition("#")
            found = (page.parent / path).resolve() if path else page
            assert found.exists(), target
            assert not anchor or anchor in slugs(found.read_text()), target

    def test_the_index_has_every_page(self):
        linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs/README.md").read_text()))
        assert linked == {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
