"""Draws: each has chance of its own, and an iteration takes the mean of their gradients, added in their order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch
from contexts import double_context, real_data, seeded, toy_source
from torch import Tensor

from nsdcodec.encoding.draws import Averaged, Draws, StepStatus, check
from nsdcodec.encoding.objectives import Guidance, Guided
from nsdcodec.encoding.objectives.base import Context, Match, Objective, State
from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.objectives.gradient import GradientMatching
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.system.ranks import Ranks

TOY = Geometry(3, 2, 8, 8)
LABELS = torch.tensor([0, 0, 1, 1, 2, 2])
SILENT = StepStatus(0, 0, 0.25)
DM = DistributionMatching(real_per_class=4)


@dataclass(frozen=True)
class Noise(Objective[State]):
    """A loss whose gradient is known: images times numbers drawn for this iteration and draw."""

    name: ClassVar[str] = "noise"

    def prepare(self, context: Context) -> State:
        rate = torch.tensor(2.0, requires_grad=True)
        return State(context, {"rate": rate}, {"rate": 0.1})

    def loss(self, state: State, images: Tensor, labels: Tensor, iteration: int) -> Match:
        noise = torch.randn(images.shape, generator=state.context.stream("noise", iteration), dtype=images.dtype)
        loss = (images * noise).sum() * state.learnable["rate"]
        return Match(loss, terms={"half": loss.detach() / 2}, notes=(f"draw {state.context.draw}",))


def noise_of(seed: int, iteration: int, draw: int, like: Tensor) -> Tensor:
    """The same numbers, by the definition of a stream written out."""
    path = f"{seed}/noise/{iteration}" + (f"/draw/{draw}" if draw else "")
    number = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "little") >> 1
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(number), dtype=like.dtype)


def averaged(
    objective: Objective[State], count: int, coefficients: Tensor, iteration: int = 4, context: Context | None = None
) -> tuple[Draws[State], Averaged]:
    """The images are twice the coefficients."""
    draws = Draws.prepare(objective, context or double_context(TOY), count, Ranks())
    parameters = [coefficients, *draws.state.learnable.values()]
    return draws, draws.averaged(2 * coefficients, LABELS, iteration, parameters, lambda: SILENT)


def coefficients(dtype: torch.dtype = torch.float64) -> Tensor:
    values = torch.randn(len(LABELS), 2, 8, 8, generator=seeded(1), dtype=torch.float64)
    return values.to(dtype).requires_grad_()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_gradient_loss_and_terms_are_means_over_draws_of_different_chance(count):
    start = coefficients()
    _, found = averaged(Noise(), count, start)
    noises = [noise_of(5, 4, draw, start) for draw in range(count)]
    mean = torch.stack(noises).mean(dim=0)
    inner = float((2 * start.detach() * mean).sum())
    torch.testing.assert_close(found.gradients[0], 2 * 2.0 * mean)
    assert found.gradients[1].item() == pytest.approx(inner)
    assert found.loss == pytest.approx(2.0 * inner)
    assert {name: term.item() for name, term in found.terms.items()} == {"half": pytest.approx(inner)}
    assert found.finite
    assert found.notes == tuple(f"draw {draw}" for draw in range(count))
    assert found.statuses == [SILENT]


def test_float32_gradients_are_added_in_the_order_of_the_draws():
    start = coefficients(torch.float32)
    _, found = averaged(Noise(), 3, start)
    first, second, third = (2 * 2.0 * noise_of(5, 4, draw, start) for draw in range(3))
    assert torch.equal(found.gradients[0], ((first + second) + third) / 3)
    assert not torch.equal(found.gradients[0], (first + (second + third)) / 3)


@pytest.mark.parametrize(
    "objective",
    [
        DM,
        replace(DM, pool=2, pool_steps=0),
        GradientMatching(real_per_class=4),
        Guided(DM, Guidance(0.3, real_batch=6)),
    ],
    ids=["dm", "pool", "dc", "guided"],
)
def test_the_gradient_is_that_of_the_mean_loss_by_finite_differences(objective):
    start = coefficients()
    direction = torch.randn(start.shape, generator=seeded(2), dtype=torch.float64)
    slope = float((averaged(objective, 3, start)[1].gradients[0] * direction).sum())
    step = 1e-6
    ahead, behind = (
        averaged(objective, 3, (start.detach() + sign * step * direction).requires_grad_())[1].loss for sign in (1, -1)
    )
    assert slope == pytest.approx((ahead - behind) / (2 * step), rel=1e-5)
    losses = {averaged(objective, count, start)[1].loss for count in (1, 2, 3)}
    assert len(losses) == 3


def test_the_first_draw_is_what_it_is_alone():
    context = double_context(TOY)
    of_draw = [replace(context, draw=draw) for draw in range(3)]
    numbers = [torch.rand(4, generator=one.stream("a", 1)).tolist() for one in of_draw]
    assert numbers[0] == torch.rand(4, generator=context.stream("a", 1)).tolist()
    assert len(set(map(tuple, numbers))) == 3
    weights = [next(iter(one.new_network("a", 1).parameters())).flatten()[0].item() for one in of_draw]
    assert weights[0] == next(iter(context.new_network("a", 1).parameters())).flatten()[0].item()
    assert len(set(weights)) == 3


def test_what_is_learned_is_one_for_all_draws_and_states_are_their_own():
    draws, _ = averaged(replace(DM, pool=2, pool_age=5), 3, coefficients())
    ages = [tuple(state.tensors()["ages"].tolist()) for state in draws.states.values()]
    assert len(draws.tensors()) == 3 * 3  # two networks and the ages of each
    assert len({id(state.learnable) for state in draws.states.values()}) == 1
    other = Draws.prepare(draws.objective, double_context(TOY), 3, Ranks())
    other.load(draws.tensors())
    assert [tuple(state.tensors()["ages"].tolist()) for state in other.states.values()] == ages
    start = coefficients()
    again = [one.averaged(2 * start, LABELS, 5, [start], lambda: SILENT) for one in (draws, other)]
    assert torch.equal(*(one.gradients[0] for one in again))


def test_a_draw_that_is_not_finite_spoils_the_mean(monkeypatch):
    true = DistributionMatching.loss

    def loss(self, state, images, labels, iteration):
        match = true(self, state, images, labels, iteration)
        return replace(match, loss=match.loss * float("nan")) if state.context.draw == 1 else match

    monkeypatch.setattr(DistributionMatching, "loss", loss)
    context = Context(**(vars(double_context(TOY)) | {"real": real_data(toy_source(TOY, 6))}))
    found = [averaged(DM, count, coefficients(torch.float32), context=context)[1].finite for count in (1, 2, 3)]
    assert found == [True, False, False]


@pytest.mark.parametrize(("count", "world"), [(1, 2), (3, 4)])
def test_more_processes_than_draws_are_refused_with_the_remedy(count, world):
    check(world, Ranks(0, world))
    with pytest.raises(InvalidSetting, match=rf"{world} processes .* is {count}; .* --set optimizer\.draws={world}"):
        check(count, Ranks(0, world))
