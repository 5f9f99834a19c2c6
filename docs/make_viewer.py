"""Writes docs/viewer.html, and before that the script of the page, nsdcodec/report/page/bundle.js: the modules of the
page, of the JavaScript reader and of zstddec in one. Run it when one of these changes (`make viewer`); a test says so.

A browser loads no module by an import from a page that was opened as a file, so each becomes a function here that
returns what it exports.
"""

from __future__ import annotations

import re
from pathlib import Path

from nsdcodec.report.page import viewer

ROOT = Path(__file__).parents[1]
MAIN = ROOT / "nsdcodec/report/page/main.mjs"
BUNDLE = MAIN.with_name("bundle.js")
VIEWER = ROOT / "docs/viewer.html"
ZSTDDEC = ROOT / "spec/reference/javascript/node_modules/zstddec"
PACKAGES = {"zstddec": ZSTDDEC / "dist/zstddec.mjs"}

IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
PASSED_ON = re.compile(r'^export \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
DECLARED = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) (\w+))", re.MULTILINE)
LISTED = re.compile(r"^export \{([^}]*)\};\n", re.MULTILINE)


def bundle(main: Path = MAIN) -> str:
    """One module that does what `main` does, with all that it imports. Raises ValueError for a form of import or
    export that is not among the four above, and for modules that import each other."""
    names: dict[Path, str] = {}
    parts: list[str] = []

    def add(path: Path, above: tuple[Path, ...]) -> str:
        if path in above:
            raise ValueError(f"{path} imports itself, by {above[-1]}")
        if path not in names:
            text = path.read_text(encoding="utf-8")

            def replaced(match: re.Match[str]) -> str:
                target = PACKAGES.get(match[2]) or (path.parent / match[2]).resolve()
                return f"const {{{match[1]}}} = {add(target, (*above, path))};\n"

            exported = [name for match in PASSED_ON.finditer(text) for name in _names(match[1])]
            exported += DECLARED.findall(text) + [name for match in LISTED.finditer(text) for name in _names(match[1])]
            # What is passed on and imported as well is declared once.
            imported = {name for match in IMPORT.finditer(text) for name in _names(match[1])}
            passed = PASSED_ON.sub(lambda match: "" if set(_names(match[1])) <= imported else replaced(match), text)
            code = LISTED.sub("", DECLARED.sub("", IMPORT.sub(replaced, passed)))
            if odd := re.search(r"^(import|export)\b.*", code, re.MULTILINE):
                raise ValueError(f"{path}: no form that is known here: {odd[0]}")
            names[path] = f"module{len(names)}"
            parts.append(f"const {names[path]} = (() => {{\n{code}return {{ {', '.join(exported)} }};\n}})();\n")
        return names[path]

    add(main, ())
    script = _notice() + "\n".join(parts)
    if re.search(r"</script|<!--", script, re.IGNORECASE):
        raise ValueError("the script holds what would end or change the element it stands in")
    return script


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _notice() -> str:
    """Of the one package in it that is not ours."""
    licence = (ZSTDDEC / "LICENSE").read_text(encoding="utf-8").rstrip()
    text = f"Made by docs/make_viewer.py. With zstddec, under this licence:\n\n{licence}"
    lines = "".join(f" * {line.strip()}".rstrip() + "\n" for line in text.splitlines())
    return f"/*!\n{lines} */\n"


if __name__ == "__main__":
    BUNDLE.write_text(bundle(), encoding="utf-8")
    VIEWER.write_text(viewer(), encoding="utf-8")
    print(f"{BUNDLE.relative_to(ROOT)}, {VIEWER.relative_to(ROOT)}")
