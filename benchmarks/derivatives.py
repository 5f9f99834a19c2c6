"""What each part of `nsdcodec/learning/derivatives/` saves: the gradient of a student's training with and without it.

    python benchmarks/derivatives.py [--only NAME ...] [--images 160] [--steps 5] [--rounds 5] [--threads 2]

A ConvNet of depth 3 and width 128, DSA, float32, all from a seed. Contenders take turns, round by round, in one process
that keeps freed memory. Printed are medians of the processor seconds of one gradient, over all threads: threads sleep
where they wait, so that a machine with other work on it gives the same figures. The first round is not counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

# Before torch is imported, which reads them.
os.environ |= {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, jvp

from nsdcodec.data import augmentation
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks
from nsdcodec.learning.derivatives import compiled, layers, sweep
from nsdcodec.learning.derivatives.sweep import Derivatives, Sweep, Trained
from nsdcodec.learning.derivatives.tangents import Tangent
from nsdcodec.system.malloc import keep_freed_memory

GEOMETRY = Geometry(10, 3, 32, 32)
STRATEGY = "color_crop_cutout_flip_scale_rotate"
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Augmented:
    """One step's images."""

    chosen: augmentation.Draw | None

    def of(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return augmentation.apply(images, self.chosen), labels


@dataclass(frozen=True)
class Problem:
    network: nn.Module
    start: Tensor
    images: Tensor
    labels: Tensor
    rate: Tensor
    batches: Sequence[Augmented]

    @classmethod
    def of(cls, images: int, steps: int) -> Problem:
        generator = torch.Generator().manual_seed(1)
        network = networks.build(NetworkSpec(), GEOMETRY, 0)
        return cls(
            network,
            networks.flatten(network),
            torch.randn(images, 3, 32, 32, generator=generator).requires_grad_(),
            torch.arange(images) % GEOMETRY.classes,
            torch.tensor(0.01, requires_grad=True),
            [Augmented(augmentation.draw(STRATEGY, images, generator)) for _ in range(steps)],
        )

    def gradient(self, last: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad((last - self.start).square().sum(), (self.images, self.rate))


def by_sweep(problem: Problem, tangent: Tangent | ForwardMode) -> tuple[Tensor, ...]:
    trained = Trained(Derivatives(tangent), problem.start, problem.batches)  # type: ignore[arg-type]
    return problem.gradient(Sweep.apply(problem.images, problem.labels, problem.rate, trained))


def ours(problem: Problem) -> tuple[Tensor, ...]:
    return by_sweep(problem, Tangent(problem.network, (3, 32, 32), CPU, torch.float32))


def double_backward(problem: Problem) -> tuple[Tensor, ...]:
    """By the graph of all steps."""
    weights = problem.start.clone().requires_grad_()
    for batch in problem.batches:
        some, wanted = batch.of(problem.images, problem.labels)
        logits = functional_call(problem.network, networks.unflatten(problem.network, weights), (some,))
        (gradient,) = torch.autograd.grad(F.cross_entropy(logits, wanted), weights, create_graph=True)
        weights = weights - problem.rate * gradient
    return problem.gradient(weights)


class ForwardMode:
    """What `Tangent` is, of any network: by PyTorch's forward mode, and its backward through that."""

    def __init__(self, network: nn.Module, fewer_passes: bool) -> None:
        self.shapes = {name: weight.shape for name, weight in network.named_parameters()}
        self.network = _with_fewer_passes(network) if fewer_passes else network

    def leaves(self, vector: Tensor) -> list[Tensor]:
        parts = vector.detach().split([shape.numel() for shape in self.shapes.values()])
        return [part.view(shape).clone() for part, shape in zip(parts, self.shapes.values(), strict=True)]

    def flat(self, gradients: Sequence[Tensor]) -> Tensor:
        return torch.cat([one.reshape(-1) for one in gradients])

    def activation_bytes(self, images: Tensor) -> int:
        return 128 * 32 * 32 * images.element_size()

    def _logits(self, weights: Sequence[Tensor], images: Tensor) -> Tensor:
        logits: Tensor = functional_call(self.network, dict(zip(self.shapes, weights, strict=True)), (images,))
        return logits

    def loss(self, weights: Sequence[Tensor], images: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(self._logits(weights, images), labels, reduction="sum")

    def jvp(self, weights: Sequence[Tensor], direction: Sequence[Tensor], images: Tensor, labels: Tensor) -> Tensor:
        def loss(*own: Tensor) -> Tensor:
            # PyTorch's cross_entropy and logsumexp have an exp in place, which backward through a tangent refuses.
            logits = self._logits(own, images)
            shifted = logits - logits.detach().amax(dim=1, keepdim=True)
            return (shifted.exp().sum(dim=1).log() - shifted.gather(1, labels[:, None])[:, 0]).sum()

        return jvp(loss, tuple(weights), tuple(direction))[1]  # type: ignore[no-any-return]


class _Norm(nn.Module):
    """Instance norm in fewer passes than the forward mode of PyTorch's group norm takes."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean((2, 3), keepdim=True)
        r = ((centred * centred).mean((2, 3), keepdim=True) + self.eps).rsqrt()
        return centred * (r * self.weight[:, None, None]) + self.bias[:, None, None]


class _Pool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        rows = x[:, :, ::2] + x[:, :, 1::2]
        return (rows[..., ::2] + rows[..., 1::2]) * 0.25


def _with_fewer_passes(network: nn.Module) -> nn.Module:
    network = networks.build(NetworkSpec(), GEOMETRY, 0)
    features = network.features
    assert isinstance(features, nn.Sequential)
    for i, module in enumerate(features):
        if isinstance(module, nn.GroupNorm):
            features[i] = _Norm(module)
        elif type(module).__name__ == "MeanPool":
            features[i] = _Pool()
    return network


class _Unfused(layers.Layer):
    """Norm, ReLU and pool by PyTorch's operations."""

    count = 2

    def __init__(self, eps: float, pool: int) -> None:
        self.eps, self.pool = eps, pool

    def value(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return self._value(x, *weights)

    def jvp(self, weights: Sequence[Tensor], tangents: Sequence[Tensor], x: layers.Dual) -> layers.Dual:
        x_tangent = torch.zeros_like(x[0]) if x[1] is None else x[1]
        value, tangent, *_ = jvp(self._value, (x[0], *weights), (x_tangent, *tangents))
        return value, tangent

    def _value(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        centred = x - x.mean((1, 2), keepdim=True)
        r = ((centred * centred).mean((1, 2), keepdim=True) + self.eps).rsqrt()
        value = (centred * (r * scale) + shift).relu()
        if self.pool == 1:
            return value
        return F.avg_pool2d(value.permute(0, 3, 1, 2), self.pool).permute(0, 2, 3, 1).contiguous()


class _NoImages(layers._Convolution):
    """Without the product of its own for the gradient of images."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.few = False


@contextmanager
def _compiled() -> Iterator[None]:
    with compiled.kernels(True):
        yield


@dataclass(frozen=True)
class Contender:
    about: str
    gradient: Callable[[Problem], tuple[Tensor, ...]] = ours
    within: tuple[Callable[[], object], ...] = ()


CONTENDERS = {
    "double-backward": Contender("PyTorch's double backward, the graph of all steps", double_backward),
    "ours": Contender("the package's"),
    "whole": Contender("ours, a batch whole", within=(lambda: patch.dict(sweep.AT_ONCE, cpu=1 << 40),)),
    "unfused": Contender(
        "ours, norm and pool unfused", within=(lambda: patch.object(layers, "_NormReluPool", _Unfused),)
    ),
    "images": Contender(
        "ours, no product of its own for images", within=(lambda: patch.object(layers, "_Convolution", _NoImages),)
    ),
    "forward-mode": Contender(
        "PyTorch's forward mode, then backward", lambda problem: by_sweep(problem, ForwardMode(problem.network, False))
    ),
    "forward-mode-fewer": Contender(
        "the same, norm and pool in fewer passes", lambda problem: by_sweep(problem, ForwardMode(problem.network, True))
    ),
    "compiled": Contender("ours, compiled", within=(_compiled,)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    for name, default in (("images", 160), ("steps", 5), ("rounds", 5), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    keep_freed_memory()
    problem = Problem.of(given.images, given.steps)
    print(
        f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {given.threads} threads, "
        f"{given.images} images x {given.steps} steps, medians of {given.rounds}"
    )
    seconds: dict[str, list[float]] = {name: [] for name in given.only}
    found = {}
    for round_ in range(given.rounds + 1):
        for name in given.only:
            contender = CONTENDERS[name]
            with ExitStack() as stack:
                for within in contender.within:
                    stack.enter_context(within())  # type: ignore[arg-type]
                begin = time.process_time()
                found[name] = contender.gradient(problem)
                if round_:
                    seconds[name].append(time.process_time() - begin)
    first = given.only[0]
    unit = statistics.median(seconds[first])
    print("| | processor s | spread | ratio | distance of the images' gradient |\n| --- | --- | --- | --- | --- |")
    for name, times in seconds.items():
        median = statistics.median(times)
        spread = (max(times) - min(times)) / median
        away = float((found[name][0] - found[first][0]).norm() / found[first][0].norm())
        print(f"| {CONTENDERS[name].about} | {median:.2f} | {spread:.0%} | {median / unit:.2f} | {away:.1e} |")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
