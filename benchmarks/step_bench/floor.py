"""What an iteration cannot take less than on a machine: products and bytes, counted from the layers. After `work`.

Let F be the floating-point operations (two a multiply-add) of the convolutions and of the linear layer forward, and f
those of the first convolution.

The published loop, a step: forward F; the gradient of the weights 2 F - f, since that of the images is not needed yet;
then the gradient of both. Of each layer that is, through the two products of its backward, two each (the first layer
has one), and through its forward, two: 6 F - 2 f. In all 9 F - 3 f: nine forward passes but for the first layer.

Our sweep, a step: forward F and the gradient of the weights 2 F - f; then value and tangent forward, F and 2 F - f (the
images have no tangent), and back through them, 5 F - 2 f: of the value both factors, of the tangent all but the
direction, which is given. In all 11 F - 4 f; the last step back, the student's first, wants no gradient of the weights:
2 F - f less.

The floor is of the published loop's products, which are fewer, at the measured speed of a large product; or, where
that takes longer, of its bytes at the measured speed of memory: each of its four passes (forward, its backward, and
back through both) writes and reads once the images and the output of each convolution and pooling, norm and ReLU being
on the way. Decoding (a thousandth), weights, and what one pass reads of another would come on top. No program of these
products can be faster; one with fewer, as by fast convolutions, can.
"""

from __future__ import annotations

from dataclasses import dataclass

from step_bench.work import Work

PASSES = 4
# About how often the graph of a step holds what `activation_values` counts, as PyTorch keeps it.
COPIES = 4.0
BYTES = {"float32": 4, "bfloat16": 2}


@dataclass(frozen=True)
class Hardware:
    """What this machine was seen to reach: operations a second of a product of large matrices, by precision, and bytes
    a second of memory."""

    flops: dict[str, float]
    bandwidth: float

    def better(self, other: Hardware) -> Hardware:
        """The best of two measurements, between which others may have used the machine."""
        flops = {precision: max(speed, other.flops[precision]) for precision, speed in self.flops.items()}
        return Hardware(flops, max(self.bandwidth, other.bandwidth))


def layer_flops(work: Work) -> list[int]:
    """Of an image forward, by layer: the convolutions and the linear layer."""
    found = []
    channels, side = work.geometry.channels, work.geometry.height
    for _ in range(work.depth):
        found.append(2 * 9 * channels * work.width * side * side)
        channels, side = work.width, side // 2
    return [*found, 2 * channels * side * side * work.classes]


def published_flops(work: Work) -> int:
    """Of an iteration."""
    first, forward = layer_flops(work)[0], sum(layer_flops(work))
    return work.images * work.steps * (9 * forward - 3 * first)


def sweep_flops(work: Work) -> int:
    """Of an iteration."""
    layers = layer_flops(work)
    first, forward = layers[0], sum(layers)
    return work.images * (work.steps * (11 * forward - 4 * first) - (2 * forward - first))


def activation_values(work: Work) -> int:
    """Of an image: itself, and the output of each convolution and pooling."""
    count = work.geometry.channels * work.geometry.height * work.geometry.width
    side = work.geometry.height
    for _ in range(work.depth):
        count += work.width * (side * side + (side // 2) ** 2)
        side //= 2
    return count


def moved_bytes(work: Work, precision: str) -> int:
    """Of an iteration, at least."""
    return 2 * PASSES * work.images * work.steps * activation_values(work) * BYTES[precision]


def graph_bytes(work: Work, precision: str) -> int:
    """About what the graph of all steps holds: where it cannot be measured."""
    return round(COPIES * work.images * work.steps * activation_values(work) * BYTES[precision])


def seconds(work: Work, precision: str, hardware: Hardware) -> float:
    """The floor of an iteration."""
    return max(published_flops(work) / hardware.flops[precision], moved_bytes(work, precision) / hardware.bandwidth)
