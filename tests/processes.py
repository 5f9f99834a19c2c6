"""Processes for tests of several at once: forked from a server that has imported what they need, so that each starts in
a moment, and clean."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.forkserver
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

# What is not installed is passed over.
PRELOAD = ["preloaded", "builders", "step_bench.run", "loading_bench.run", "loading_bench.probe"]


def serve() -> ForkServerContext:
    """The server of this process, which is one for all tests, started where it is not there yet."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    # Some versions of Python do not hand it the path of this process.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        multiprocessing.forkserver.ensure_running()
    return context


@contextlib.contextmanager
def started(count: int, target: Callable[..., object], *arguments: object) -> Iterator[list[BaseProcess]]:
    """`count` processes that a launcher could have started, each calling `target(*arguments)`. Dead at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "OMP_NUM_THREADS": "1"}
    server, processes = serve(), []
    for rank in range(count):
        variables = meeting | {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}
        processes.append(server.Process(target=_run, args=(variables, target, arguments)))
    try:
        for process in processes:
            process.start()
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def _run(variables: dict[str, str], target: Callable[..., object], arguments: tuple[object, ...]) -> None:
    import torch

    os.environ |= variables
    torch.set_num_threads(1)
    target(*arguments)
    sys.stdout.flush()


def exit_codes(processes: list[BaseProcess], seconds: float = 60.0) -> list[int | None]:
    """When all have ended; None of those that have not in time."""
    end = time.monotonic() + seconds
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
    return [process.exitcode for process in processes]


def wait(until: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def lines(path: Path) -> list[str]:
    """Of a file that others may be writing, or have not made yet."""
    return path.read_text().splitlines() if path.exists() else []
