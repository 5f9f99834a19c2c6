"""Fixtures that several files ask for by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="module")
def nothing_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No data and no terminal settings of whoever runs the tests; an empty folder, which this is, stands in for the
    cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NSDC_DATA", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "CLICOLOR_FORCE"):
            patch.delenv(name, raising=False)
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """In this process and those that it starts: bytes are then the same in all of them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
    torch.set_num_threads(before)


@pytest.fixture
def every_iteration_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsdcodec.encoding.progress.LOG_SECONDS", 0.0)
