"""The page as one document: markup, style and script of `page/`, with a file in it or without."""

from __future__ import annotations

import base64
import json
from importlib import resources

from nsdcodec.report.beside import Beside

_CHOICE = """<div class="choice">
<div class="intro"><h1>Look at a distilled data set</h1>
<p class="lead">An .nsd file holds a few synthetic images that networks are trained on in place of many real ones. This
page shows them by class, what each is put together from, and where every byte goes.</p></div>
<label><strong>Drop an .nsd file here</strong>, or choose one. It is read on this page, and sent nowhere.
<input id="choose" type="file" accept=".nsd"></label>
</div>"""


def report(file: bytes, name: str, beside: Beside) -> str:
    """The document of a file, which is found sound before: images and facts are made from its bytes in the browser.
    `name` is the title."""
    # In a script element only "</script" and "<!--" mean anything; without "<" the JSON is the same value.
    document = json.dumps({"name": name, **beside.document()}, ensure_ascii=False).replace("<", "\\u003c")
    embedded = (
        f'<script type="application/json" id="beside">{document}</script>\n'
        f'<script type="application/octet-stream" id="nsd">{base64.b64encode(file).decode()}</script>'
    )
    return _page(choice="", file=embedded)


def viewer() -> str:
    """The document without a file: one is dropped on it, or chosen."""
    return _page(choice=_CHOICE, file="")


def _page(choice: str, file: str) -> str:
    """Parts go in one after the other, those that come from a file last: nothing in them is taken for a mark."""
    folder = resources.files("nsdcodec.report") / "page"
    text, style, script = (
        (folder / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "bundle.js")
    )
    parts = {"style": style, "script": script, "choice": choice, "file": file}
    for mark, part in parts.items():
        text = text.replace(f"<!-- {mark} -->", part, 1)
    return text
