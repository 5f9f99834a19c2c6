"""Kernels: small pure functions of tensors that are compiled where a compiler is available, and run as they are if not.

Compiling saves passes over memory: on a CPU an instance norm with ReLU and pooling takes a tenth of the time. Matrix
products and convolutions are left to the libraries that PyTorch calls. Without a compiler everything is slower, and
results differ only by rounding.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import torch
from torch import Tensor

from nsdcodec.errors import InvalidSetting

# Seconds that are worth the wait for the compiler, half a minute to two.
LEAST_SAVED = 120.0

Function = TypeVar("Function", bound=Callable[..., object])

# Of the process, not of a thread: on a GPU, backward runs in a thread of PyTorch's own.
_on = False


def kernel(function: Function) -> Function:
    """The function, compiled at its first call within `kernels(True)`, for tensors of any size. No gradient goes
    through it: it is for the two halves of a `torch.autograd.Function`."""
    quick: list[Callable[..., object]] = []

    @functools.wraps(function)
    def call(*given: object) -> object:
        if not _on:
            return function(*given)
        if not quick:
            quick.append(torch.compile(function, dynamic=True, fullgraph=True))
        return quick[0](*map(_plain, given))

    return cast(Function, call)


def _plain(value: object) -> object:
    # That a tensor is a view of another would be a reason to compile once more.
    if isinstance(value, Tensor):
        return value.data
    return [_plain(one) for one in value] if isinstance(value, list) else value


def compiled() -> bool:
    """Whether kernels are, just now."""
    return _on


@contextmanager
def kernels(compile: bool) -> Iterator[None]:
    """Within it, kernels are compiled, or not."""
    global _on
    before, _on = _on, compile
    try:
        yield
    finally:
        _on = before


def settled(compile: bool | None, saved: float, device: str) -> tuple[bool, tuple[str, ...]]:
    """Whether to compile, as asked for, or where it is left open if that saves so many seconds and can be done; and
    what the user should know of it. Settled before a run, since it changes how sums are rounded.

    Raises InvalidSetting where it was asked for, and nothing can be compiled.
    """
    if compile is False or (compile is None and saved < LEAST_SAVED):
        return False, ()
    reason = missing(device)
    if reason is None:
        return True, ()
    if compile:
        raise InvalidSetting(
            f"--compile, or a checkpoint of a compiled run: nothing can be compiled here ({reason}); install a C++ "
            "compiler such as g++, or give --no-compile"
        )
    return False, (f"networks are not compiled, and take longer: {reason}",)


@functools.cache
def missing(device: str) -> str | None:
    """Why nothing can be compiled for a type of device, in a line; None where it can."""
    # It says where it looks for CUDA, on a machine that has none.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    try:
        with kernels(True):
            _probe(torch.ones(3, device=device))
    except Exception as error:  # whatever a compiler that is absent, old or broken makes of it
        return _told(error)
    return None


def _told(error: Exception) -> str:
    """In a line. PyTorch's own begins with `backend='inductor' raised:`, and has the reason in the line after it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])[:240]}"


@kernel
def _probe(values: Tensor) -> Tensor:
    return values * 2 + 1
