"""What must be measured in a process of its own: the first batch of a fresh object, and memory. After `contenders`.

The processes are new interpreters that import what they need: what is forked pays for each page that it writes to.
"""

from __future__ import annotations

import importlib
import multiprocessing
import subprocess
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch

import nsdcodec
from loading_bench.contenders import contender
from loading_bench.forms import Forms
from measurement import process_memory
from nsdcodec.errors import InvalidSetting

# Of the processes that measure: see above.
START = "spawn"
IMPORT = "import time; started = time.perf_counter(); import nsdcodec; print(time.perf_counter() - started)"


@dataclass(frozen=True)
class Probe:
    """`first_batch` in seconds, from what is on disk, in a process that has imported all it needs and used torch once.
    `memory` in bytes: by how much two epochs raised the peak of the process, and what its workers hold of their own at
    the end; None where that was not asked, or the system does not tell."""

    first_batch: float
    memory: int | None


def probe(name: str, forms: Forms, threads: int, memory: bool) -> Probe:
    """One contender in a fresh process. Raises InvalidSetting where that failed."""
    context = multiprocessing.get_context(START)
    here, there = context.Pipe(duplex=False)
    arguments = (there, multiprocessing.get_start_method(), name, forms, threads, memory)
    process = context.Process(target=_probe, args=arguments)  # type: ignore[attr-defined]
    process.start()
    there.close()
    try:
        found: Probe = here.recv()
    except EOFError as error:
        process.join()
        raise InvalidSetting(
            f"{name} failed in a process of its own (exit code {process.exitcode}; its error is above): leave it out "
            "with --rows"
        ) from error
    process.join()
    return found


def _probe(connection: Connection, method: str, name: str, forms: Forms, threads: int, memory: bool) -> None:
    # Workers begin as they do where anybody trains: here the default is how this process began.
    multiprocessing.set_start_method(method, force=True)
    found = contender(name)
    for package in found.packages:
        importlib.import_module(package)
    torch.set_num_threads(threads)
    (torch.ones(64, 64) @ torch.ones(64, 64)).sum().item()
    process_memory.forget_peak()
    before = process_memory.peak()
    started = time.perf_counter()
    batches = found.open(forms)
    first = iter(batches)
    next(first)
    taken = time.perf_counter() - started
    grown = None
    if memory:
        for _ in first:
            pass
        for _ in batches:
            pass
        if before is not None and (after := process_memory.peak()) is not None:
            grown = after - before + sum(process_memory.own(child.pid) for child in multiprocessing.active_children())
    connection.send(Probe(taken, grown))
    connection.close()


def import_seconds() -> float:
    """Of `import nsdcodec` in a new interpreter."""
    package = Path(nsdcodec.__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(package)!r}); {IMPORT}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(ran.stdout)
