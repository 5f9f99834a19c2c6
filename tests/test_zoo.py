"""The files that were released stay readable, and are what their table says."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsdcodec import NSDDataset
from nsdcodec.format.container.file import read
from nsdcodec.format.synthesis import check_finite

ZOO = Path(__file__).parent.parent / "zoo"
FILES = sorted(ZOO.glob("*.nsd"))


def test_the_zoo_has_files():
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_released_file_is_sound_and_is_what_its_table_says(path):
    file = read(path)
    check_finite(file)
    (row,) = [line for line in (ZOO / "README.md").read_text().splitlines() if line.startswith(f"| `{path.name}`")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2:4] == [f"{path.stat().st_size:,}", f"{len(NSDDataset(path)):,}"]


def test_a_small_file_has_little_beside_its_payload():
    """30,720 elements of float16: header, class names, training recipe and provenance take less than 1,200 bytes."""
    file = read(ZOO / "cifar10-ipc1-cpu.nsd")
    assert 0.99 * 30_720 < file.header.layout.elements <= 30_720
    assert {spec.dtype for spec in file.header.layout.arrays.values()} == {"float16"}
    assert file.header_bytes < 1_200
    assert file.header.classes[9] == "truck"
    assert {"encoder", "source", "recipe", "seed", "iterations", "validation", "device"} <= set(file.header.provenance)
