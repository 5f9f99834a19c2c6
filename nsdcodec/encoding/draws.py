"""The draws of an iteration: independent losses of the same images, shared among the ranks.

Draw d is made by rank d modulo the number of ranks, with random numbers and state of its own. Gradients are summed in
the order of the draws on every rank, so that the result does not depend on how many ranks there are
(spec/decisions/0006-draws-summed-in-order.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple

import torch
from torch import Tensor

from nsdcodec.encoding import checkpoint as checkpoints
from nsdcodec.encoding.objectives.base import Context, Match, Objective, S
from nsdcodec.errors import InvalidSetting
from nsdcodec.system.devices import on_device
from nsdcodec.system.ranks import Ranks


class StepStatus(NamedTuple):
    """What a rank tells the others beside its gradients. Numbers, since it travels with them."""

    stop: float  # 1: it was told to
    save: float  # 1: a checkpoint is due
    done: float  # how far the run is by its clock, 0 to 1


@dataclass(frozen=True)
class Averaged:
    """The mean of all draws: `gradients` of each parameter (None where no loss depends on it), `loss`, and its `terms`
    on the device. `finite` is whether loss and gradients are. `statuses` are those of all ranks, `notes` those of this
    rank's objective."""

    gradients: list[Tensor | None]
    loss: float
    finite: bool
    terms: Mapping[str, Tensor]
    statuses: list[StepStatus]
    notes: tuple[str, ...]


@dataclass
class Draws(Generic[S]):
    """`states` are those of the draws, by number, that this rank makes; what they learn is one and the same."""

    objective: Objective[S]
    count: int
    ranks: Ranks
    states: dict[int, S]

    @classmethod
    def prepare(cls, objective: Objective[S], context: Context, count: int, ranks: Ranks) -> Draws[S]:
        states = {
            draw: objective.prepare(replace(context, draw=draw)) for draw in range(ranks.rank, count, ranks.world)
        }
        draws = cls(objective, count, ranks, states)
        for state in states.values():
            state.learnable = draws.state.learnable
        return draws

    @property
    def state(self) -> S:
        """Any of them, for what they share."""
        return next(iter(self.states.values()))

    def averaged(
        self,
        images: Tensor,
        labels: Tensor,
        iteration: int,
        parameters: Sequence[Tensor],
        status: Callable[[], StepStatus],
    ) -> Averaged:
        """Of images [n, C, H, W] and labels with their graph. `status` is asked for at the end. One message between the
        ranks; the host waits for the device once."""
        rows: list[Tensor] = []
        matches: list[Match] = []
        used: list[bool] = []
        for number, state in enumerate(self.states.values(), start=1):
            last = number == len(self.states)
            match = self.objective.loss(state, images, labels, iteration)
            row, used = _row(match, parameters, last)
            rows.append(row)
            matches.append(match)
        terms, width = tuple(matches[0].terms), len(StepStatus._fields)
        said = on_device(torch.tensor(status(), dtype=rows[0].dtype), rows[0].device)
        each = -(-self.count // self.ranks.world)  # some ranks may make one less
        rows += [torch.zeros_like(rows[0])] * (each - len(rows))
        gathered = self.ranks.gather(torch.stack([torch.cat([row, said]) for row in rows]))
        told, by_draw = gathered[:, 0, -width:], gathered.transpose(0, 1).flatten(0, 1)
        total = by_draw[0]
        for row in by_draw[1 : self.count]:
            total = total + row
        mean = total / self.count
        sizes = [parameter.numel() for parameter in parameters]
        *gradients, figures, _ = mean.split([*sizes, 1 + len(terms), width])
        norm = mean[: sum(sizes)].square().sum()
        # The one place where the host waits for the device.
        loss, found, *statuses = torch.cat([figures[:1], norm[None], told.flatten()]).tolist()
        return Averaged(
            [
                gradient.view_as(parameter) if is_used else None
                for gradient, parameter, is_used in zip(gradients, parameters, used, strict=True)
            ],
            loss,
            math.isfinite(loss) and math.isfinite(found),
            dict(zip(terms, figures[1:], strict=True)),
            [StepStatus(*statuses[start : start + width]) for start in range(0, len(statuses), width)],
            tuple(note for match in matches for note in match.notes),
        )

    def constrain(self) -> None:
        self.state.constrain()

    def tensors(self) -> dict[str, Tensor]:
        """All that a checkpoint must keep of the draws of this rank: copies on the CPU, since draws share tensors."""
        named = [checkpoints.named(_name(draw), state.tensors()) for draw, state in self.states.items()]
        return {name: values.detach().clone().cpu() for tensors in named for name, values in tensors.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes the states of its draws from those of all, wherever they were made."""
        for draw, state in self.states.items():
            state.load(checkpoints.below(_name(draw), dict(tensors)))


def _row(match: Match, parameters: Sequence[Tensor], last: bool) -> tuple[Tensor, list[bool]]:
    """One draw as a row of numbers: the gradient of all parameters, the loss, its terms; and which parameters the loss
    depends on. The images' own graph is kept unless it is the `last`."""
    # Only these: gradients of a pooled network's own weights would cost time, and nobody reads them.
    gradients = torch.autograd.grad(match.loss, parameters, retain_graph=not last, allow_unused=True)
    flat = [
        torch.zeros_like(parameter).flatten() if gradient is None else gradient.flatten()
        for gradient, parameter in zip(gradients, parameters, strict=True)
    ]
    figures = [value.detach().to(flat[0].dtype)[None] for value in (match.loss, *match.terms.values())]
    return torch.cat([*flat, *figures]), [gradient is not None for gradient in gradients]


def check(count: int, ranks: Ranks) -> None:
    """Raises InvalidSetting where a rank would have nothing to do."""
    if ranks.world > count:
        raise InvalidSetting(
            f"{ranks.world} processes share the draws of an iteration, and optimizer.draws is {count}; start {count}, "
            f"or average more by --set optimizer.draws={ranks.world}"
        )


def _name(draw: int) -> str:
    return f"objective of draw {draw}" if draw else "objective"
