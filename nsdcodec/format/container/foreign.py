"""What people have in place of an .nsd file, told by the first bytes: a pointer, a page, a packed file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nsdcodec.errors import MalformedFile

LOOKED_AT, SHOWN = 512, 60  # bytes, and characters of a text
_AGAIN = "fetch the file itself; in an address of GitHub or the Hugging Face hub, write /resolve/ or /raw/ for /blob/"
# Beginnings, and what begins so with its remedy.
_KINDS = (
    (b"version https://git-lfs.github.com/spec/", f"a Git LFS pointer, not the file: run `git lfs pull`, or {_AGAIN}"),
    (b"\x1f\x8b", "a file packed by gzip: unpack it first, by gunzip"),
    (b"\x28\xb5\x2f\xfd", "a file packed by zstd: unpack it first, by unzstd"),
    (b"\xfd7zXZ\x00", "a file packed by xz: unpack it first, by unxz"),
    (b"BZh", "a file packed by bzip2: unpack it first, by bunzip2"),
    (b"PK\x03\x04", "a zip archive, which .npz and PyTorch's files are too: if an .nsd file is in it, unpack it first"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file; as a source of real images, give it to nsdc encode"),
)


@contextmanager
def named(data: bytes) -> Iterator[None]:
    """A MalformedFile that is raised inside keeps its rule, but says what the bytes are, if that is known."""
    try:
        yield
    except MalformedFile as error:
        if (kind := _kind(data)) is None:
            raise
        raise MalformedFile(error.rule, f"no .nsd file: it is {kind}", other_kind=True) from error


def _kind(data: bytes) -> str | None:
    for beginning, kind in _KINDS:
        if data.startswith(beginning):
            return kind
    beginning = data[:LOOKED_AT].removeprefix(b"\xef\xbb\xbf").lstrip()
    if beginning.lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return f"a page of HTML or XML: {_AGAIN}"
    if data and data.count(0) == len(data):
        return "nothing but zeros, as a download that stopped can leave: fetch it again"
    # The length that a file begins with has zeros among its eight bytes, and no text has.
    text = beginning.decode(errors="ignore")
    if len(data) >= 8 and len(text.encode()) > len(beginning) - 4 and all(c.isprintable() or c.isspace() for c in text):
        return f"a text that begins with {text[:SHOWN]!r}: {_AGAIN}"
    return None
