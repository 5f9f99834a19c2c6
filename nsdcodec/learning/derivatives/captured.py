"""A step recorded once on a CUDA device and replayed: one launch in place of hundreds.

A recording reads its inputs from where they were and writes its outputs to where they are, so inputs are copied in, and
outputs hold until the next call. What is recorded must be kernels alone: nothing in it may look at a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Function = Callable[..., list[Tensor]]
Recorder = Callable[[Function, Sequence[Tensor]], tuple[list[Tensor], Callable[[], None]]]

# Calls before the recording: kernels are compiled and chosen in the first, and a network that is thrown away after a
# step or two is not worth one.
PLAIN_CALLS = 3


class Captured:
    """The function of tensors; on CUDA by a recording for each set of shapes, from the fourth call with it on."""

    def __init__(self, function: Function, record: Recorder | None = None) -> None:
        self.function = function
        self.record = record
        self.calls: dict[object, int] = {}
        self.recordings: dict[object, tuple[list[Tensor], list[Tensor], Callable[[], None]]] = {}

    def __call__(self, *given: Tensor) -> list[Tensor]:
        record = self.record or (_record if given[0].is_cuda else None)
        if record is None:
            return self.function(*given)
        key = tuple((one.shape, one.dtype, one.device) for one in given)
        if key not in self.recordings:
            self.calls[key] = self.calls.get(key, 0) + 1
            if self.calls[key] <= PLAIN_CALLS:
                return self.function(*given)
            inputs = [one.detach().clone() for one in given]
            self.recordings[key] = (inputs, *record(self.function, inputs))
        inputs, outputs, replay = self.recordings[key]
        for kept, one in zip(inputs, given, strict=True):
            kept.copy_(one)
        replay()
        return outputs


def _record(function: Function, inputs: Sequence[Tensor]) -> tuple[list[Tensor], Callable[[], None]]:
    # What PyTorch asks for: a run on the stream of the recording, before it.
    device = inputs[0].device  # which need not be the one that CUDA calls current
    aside = torch.cuda.Stream(device)
    aside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(aside):
        function(*inputs)
    torch.cuda.current_stream(device).wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    # Other threads, such as one that pins the next images, may go on meanwhile.
    with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
        outputs = function(*inputs)
    return outputs, graph.replay
