"""What is no .nsd file and is often in its place is called by its name, with what to do; the rule stays the same."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma

import numpy as np
import pytest
import zstandard
from builders import file_of

from nsdcodec.errors import MalformedFile
from nsdcodec.format.container.file import read

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 2259\n".encode()


def npz() -> bytes:
    memory = io.BytesIO()
    np.savez(memory, images=np.zeros(3))
    return memory.getvalue()


@pytest.mark.parametrize(
    ("data", "rule", "message"),
    [
        (POINTER, "NSD-F02", "a Git LFS pointer, not the file: run `git lfs pull`"),
        (b"<!DOCTYPE html><html><head><title>404</title></head></html>", "NSD-F02", "a page of HTML or XML: fetch"),
        (b"\n <html lang=en><body>" + "é".encode() * 600, "NSD-F02", "a page of HTML or XML"),
        (b'<?xml version="1.0"?><Error><Code>NoSuchKey', "NSD-F02", "a page of HTML or XML"),
        (b'{"error":"Invalid username or password."}', "NSD-F02", r"""a text that begins with '{"error":"Invalid"""),
        (b"Entry not found", "NSD-F02", "a text that begins with 'Entry not found'"),
        (("Zugriff verweigert: " + "ä" * 900).encode(), "NSD-F02", "a text that begins with 'Zugriff"),
        (gzip.compress(b"anything", mtime=1), "NSD-F02", "a file packed by gzip: unpack it first"),
        (gzip.compress(b"anything", mtime=0), "NSD-F01", "a file packed by gzip: unpack it first"),
        (zstandard.compress(b"anything"), "NSD-F02", "a file packed by zstd"),
        (lzma.compress(b"anything"), "NSD-F02", "a file packed by xz"),
        (bz2.compress(b"anything"), "NSD-F02", "a file packed by bzip2"),
        (npz(), "NSD-F02", "a zip archive"),
        (bytes(4096), "NSD-F03", "nothing but zeros"),
    ],
)
def test_what_stands_in_its_place_is_named(data, rule, message):
    with pytest.raises(MalformedFile) as caught:
        read(data)
    assert caught.value.rule == rule
    assert str(caught.value).startswith(f"no .nsd file: it is {message}")
    assert rule in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"404", bytes(range(255, 0, -1))])
def test_what_is_not_known_is_as_before(data):
    with pytest.raises(MalformedFile) as caught:
        read(data)
    assert "no .nsd file" not in str(caught.value)


def test_a_file_that_is_damaged_behind_its_first_bytes_is_still_one():
    data = file_of("pixels")
    with pytest.raises(MalformedFile) as caught:
        read(data[:-1])
    assert "no .nsd file" not in str(caught.value)
