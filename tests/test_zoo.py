"""The files that were released stay readable, and are what their table says."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsdcodec import NSDDataset
from nsdcodec.container.file import read
from nsdcodec.synthesis import check_finite

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
