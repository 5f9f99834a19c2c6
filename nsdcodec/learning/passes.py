"""A network's pass over images for ordinary gradients, compiled where kernels are.

On a CPU most of the time of norms, ReLU and pools is passes over memory, which a compiler joins: a pass and its
gradient take about half of the time. Double backward, `vmap` and `functional_call` take the network itself.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn

from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning.base import Network
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives.compiled import compiled, kernels, settled

# What compiling saves of a pass and its gradient, in seconds for each channel and pixel of a ConvNet's first layer: on
# one core 0.33 against 0.165 s for 256 images of 32 x 32 pixels at width 64, in bfloat16 (benchmarks/RESULTS.md).
SAVED = 1e-8


def seconds_saved(spec: NetworkSpec, geometry: Geometry, images: int, device: torch.device) -> float:
    """By compiling, of so many images that pass through a network. Nothing where that was not measured."""
    if spec.name != "convnet" or device.type != "cpu":
        return 0.0
    return SAVED * spec.width * geometry.height * geometry.width * images


@contextlib.contextmanager
def compiled_if_it_pays(spec: NetworkSpec, geometry: Geometry, images: int, compute: Compute) -> Iterator[None]:
    """Within it, passes are compiled where they are so already, or where `compute` and so many images to come say so.
    Raises InvalidSetting where nothing can be compiled, and it was asked for."""
    saved = seconds_saved(spec, geometry, images, compute.device)
    with kernels(compiled() or settled(compute.compile, saved, compute.device.type)[0]):
        yield


def embeddings(network: Network, images: Tensor) -> Tensor:
    """`network.embed(images)`, [n, D]."""
    if not compiled() or len(images) < 2:
        return network.embed(images)
    _any_number(images)
    return cast(Tensor, _quick(type(network))(network, images))


def logits(network: nn.Module, images: Tensor) -> Tensor:
    """`network(images)`: [n, classes], or [S, n, classes] of networks that are stacked, which are not compiled."""
    if not compiled() or not isinstance(network, Network) or type(network).forward is not Network.forward:
        return cast(Tensor, network(images))
    return cast(Tensor, network.classifier(embeddings(network, images)))


@functools.cache
def _quick(kind: type[Network]) -> Callable[..., object]:
    """For all networks of a kind, whose weights are given to it."""
    return torch.compile(kind.embed)


def forget() -> None:
    """What was compiled: a process that measures or tests compiles anew."""
    _quick.cache_clear()
    torch.compiler.reset()


def _any_number(images: Tensor) -> None:
    """One program for all numbers of images that PyTorch treats alike (more than one, and not very few values), so that
    which of them came first makes no difference. PyTorch's name for it is private: without it there is a program for
    the first number and one for all others."""
    module: Any = getattr(torch, "_dynamo", None)
    mark = getattr(module, "maybe_mark_dynamic", None)
    if mark is not None:
        mark(images, 0)
