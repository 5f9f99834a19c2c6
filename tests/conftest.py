"""Fixtures that several files ask for by name; and, with NSDC_REQUIRE_ALL, skips that are failures."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import torch

# Of what is not installed by anyone: a GPU; a user who is not root; the papers' texts and the real CIFAR-10.
MAY_SKIP = ("no CUDA device", "root writes everywhere", "root reads everything", "NSDC_PAPERS", "NSDC_DATA")


def _failed(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(allowed in reason for allowed in MAY_SKIP):
        report.outcome = "failed"
        report.longrepr = f"NSDC_REQUIRE_ALL is set, and this was skipped: {reason}"


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("NSDC_REQUIRE_ALL"):
        _failed(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and os.environ.get("NSDC_REQUIRE_ALL"):
        _failed(report)
    return report
