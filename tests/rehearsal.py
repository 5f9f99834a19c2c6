"""A device that is not there: it computes shapes alone, and refuses what would be a fault, or a wait, on a CUDA device.

Its tensors are PyTorch's own `meta` ones, whose autograd works, or fake ones that call themselves `cuda`
(`FakeTensorMode`), which take the branches for CUDA but have no backward. Both pass over some faults, so every
operation is looked at here first. What is found: tensors of two devices in one operation; a value that the host looks
at; an operation whose shape depends on values; a copy that the host waits for. What is not: streams, recordings,
memory, kernels that CUDA lacks, anything that depends on a number.

It leans on what PyTorch calls private (fake tensors, dispatch modes). Where a version no longer has them, this file is
what has to follow; the package does not use them.
"""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves

import nsdcodec
from nsdcodec.system.devices import on_device

PACKAGE = str(Path(nsdcodec.__file__).parent)

# Operations that on CUDA make the host wait, since it must know how many values come out, or what they are.
SHAPED_BY_VALUES = {
    "nonzero", "masked_select", "masked_scatter_backward", "_unique2", "unique_dim", "unique_consecutive", "bincount",
    "equal", "repeat_interleave", "histc", "tensor_split",
}  # fmt: skip
# From a number or a list of the host; with a tensor of the device they are no copy.
MADE_ON_THE_HOST = {torch.tensor, torch.as_tensor, torch.asarray, Tensor.new_tensor}
# What autocast on CUDA takes in a half type.
PRODUCTS = {
    torch.conv2d, torch.nn.functional.conv2d, torch.nn.functional.linear, torch.matmul, torch.mm, torch.bmm,
    torch.baddbmm, Tensor.matmul, Tensor.__matmul__,
}  # fmt: skip


class Fault(Exception):
    """What a CUDA device would refuse."""


class Wait(Exception):
    """What would make the host wait for it."""


class Rehearsal:
    """Within `held()`, operations on tensors of the type of `device` are looked at. A wait is let through, and counted
    in `waits` by the function's name, in a function of `own` where it stands in that function itself, and of `below`
    also where it stands in what that calls; the host then reads the value that is given for it, from each place."""

    def __init__(
        self,
        device: str = "meta",
        own: Mapping[Callable[..., Any], float] | None = None,
        below: Mapping[Callable[..., Any], float] | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.own = {code: value for function, value in (own or {}).items() for code in _codes(_code(function))}
        self.below = {_code(function): value for function, value in (below or {}).items()}
        self.waits: Counter[str] = Counter()
        self.operations = 0
        self._fake = FakeTensorMode(allow_non_fake_inputs=True) if self.device.type == "cuda" else None

    @contextlib.contextmanager
    def held(self) -> Iterator[Rehearsal]:
        with self._fake or contextlib.nullcontext(), _Functions(self), _Operations(self):
            yield self

    def wait(self, what: str) -> float:
        """What the host reads, where it may. Raises Wait."""
        nearest, frame = None, sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if nearest is None and code.co_filename.startswith(PACKAGE) and code is not _code(on_device):
                nearest = code
                if code in self.own:
                    self.waits[code.co_qualname] += 1
                    return self.own[code]
            if code in self.below:
                self.waits[code.co_qualname] += 1
                return self.below[code]
            frame = frame.f_back
        place = f"{nearest.co_qualname}, {Path(nearest.co_filename).name}" if nearest else "the test"
        raise Wait(f"{what}, in {place}")

    def is_there(self, value: object) -> bool:
        return isinstance(value, Tensor) and value.device.type == self.device.type


def _code(function: Callable[..., Any]) -> CodeType:
    function = getattr(function, "__wrapped__", function)
    return getattr(function, "__func__", function).__code__


def _codes(code: CodeType) -> Iterator[CodeType]:
    """With what is defined in it, as a generator is."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


class _Operations(TorchDispatchMode):
    """Every operation of PyTorch's library, with those of backward."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__()
        self.rehearsal = rehearsal

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name, tensors = (
            func.overloadpacket.__name__,
            [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)],
        )
        there = [one for one in tensors if self.rehearsal.is_there(one)]
        here = [one for one in tensors if not self.rehearsal.is_there(one)]
        made_there = torch.device(kwargs.get("device") or "cpu").type == self.rehearsal.device.type
        if not there and not made_there:
            with _disable_current_modes():  # on the host numbers are real
                return func(*args, **kwargs)
        self.rehearsal.operations += 1
        if name in ("_to_copy", "copy_"):
            read = self._copied(name, func, args, kwargs)
            if read is not None:
                return read
        elif there:
            self._looked_at(name, func, args, here)
            if name == "_local_scalar_dense":
                value = self.rehearsal.wait("a value is read from the device")
                return bool(value) if args[0].dtype == torch.bool else value
        return func(*args, **kwargs)

    def _copied(self, name: str, func: Any, args: Any, kwargs: Any) -> Tensor | None:
        """What the host gets of a copy from the device; None for any other copy."""
        source = args[0] if name == "_to_copy" else args[1]
        if name == "copy_":
            target, held = args[0].device.type, args[2] if len(args) > 2 else kwargs.get("non_blocking", False)
        else:
            target, held = torch.device(kwargs.get("device") or source.device).type, kwargs.get("non_blocking", False)
        device = self.rehearsal.device.type
        if source.device.type == device and target != device:
            value = self.rehearsal.wait("values are copied from the device")
            with _disable_current_modes():
                read = torch.full(source.shape, value, dtype=kwargs.get("dtype") or source.dtype)
                return read if name == "_to_copy" else args[0].copy_(read)
        if source.device.type != device and target == device:
            # A tensor of `on_device` is pinned where the device is CUDA.
            pinned = device == "meta" or getattr(source, "pinned", False)
            if not (held and pinned) and not (device == "meta" and _called_by(on_device)):
                self.rehearsal.wait("values are copied to the device, not pinned or not with non_blocking")
        return None

    def _looked_at(self, name: str, func: Any, args: Any, here: list[Tensor]) -> None:
        indexing = name in (
            "index",
            "index_put",
            "index_put_",
            "_index_put_impl_",
            "_unsafe_index",
            "_unsafe_index_put",
        )
        # A number of the host travels with a launch, if the operation takes single numbers.
        numbers = torch.Tag.pointwise in func.tags or name.startswith("_foreach") or indexing
        mixed = [one for one in here if one.dim() or not numbers]
        if indexing:
            for one in args[1]:
                if isinstance(one, Tensor) and one.dtype in (torch.bool, torch.uint8):
                    self.rehearsal.wait("indexing by truth values")
                if isinstance(one, Tensor) and not self.rehearsal.is_there(one):
                    mixed = [other for other in mixed if other is not one]
                    self.rehearsal.wait("an index is copied to the device")
        if mixed:
            devices = sorted({str(one.device) for one in mixed})
            raise Fault(f"{func} of tensors on {self.rehearsal.device} and {', '.join(devices)}")
        if name in SHAPED_BY_VALUES:
            self.rehearsal.wait(f"the shape, or the answer, of {name} depends on values")


def _called_by(function: Callable[..., Any]) -> bool:
    """Whether it is the nearest function of the package."""
    frame = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return frame is not None and frame.f_code is _code(function)


class _Functions(TorchFunctionMode):
    """What does not come as an operation."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__()
        self.rehearsal = rehearsal

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is Tensor.pin_memory and not self.rehearsal.is_there(args[0]):
            pinned = args[0].clone()
            pinned.pinned = True
            return pinned
        if func is Tensor.__format__ and self.rehearsal.is_there(args[0]) and args[0].dim() == 0:
            return format(self.rehearsal.wait("a value is written as text"), args[1])
        if func in MADE_ON_THE_HOST and not any(map(self.rehearsal.is_there, args[func is Tensor.new_tensor :])):
            device = kwargs.get("device") or (args[0].device if func is Tensor.new_tensor else "cpu")
            if torch.device(device).type == self.rehearsal.device.type:
                self.rehearsal.wait("numbers are copied to the device")
        if _half is not None and func in PRODUCTS:
            args = [one.to(_half) if isinstance(one, Tensor) and one.is_floating_point() else one for one in args]
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        return func(*args, **kwargs)


_half: torch.dtype | None = None


@contextlib.contextmanager
def autocast(device: str, dtype: torch.dtype | None = None, enabled: bool = True) -> Iterator[None]:
    """Stands in for `torch.autocast`, which there is not for `meta`: products in the type, as on CUDA."""
    global _half
    before, _half = _half, dtype if enabled else None
    try:
        yield
    finally:
        _half = before
