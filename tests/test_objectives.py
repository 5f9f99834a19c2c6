"""Objectives: their losses computed a second time in plain PyTorch, their gradients against finite differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from contexts import (
    TINY,
    DoubleContext,
    DoubleReal,
    FixedExperts,
    double_context,
    real_data,
    seeded,
    student_of,
    toy_source,
)
from torch import Tensor, nn

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.objectives import OBJECTIVES, Guidance, Guided, embeddings, student
from nsdcodec.encoding.objectives.base import Context, MemoryNeed, Objective, State
from nsdcodec.encoding.objectives.cafe import FeatureAlignment
from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.objectives.embeddings import CHARACTERISTIC, FREQUENCIES, weights
from nsdcodec.encoding.objectives.gradient import GradientMatching, distance
from nsdcodec.encoding.objectives.krr import KernelRegression
from nsdcodec.encoding.objectives.none import NoObjective
from nsdcodec.encoding.objectives.student import WITH_TANGENT, StudentBatch, unroll
from nsdcodec.encoding.objectives.tgdd import SnapshotState, TrajectoryGuided
from nsdcodec.encoding.objectives.trajectory import LEAST_RATE, TrajectoryMatching, TrajectoryState
from nsdcodec.encoding.parameterizations.nsd import NSD
from nsdcodec.encoding.settings import Settings
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.networks import FIXED, build, flatten, unflatten

TOY = Geometry(3, 2, 8, 8)
EVERYTHING = "color_crop_cutout_flip_scale_rotate"
LABELS = torch.tensor([0, 0, 1, 1, 2, 2, 2])
DM = DistributionMatching(real_per_class=4)
DC = GradientMatching(real_per_class=4)
TGDD = TrajectoryGuided(real_per_class=4, experts=2, epochs=2, random=0.0, alpha=0.7)
CAFE = FeatureAlignment(real_per_class=4)
KRR = KernelRegression(real=9, pool=0)
MTT = TrajectoryMatching(student_steps=2, expert_epochs=1, last_start=1, student_rate=0.1, experts=2)


def synthetic_images() -> Tensor:
    return torch.randn(len(LABELS), 2, 8, 8, generator=seeded(11), dtype=torch.float64, requires_grad=True)


def fake_experts(context: DoubleContext, experts: int = 2, epochs: int = 3) -> FixedExperts:
    """Walks of small random steps, from a network's initial weights."""
    rows = [flatten(context.new_network("fake", i)) for i in range(experts)]
    steps = 0.02 * torch.randn(experts, epochs, len(rows[0]), generator=seeded(12), dtype=torch.float64)
    return FixedExperts(torch.stack(rows)[:, None] + steps.cumsum(dim=1))


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> Callable[[Objective, DoubleContext], State]:
    """The state of an objective with fake experts and, where it learns a rate, that rate in float64."""

    def prepare(objective: Objective, context: DoubleContext) -> State:
        for kind in (TrajectoryMatching, TrajectoryGuided):
            monkeypatch.setattr(kind, "expert_trajectories", lambda self, context: fake_experts(context))
        state = objective.prepare(context)
        for name, value in state.learnable.items():
            state.learnable[name] = value.detach().double().requires_grad_()
        return state

    return prepare


def assert_gradient_is_the_finite_difference(loss: Callable[[], Tensor], value: Tensor, step: float = 1e-6) -> None:
    """Along random directions, by central differences in float64."""
    (gradient,) = torch.autograd.grad(loss(), value)
    generator = seeded(13)
    for _ in range(4):
        direction = torch.randn(value.shape, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            ends = []
            for sign in (1, -1):
                value.add_(sign * step * direction)
                # The unrolled student needs gradients of its own.
                with torch.enable_grad():
                    ends.append(float(loss().detach()))
                value.sub_(sign * step * direction)
        along = (ends[0] - ends[1]) / (2 * step)
        assert abs(along) > 1e-8
        assert float((gradient * direction).sum()) == pytest.approx(along, rel=2e-5, abs=1e-9)


# Of each objective in the registry, one alone and one guided; what is random in an iteration is the same in each call.
OBJECTIVES_TO_CHECK = {
    "dc": DC,
    "dc of some classes": replace(DC, classes_at_once=2),
    "guided dc": Guided(DC, Guidance(0.5, real_batch=5)),
    "dm": DM,
    "dm with a pool": DistributionMatching(real_per_class=4, pool=2, pool_steps=0),
    "dm of characteristic functions": replace(DM, statistics="characteristic"),
    "dm of some images": replace(DM, synthetic_per_class=2),
    "dm of some classes": replace(DM, classes_at_once=2),
    "dm of some classes by characteristic functions": replace(DM, classes_at_once=2, statistics="characteristic"),
    "tgdd": TGDD,
    "tgdd of some images of some classes": replace(TGDD, synthetic_per_class=2, classes_at_once=2),
    "tgdd of some images": replace(TGDD, synthetic_per_class=2),
    "tgdd of random networks": replace(TGDD, random=1.0),
    "cafe": CAFE,
    "cafe of some classes": replace(CAFE, classes_at_once=2),
    "guided cafe": Guided(CAFE, Guidance(0.5, real_batch=5, rate=0.2)),
    "krr": KRR,
    "krr of some images": replace(KRR, synthetic=5),
    "guided krr": Guided(KRR, Guidance(0.5, real_batch=5, rate=0.2)),
    "guided tgdd": Guided(TGDD, Guidance(0.5, real_batch=5)),
    "mtt": MTT,
    "mtt in batches": replace(MTT, student_batch=3, student_steps=3),
    "guided mtt": Guided(MTT, Guidance(0.5, real_batch=5)),
    "guided dm": Guided(DM, Guidance(0.5, real_batch=5, steps=2, rate=0.2)),
}


def test_every_objective_is_checked_alone_and_guided():
    checked = {(type(one), False) for one in OBJECTIVES_TO_CHECK.values() if not isinstance(one, Guided)}
    checked |= {(type(one.objective), True) for one in OBJECTIVES_TO_CHECK.values() if isinstance(one, Guided)}
    assert checked == {(kind, guided) for kind in OBJECTIVES.values() if kind.trains for guided in (False, True)}


@pytest.mark.parametrize("strategy", ["none", "color", "scale_rotate", "crop_cutout_flip"])
@pytest.mark.parametrize("name", OBJECTIVES_TO_CHECK)
def test_the_gradient_of_the_images_is_the_finite_difference(name, strategy, prepared):
    objective = OBJECTIVES_TO_CHECK[name]
    state = prepared(objective, double_context(TOY, strategy))
    images = synthetic_images()
    assert_gradient_is_the_finite_difference(lambda: objective.loss(state, images, LABELS, 3).loss, images)


@pytest.mark.parametrize("role", ["spectrum", "batch_kernel", "channel_kernel", "height_kernel", "width_kernel"])
@pytest.mark.parametrize("name", OBJECTIVES_TO_CHECK)
def test_the_gradient_of_the_coefficients_is_the_finite_difference(name, role, prepared):
    objective = OBJECTIVES_TO_CHECK[name]
    state = prepared(objective, double_context(TOY))
    layout = NSD(init="noise", size=4, slices=2, images_per_class=2).layout(TOY, Budget(elements=10_000))
    initial = NSD(init="noise").initial(layout, lambda labels: torch.zeros(0), seeded(1))
    arrays = {key: values.double().requires_grad_() for key, values in initial.items()}
    labels = synthesis.labels(layout, {})
    assert_gradient_is_the_finite_difference(
        lambda: objective.loss(state, synthesis.images(layout, arrays), labels, 3).loss, arrays[role]
    )


@pytest.mark.parametrize("name", ["mtt", "mtt in batches", "guided mtt"])
def test_the_gradient_of_the_student_rate_is_the_finite_difference(name, prepared):
    objective = OBJECTIVES_TO_CHECK[name]
    state = prepared(objective, double_context(TOY))
    images = synthetic_images()
    assert_gradient_is_the_finite_difference(
        lambda: objective.loss(state, images, LABELS, 3).loss, state.learnable["student_rate"]
    )


class TestDistributionMatching:
    def test_the_loss_is_the_squared_distance_of_class_means_of_embeddings(self):
        context = double_context(TOY, per_class=4)  # all real images of a class: any draw is the same set
        images = synthetic_images()
        network = context.convnet("dm", 0)
        real, real_labels = context.real.take(torch.arange(12))
        wanted = 0.0
        for label in range(3):
            ours = torch.stack([network.embed(image[None])[0] for image in images[label == LABELS]])
            theirs = torch.stack([network.embed(image[None])[0] for image in real[real_labels == label]])
            wanted += (ours.sum(0) / len(ours) - theirs.sum(0) / 4).pow(2).sum().item()
        match = DM.loss(DM.prepare(context), images, LABELS, 0)
        assert match.loss.item() == pytest.approx(wanted, rel=1e-12)
        assert match.student is None

    def test_any_network_can_be_matched_with(self):
        context = double_context(Geometry(3, 1, 9, 9), per_class=4, network=FIXED["resnet18"])
        images, labels = context.real.take(torch.arange(12))
        state = DM.prepare(context)
        assert DM.loss(state, images, labels, 0).loss.item() == pytest.approx(0, abs=1e-20)
        moved = (images + 0.1).requires_grad_()
        (gradient,) = torch.autograd.grad(DM.loss(state, moved, labels, 0).loss, moved)
        assert gradient.flatten(1).norm(dim=1).min() > 0

    def test_real_images_repeated_as_synthetic_ones_match_exactly(self):
        context = double_context(TOY, EVERYTHING, per_class=4)
        images, labels = context.real.take(torch.arange(12))
        state = DM.prepare(context)
        # Siamese: the same operation, with the same parameters, on both sides.
        for iteration in range(12):
            assert DM.loss(state, images, labels, iteration).loss.item() == pytest.approx(0, abs=1e-20)

    def test_each_iteration_has_its_own_network_and_the_same_one_again(self):
        state = DM.prepare(double_context(TOY))
        images = synthetic_images()
        matches = [DM.loss(state, images, LABELS, iteration) for iteration in (0, 1, 0)]
        assert matches[0].loss.item() == matches[2].loss.item() != matches[1].loss.item()
        first, second, again = (flatten(match.network) for match in matches if match.network is not None)
        assert torch.equal(first, again)
        assert not torch.allclose(first, second)

    def test_class_means_are_means_of_rows_in_any_order(self):
        values = torch.tensor([[1.0, 2.0], [10.0, 20.0], [3.0, 6.0], [7.0, 7.0]])
        each = weights(torch.tensor([2, 0, 2, 1]), 3, values)
        means = each.T @ values / each.sum(dim=0)[:, None]
        assert means.tolist() == [[10.0, 20.0], [7.0, 7.0], [2.0, 4.0]]

    @pytest.mark.parametrize("objective", [DM, DC], ids=["dm", "dc"])
    def test_soft_labels_do_not_say_which_class_an_image_stands_for_where_the_context_does(self, objective):
        asked = double_context(TOY, "scale_rotate")
        known = replace(asked, stands_for=LABELS)
        images = synthetic_images()
        certain = F.one_hot(LABELS, 3).double()
        others = (certain + 2 * certain.roll(1, dims=1)) / 3
        loss = {
            (context is known, labels is certain): (
                objective.loss(objective.prepare(context), images, labels, 0).loss.item()
            )
            for context in (known, asked)
            for labels in (certain, others)
        }
        assert loss[True, True] == loss[False, True]
        assert loss[True, False] != loss[False, False]
        assert known.by_class(others)[1] == [2, 2, 3]
        assert asked.by_class(others)[1] == [3, 2, 2]

    @pytest.mark.parametrize("soft", [False, True])
    def test_characteristic_functions_are_compared_at_the_frequencies_of_the_iteration(self, soft):
        """The loss of NCFM by its text, with complex numbers, amplitude and phase apart."""
        objective = replace(DM, statistics="characteristic")
        context = double_context(TOY, per_class=4)
        images = synthetic_images()
        labels = F.one_hot(LABELS, 3).double() * 0.7 + 0.1 if soft else LABELS
        generator = context.stream("dm", 0)
        torch.randint(1, (1,), generator=generator)
        for _ in range(3):  # the real images, of which all are taken
            torch.randperm(4, generator=generator)
        frequencies = torch.randn(64, FREQUENCIES, generator=generator).double()
        network = context.convnet("dm", 0)
        real, real_labels = context.real.take(torch.arange(12))
        wanted = 0.0
        for label in range(3):
            share = (labels[:, label] if soft else (labels == label).double())[:, None]
            sides = []
            for some, weight in ((real[real_labels == label], torch.ones(4, 1).double()), (images, share)):
                embedded = network.embed(some)
                phase = embedded / embedded.norm(dim=1, keepdim=True) @ frequencies
                sides.append((weight * torch.exp(1j * phase)).sum(0) / weight.sum())
            theirs, ours = sides
            amplitude = (theirs.abs() - ours.abs()).square()
            turned = 2 * (theirs.abs() * ours.abs() - (theirs * ours.conj()).real)
            wanted += CHARACTERISTIC * (0.5 * amplitude + 0.5 * turned).clamp(min=0).sqrt().mean().item()
        assert objective.loss(objective.prepare(context), images, labels, 0).loss.item() == pytest.approx(
            wanted, rel=1e-6
        )

    def test_a_pooled_network_takes_plain_sgd_steps_on_real_data_before_it_is_used(self):
        objective = DistributionMatching(
            real_per_class=4, pool=1, pool_steps=3, pool_batch=100, pool_rate=0.05, pool_age=9
        )
        context = double_context(TOY)
        images = synthetic_images()
        match = objective.loss(objective.prepare(context), images, LABELS, 0)
        reference = context.convnet("pool", 0)
        optimizer = torch.optim.SGD(reference.parameters(), 0.05)
        real, real_labels = context.real.take(torch.arange(18))
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(reference(real), real_labels).backward()
            optimizer.step()
        assert match.network is not None
        torch.testing.assert_close(flatten(match.network), flatten(reference), rtol=1e-6, atol=1e-7)

    def test_a_pooled_network_makes_place_for_a_new_one_at_the_end_of_its_life(self):
        objective = DistributionMatching(real_per_class=2, pool=1, pool_steps=2, pool_age=3)
        context = double_context(TOY)
        state = objective.prepare(context)
        images = synthetic_images()
        ages, networks = [], []
        for iteration in range(7):
            match = objective.loss(state, images, LABELS, iteration)
            ages.append(state.ages[0])
            networks.append(match.network)
        assert ages == [2, 4, 6, 2, 4, 6, 2]
        assert [network is networks[0] for network in networks] == [True] * 3 + [False] * 4
        assert networks[3] is networks[5] is not networks[6]

    def test_a_state_that_was_saved_goes_on_as_the_one_that_never_stopped(self):
        objective = DistributionMatching(real_per_class=3, pool=3, pool_steps=2, pool_age=4, pool_batch=5)
        context = Context(**(vars(double_context(TOY, EVERYTHING)) | {"real": real_data(toy_source(TOY, 6))}))
        images = synthetic_images().detach().float()
        state = objective.prepare(context)
        for iteration in range(9):
            objective.loss(state, images, LABELS, iteration)
        saved = {name: value.clone() for name, value in state.tensors().items()}
        wanted = [objective.loss(state, images, LABELS, iteration).loss.item() for iteration in range(9, 20)]
        resumed = objective.prepare(context)
        fresh = objective.loss(objective.prepare(context), images, LABELS, 9).loss.item()
        resumed.load(saved)
        found = [objective.loss(resumed, images, LABELS, iteration).loss.item() for iteration in range(9, 20)]
        assert found == wanted
        assert fresh != wanted[0]

    def test_settings_out_of_range_are_refused(self):
        least = {
            "real_per_class": 1,
            "synthetic_per_class": 0,
            "classes_at_once": 0,
            "pool": 0,
            "pool_age": 1,
            "pool_steps": 0,
            "pool_batch": 1,
        }
        for wrong in [{name: value - 1} for name, value in least.items()] + [{"pool_rate": 0.0}]:
            with pytest.raises(InvalidSetting, match=next(iter(wrong))):
                DistributionMatching(**wrong)


class TestFeatureAlignment:
    def test_the_loss_is_the_distance_of_means_layer_by_layer_and_the_entropy_of_real_images_by_synthetic_centres(self):
        context = double_context(TOY, per_class=4, network=replace(TINY, depth=2))
        images = synthetic_images()
        match = CAFE.loss(CAFE.prepare(context), images, LABELS, 0)
        features = context.convnet("cafe", 0).features
        real, real_labels = context.real.take(torch.arange(12))
        # Blocks of convolution, norm, ReLU and pool.
        layers = [[features[: 4 * (block + 1)](some) for block in range(2)] for some in (images, real)]
        means = [
            [torch.stack([layer[labels == label].mean(0) for label in range(3)]) for layer in each]
            for each, labels in zip(layers, (LABELS, real_labels), strict=True)
        ]
        wanted = sum((ours - theirs).square().sum() for ours, theirs in zip(*means, strict=True))
        logits = layers[1][1].flatten(1) @ means[0][1].flatten(1).T
        entropy = 3 * F.cross_entropy(logits, real_labels)
        assert match.terms["distance"].item() == pytest.approx(wanted.item(), rel=1e-12)
        assert match.terms["entropy"].item() == pytest.approx(entropy.item(), rel=1e-12)
        assert match.loss.item() == pytest.approx((wanted + 2.56 * entropy).item(), rel=1e-12)

    def test_a_network_learns_from_the_present_images_between_two_uses_and_then_makes_place(self):
        objective = replace(CAFE, network_life=3, inner_steps=2)
        state = objective.prepare(double_context(TOY))
        matched = [objective.loss(state, synthetic_images(), LABELS, iteration).network for iteration in range(4)]
        assert matched[0] is matched[1] is matched[2] is not matched[3]
        before = flatten(state.network)
        objective.loss(state, synthetic_images(), LABELS, 4)
        assert not torch.equal(before, flatten(state.network))

    def test_settings_out_of_range_are_refused(self):
        for wrong in ({"real_per_class": 0}, {"network_life": 0}, {"inner_rate": 0.0}, {"discrimination": -1.0}):
            with pytest.raises(InvalidSetting, match=f"cafe: {next(iter(wrong))} is"):
                FeatureAlignment(**wrong)


class TestKernelRegression:
    @pytest.mark.parametrize("soft", [False, True])
    def test_the_loss_is_the_error_of_a_ridge_regression_that_is_fitted_by_its_features(self, soft):
        """By its other form, the weights of a linear layer: (X'X + ridge I)^-1 X'y."""
        context = double_context(TOY, per_class=4)
        objective, images = replace(KRR, real=12), synthetic_images()
        labels = F.one_hot(LABELS, 3).double() * 0.7 + 0.1 if soft else LABELS
        match = objective.loss(objective.prepare(context), images, labels, 0)
        network = context.convnet("krr", 0)
        ours = network.embed(images)
        targets = (labels if soft else F.one_hot(labels, 3).double()) - 1 / 3
        ridge = 1e-6 * ours.square().sum() / len(ours)
        layer = torch.linalg.solve(ours.T @ ours + ridge * torch.eye(ours.shape[1]).double(), ours.T @ targets)
        real, real_labels = context.real.take(torch.arange(12))
        error = network.embed(real) @ layer - (F.one_hot(real_labels, 3).double() - 1 / 3)
        assert match.loss.item() == pytest.approx(error.square().sum().item() / 12, rel=1e-6)
        assert match.student is None

    def test_a_network_is_used_as_it_is_and_then_takes_a_step_of_adam_on_the_present_images_before_each_use(self):
        objective, context = replace(KRR, pool=1, pool_age=9, pool_rate=0.01), double_context(TOY)
        state = objective.prepare(context)
        reference = context.convnet("krr", 0)
        optimizer = torch.optim.Adam(reference.parameters(), 0.01)
        for iteration in range(4):
            images = synthetic_images() + 0.1 * iteration
            match = objective.loss(state, images, LABELS, iteration)
            if iteration:
                optimizer.zero_grad()
                F.cross_entropy(reference(images.detach()), LABELS).backward()
                optimizer.step()
            assert match.network is not None
            torch.testing.assert_close(flatten(match.network), flatten(reference), rtol=1e-9, atol=1e-11)
            # Backward has the weights of the features.
            assert torch.autograd.grad(match.loss, images)[0].isfinite().all()

    def test_networks_make_place_one_after_another_and_then_after_their_full_age(self):
        objective = replace(KRR, pool=1, pool_age=3)
        context = double_context(TOY)
        state = objective.prepare(context)
        seen = [objective.loss(state, synthetic_images(), LABELS, i).network for i in range(9)]
        assert [network is seen[0] for network in seen[:4]] == [True] * 3 + [False]
        assert [network is seen[3] for network in seen[3:]] == [True] * 3 + [False] * 3
        objective = replace(KRR, pool=3, pool_age=6)
        state = objective.prepare(context)
        lives: dict[int, int] = {}
        for iteration in range(60):
            objective.loss(state, synthetic_images(), LABELS, iteration)
            lives |= {one.number: one.uses for one in state.pool}
        assert [lives[number] for number in range(5)] == [2, 4, 6, 6, 6]

    def test_a_state_that_was_saved_goes_on_as_the_one_that_never_stopped(self):
        objective = replace(KRR, pool=3, pool_age=4)
        context = Context(**(vars(double_context(TOY, EVERYTHING)) | {"real": real_data(toy_source(TOY, 6))}))
        images = synthetic_images().detach().float()
        state = objective.prepare(context)
        for iteration in range(9):
            objective.loss(state, images, LABELS, iteration)
        saved = {name: value.clone() for name, value in state.tensors().items()}
        wanted = [objective.loss(state, images, LABELS, iteration).loss.item() for iteration in range(9, 20)]
        resumed = objective.prepare(context)
        resumed.load(saved)
        found = [objective.loss(resumed, images, LABELS, iteration).loss.item() for iteration in range(9, 20)]
        assert found == wanted

    def test_settings_out_of_range_are_refused(self):
        wrong = [{"real": 0}, {"synthetic": -1}, {"pool": -1}, {"pool_age": 0}, {"pool_rate": 0.0}]
        for one in wrong:
            with pytest.raises(InvalidSetting, match=f"krr: {next(iter(one))} is"):
                KernelRegression(**one)


class TestGradientMatching:
    def test_the_loss_is_one_minus_cosine_of_each_nodes_gradient_summed_over_nodes_layers_and_classes(self):
        context = double_context(TOY, per_class=4)  # all real images of a class: any draw is the same set
        images = synthetic_images()
        weights = list(context.new_network("dc", 2).parameters())
        real, real_labels = context.real.take(torch.arange(12))
        wanted = 0.0
        for label in range(3):
            gradients = []
            for batch in (images[label == LABELS], real[label == real_labels]):
                loss = torch.stack([-plain_logits(weights, one[None]).log_softmax(1)[0, label] for one in batch]).mean()
                gradients.append(torch.autograd.grad(loss, weights))
            for layer in (0, 4):  # the convolution and the matrix: the others are biases, and scales of the norm
                for ours, theirs in zip(gradients[0][layer], gradients[1][layer], strict=True):
                    a, b = ours.reshape(-1).tolist(), theirs.reshape(-1).tolist()
                    dot = sum(x * y for x, y in zip(a, b, strict=True))
                    wanted += 1 - dot / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5
        match = DC.loss(DC.prepare(context), images, LABELS, 2)
        assert match.loss.item() == pytest.approx(wanted, rel=1e-10)
        assert match.student is None

    def test_real_images_as_synthetic_ones_match_exactly(self):
        context = double_context(TOY, EVERYTHING, per_class=4)
        images, labels = context.real.take(torch.arange(12))
        state = DC.prepare(context)
        # Siamese: the same operation, with the same parameters, on both sides.
        for iteration in range(12):
            assert DC.loss(state, images, labels, iteration).loss.item() == pytest.approx(0, abs=1e-9)
        assert DC.loss(state, images.flip(0), labels, 0).loss.item() > 0.1

    def test_the_length_of_a_gradient_does_not_matter_unless_it_is_almost_nothing(self):
        a, b = (torch.randn(3, 2, 3, 3, generator=seeded(i), dtype=torch.float64, requires_grad=True) for i in (1, 2))
        assert distance([a * 50], [b * 0.1]).item() == pytest.approx(distance([a], [b]).item(), rel=1e-12)
        assert distance([a, a], [b, b]).item() == pytest.approx(2 * distance([a], [b]).item(), rel=1e-12)
        # A dead node: the distance of orthogonal ones, and a derivative that is no larger than 1 / 1e-3.
        dead = torch.zeros_like(a, requires_grad=True)
        loss = distance([dead], [b])
        (gradient,) = torch.autograd.grad(loss, dead)
        assert loss.item() == 3
        assert 0 < gradient.flatten(1).norm(dim=1).max() <= 1e3 * (1 + 1e-9)

    def test_a_class_without_images_adds_nothing(self):
        context = double_context(TOY, per_class=4)
        images = synthetic_images()
        state = DC.prepare(context)
        whole = DC.loss(state, images, LABELS, 0).loss
        alone = [DC.loss(state, images[label == LABELS], LABELS[label == LABELS], 0).loss for label in range(3)]
        assert sum(loss.item() for loss in alone) == pytest.approx(whole.item(), rel=1e-12)
        nothing = DC.loss(state, images[:0], LABELS[:0], 0).loss
        assert nothing.item() == 0
        assert nothing.requires_grad

    def test_probabilities_group_images_by_their_largest_and_are_learned(self):
        state = DC.prepare(double_context(TOY))
        images = synthetic_images()
        certain = F.one_hot(LABELS, 3).double()
        hard, soft = (DC.loss(state, images, labels, 0).loss.item() for labels in (LABELS, certain))
        assert soft == pytest.approx(hard, rel=1e-12)
        labels = (0.6 * certain + 0.4 * torch.rand(7, 3, generator=seeded(3), dtype=torch.float64)).requires_grad_()
        assert_gradient_is_the_finite_difference(lambda: DC.loss(state, images, labels, 0).loss, labels)

    def test_a_network_learns_from_the_present_images_between_two_uses_and_then_makes_place(self):
        context = double_context(TOY)
        objective = replace(DC, network_life=3, inner_steps=2, inner_batch=100, inner_rate=0.3)
        state = objective.prepare(context)
        reference, new = context.new_network("dc", 0), context.new_network("dc", 1)
        for iteration in range(4):
            images = synthetic_images() * (1 + iteration)
            match = objective.loss(state, images, LABELS, iteration)
            optimizer = torch.optim.SGD(reference.parameters(), 0.3)
            for _ in range(2 if iteration else 0):
                optimizer.zero_grad()
                F.cross_entropy(reference(images.detach()), LABELS).backward()
                optimizer.step()
            assert match.network is not None
            wanted = reference if iteration < 3 else new
            torch.testing.assert_close(flatten(match.network), flatten(wanted), rtol=1e-9, atol=1e-12)
        fixed = replace(objective, inner_steps=0)
        state = fixed.prepare(context)
        networks = [fixed.loss(state, synthetic_images(), LABELS, iteration).network for iteration in range(3)]
        assert all(torch.equal(flatten(network), flatten(context.new_network("dc", 0))) for network in networks)

    def test_an_inner_step_takes_a_batch_of_the_images(self):
        context = double_context(TOY)
        objective = replace(DC, network_life=9, inner_steps=1, inner_batch=1, inner_rate=0.3)
        images = synthetic_images().detach()
        start = context.new_network("dc", 0)
        found = set()
        for iteration in range(1, 9):
            match = objective.loss(objective.prepare(context), images, LABELS, iteration)
            assert match.network is not None
            for i in range(7):
                loss = F.cross_entropy(start(images[i : i + 1]), LABELS[i : i + 1])
                gradients = torch.autograd.grad(loss, list(start.parameters()))
                stepped = flatten(start) - 0.3 * torch.cat([gradient.reshape(-1) for gradient in gradients])
                found |= {i} if torch.allclose(stepped, flatten(match.network), rtol=1e-9, atol=1e-12) else set()
        assert len(found) > 2

    def test_a_state_that_was_saved_goes_on_as_the_one_that_never_stopped(self):
        objective = GradientMatching(real_per_class=3, network_life=4, inner_steps=2, inner_batch=5, inner_rate=0.1)
        context = Context(**(vars(double_context(TOY, EVERYTHING)) | {"real": real_data(toy_source(TOY, 6))}))
        images = synthetic_images().detach().float().requires_grad_()
        state = objective.prepare(context)
        for iteration in range(6):
            objective.loss(state, images, LABELS, iteration)
        saved = {name: value.clone() for name, value in state.tensors().items()}
        wanted = [objective.loss(state, images, LABELS, iteration).loss.item() for iteration in range(6, 14)]
        resumed = objective.prepare(context)
        fresh = objective.loss(objective.prepare(context), images, LABELS, 6).loss.item()
        resumed.load(saved)
        found = [objective.loss(resumed, images, LABELS, iteration).loss.item() for iteration in range(6, 14)]
        assert found == wanted
        assert fresh != wanted[0]

    def test_settings_out_of_range_are_refused(self):
        least = {"real_per_class": 1, "network_life": 1, "inner_steps": 0, "inner_batch": 1}
        for wrong in [{name: value - 1} for name, value in least.items()] + [{"inner_rate": 0.0}]:
            with pytest.raises(InvalidSetting, match=next(iter(wrong))):
                GradientMatching(**wrong)


def plain_student(
    network: nn.Module, start: Tensor, images: Tensor, labels: Tensor, rate: Tensor, batches: list[Tensor]
) -> Tensor:
    """Algorithm 1, lines 8 to 13, for the ConvNet of depth 1, written out with functions and a list of weights."""
    shapes = [weight.shape for weight in network.parameters()]
    weights = [
        part.view(shape).clone().requires_grad_()
        for part, shape in zip(start.split([shape.numel() for shape in shapes]), shapes, strict=True)
    ]
    for index in batches:
        logits = plain_logits(weights, images[index])
        loss = (logits.logsumexp(dim=1) - logits[range(len(index)), labels[index]]).mean()
        gradients = torch.autograd.grad(loss, weights, create_graph=True)
        weights = [weight - rate * gradient for weight, gradient in zip(weights, gradients, strict=True)]
    return torch.cat([weight.reshape(-1) for weight in weights])


def plain_logits(weights: list[Tensor], images: Tensor) -> Tensor:
    kernel, bias, scale, shift, matrix, offset = weights
    values = F.conv2d(images, kernel, bias, padding=1)
    values = F.instance_norm(values, weight=scale, bias=shift)
    return F.avg_pool2d(values.relu(), 2).flatten(1) @ matrix.T + offset


class TestTrajectoryMatching:
    def test_loss_and_gradients_are_those_of_an_explicit_unrolled_loop(self, prepared):
        context = double_context(TOY)
        state = prepared(MTT, context)
        assert isinstance(state, TrajectoryState)
        images = synthetic_images()
        rate = state.learnable["student_rate"]
        match = MTT.loss(state, images, LABELS, 0)
        found = torch.autograd.grad(match.loss, [images, rate])
        everything = [torch.arange(7)] * 2
        losses = []
        for expert in range(2):
            for epoch in range(2):
                start, end = fake_experts(context).trajectories[expert, epoch : epoch + 2]
                learned = plain_student(state.network, start, images, LABELS, rate, everything)
                loss = ((learned - end) ** 2).sum() / ((start - end) ** 2).sum()
                if loss.item() == pytest.approx(match.loss.item(), rel=1e-10):
                    for one, other in zip(torch.autograd.grad(loss, [images, rate]), found, strict=True):
                        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-12)
                    assert match.student is not None
                    torch.testing.assert_close(learned, match.student)
                losses.append(loss.item())
        assert sum(loss == pytest.approx(match.loss.item(), rel=1e-10) for loss in losses) == 1

    def test_every_expert_and_every_start_up_to_the_last_is_used(self, prepared):
        context = double_context(TOY)
        state = prepared(MTT, context)
        seen: set[tuple[int, int]] = set()
        trajectories = fake_experts(context).trajectories

        class Watching(FixedExperts):
            def weights(self, expert: int, epoch: int) -> Tensor:
                seen.add((expert, epoch))
                return super().weights(expert, epoch)

        state.experts = Watching(trajectories)
        for iteration in range(30):
            MTT.loss(state, synthetic_images(), LABELS, iteration)
        assert seen == {(expert, epoch) for expert in (0, 1) for epoch in (0, 1, 2)}
        seen.clear()
        for iteration in range(30):
            replace(MTT, first_start=1).loss(state, synthetic_images(), LABELS, iteration)
        assert seen == {(expert, epoch) for expert in (0, 1) for epoch in (1, 2)}

    def test_a_student_that_arrives_has_no_loss_and_one_that_stays_a_loss_of_one(self, prepared):
        context = double_context(TOY)
        state = prepared(MTT, context)
        images = synthetic_images()
        state.learnable["student_rate"] = torch.tensor(0.0, dtype=torch.float64)
        assert MTT.loss(state, images, LABELS, 0).loss.item() == pytest.approx(1.0, rel=1e-12)
        rate = torch.tensor(0.1, dtype=torch.float64)
        start = fake_experts(context).trajectories[0, 0]
        everything = [torch.arange(7)] * 2
        arrived = plain_student(state.network, start, images, LABELS, rate, everything).detach()
        state.learnable["student_rate"] = rate
        state.experts = FixedExperts(torch.stack([start, arrived])[None])
        only = replace(MTT, last_start=0, experts=1)
        assert only.loss(state, images, LABELS, 0).loss.item() == pytest.approx(0, abs=1e-20)

    def test_student_batches_go_through_all_images_in_rounds(self):
        context = double_context(TOY)
        network = context.new_network("structure")
        images, rate, start = synthetic_images(), torch.tensor(0.1, dtype=torch.float64), flatten(network)
        found = unroll(student_of(context, network, 3, 3), start, images, LABELS, rate, seeded(2))
        generator = seeded(2)
        order = torch.cat([torch.randperm(7, generator=generator) for _ in range(2)])
        wanted = plain_student(network, start, images, LABELS, rate, [order[:3], order[3:6], order[6:9]])
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)

    def test_the_rate_is_learned_from_its_own_start_at_its_own_rate_and_never_below_the_least(self, prepared):
        objective = replace(MTT, student_rate=0.02, rate_learning_rate=3e-4)
        state = prepared(objective, double_context(TOY))
        assert state.learnable["student_rate"].item() == pytest.approx(0.02)
        assert state.learning_rates == {"student_rate": 3e-4}
        with torch.no_grad():
            state.learnable["student_rate"].fill_(-0.5)
        state.constrain()
        assert state.learnable["student_rate"].item() == LEAST_RATE == 1e-3
        with torch.no_grad():
            state.learnable["student_rate"].fill_(0.7)
        state.constrain()
        assert state.learnable["student_rate"].item() == pytest.approx(0.7)

    def test_the_learned_rate_is_saved_and_told_in_three_digits(self, prepared):
        state, other = (prepared(MTT, double_context(TOY)) for _ in range(2))
        for rate, told in ((0.0123456, 0.0123), (0.00123456, 0.00123), (0.123456, 0.123), (1.23456, 1.23)):
            with torch.no_grad():
                state.learnable["student_rate"].fill_(rate)
            assert MTT.learned_rate(state) == told == Guided(MTT, Guidance(1.0)).learned_rate(state)
            other.load({name: value.clone() for name, value in state.tensors().items()})
            assert other.learnable["student_rate"].item() == rate

    @pytest.mark.parametrize(
        ("first", "last", "epochs", "kept"),
        [(0, 5, 2, (0, 1, 2, 3, 4, 5, 6, 7)), (4, 6, 2, (4, 5, 6, 7, 8)), (1, 2, 5, (1, 2, 6, 7)), (3, 3, 1, (3, 4))],
    )
    def test_experts_train_and_keep_the_epochs_that_are_matched_and_no_other(self, first, last, epochs, kept):
        objective = replace(MTT, first_start=first, last_start=last, expert_epochs=epochs)
        settings = objective.expert_settings(double_context(TOY))
        assert settings.kept == kept
        assert settings.epochs == kept[-1]
        assert (
            settings.dtype,
            replace(objective, expert_dtype="float16").expert_settings(double_context(TOY)).dtype,
        ) == (
            "float32",
            "float16",
        )

    def test_settings_out_of_range_are_refused(self):
        with pytest.raises(UnknownName, match="did you mean 'float16'"):
            TrajectoryMatching(expert_dtype="float61")
        for wrong in ({"student_steps": 0}, {"expert_epochs": 0}, {"experts": 0}, {"last_start": -1}):
            with pytest.raises(InvalidSetting, match=next(iter(wrong))):
                TrajectoryMatching(**wrong)
        with pytest.raises(InvalidSetting, match="first_start is 3 and last_start 2"):
            TrajectoryMatching(first_start=3, last_start=2)
        for wrong in ({"student_batch": -1}, {"student_rate": 9e-4}):
            with pytest.raises(InvalidSetting, match=next(iter(wrong))):
                TrajectoryMatching(**wrong)


class TestGuidance:
    def test_it_adds_gamma_times_the_cross_entropy_of_the_students_last_weights_on_real_images(self, prepared):
        context = double_context(TOY)
        objective = Guided(MTT, Guidance(0.7, real_batch=1000))  # more than there are: all of them
        state = prepared(objective, context)
        images = synthetic_images()
        alone, guided = MTT.loss(state, images, LABELS, 4), objective.loss(state, images, LABELS, 4)
        assert alone.student is not None
        assert guided.student is not None
        torch.testing.assert_close(guided.student, alone.student)
        shapes = [weight.shape for weight in state.network.parameters()]
        parts = alone.student.split([shape.numel() for shape in shapes])
        weights = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
        real, labels = context.real.take(torch.arange(len(context.real)))
        wanted = -plain_logits(weights, real).log_softmax(dim=1)[range(18), labels].mean()
        assert (guided.loss - alone.loss).item() == pytest.approx(0.7 * wanted.item(), rel=1e-10)

    def test_around_dm_the_student_learns_from_the_weights_of_the_matched_network(self):
        context = double_context(TOY)
        objective = Guided(DM, Guidance(2.0, real_batch=1000, steps=3, rate=0.3))
        images = synthetic_images()
        match = objective.loss(objective.prepare(context), images, LABELS, 6)
        network = context.convnet("dm", 6)
        rate = torch.tensor(0.3, dtype=torch.float32)
        learned = plain_student(network, flatten(network), images, LABELS, rate, [torch.arange(7)] * 3)
        assert match.student is not None
        torch.testing.assert_close(match.student, learned, rtol=1e-9, atol=1e-12)
        alone = DM.loss(DM.prepare(context), images, LABELS, 6).loss
        assert match.loss.item() > alone.item()

    def test_settings_out_of_range_are_refused(self):
        with pytest.raises(InvalidSetting, match=r"guidance\.weight is -1\.0; it must be at least 0"):
            Guidance(-1.0)
        for wrong in ({"real_batch": 0}, {"steps": 0}, {"rate": 0.0}):
            with pytest.raises(InvalidSetting, match=rf"guidance\.{next(iter(wrong))} is .*; it must be above 0"):
                Guidance(1.0, **wrong)

    def test_a_weight_of_zero_is_no_guidance(self):
        assert Settings(objective=MTT).guided_objective == MTT
        weighted = Guidance(0.2)
        assert Settings(objective=MTT, guidance=weighted).guided_objective == Guided(MTT, weighted)
        assert Settings(objective=NoObjective(), guidance=weighted).guided_objective == NoObjective()


NEEDS = OBJECTIVES_TO_CHECK | {
    "dm with a pool": DistributionMatching(real_per_class=4, pool=2, pool_batch=15),
    "krr with a pool": replace(KRR, pool=2),
    "guided dm with many real images": Guided(DM, Guidance(0.5, real_batch=17)),
    "none": NoObjective(),
}


@pytest.mark.parametrize("name", NEEDS)
class TestWhatAnObjectiveNeeds:
    """What it says before it runs, against what is seen while it does."""

    def test_it_has_a_student_where_it_says_so_of_as_many_steps_and_images(self, name, prepared, monkeypatch):
        objective, drawn = NEEDS[name], student.draw_batches
        seen: list[int] = []

        def draw_batches(*given) -> list[StudentBatch]:
            batches = drawn(*given)
            seen.extend(len(batch.index) for batch in batches)
            return batches

        monkeypatch.setattr(student, "draw_batches", draw_batches)
        context = double_context(TOY)
        match = objective.loss(prepared(objective, context), synthetic_images(), LABELS, 1)
        need = objective.memory(context.new_network("structure"), TOY, len(LABELS))
        assert (match.student is not None) == (objective.student_images(len(LABELS)) > 0)
        assert (len(seen), sum(seen)) == (need.steps, objective.student_images(len(LABELS)))
        assert need.an_image >= (WITH_TANGENT if seen else 1)

    def test_as_many_real_images_go_together_and_networks_are_kept_as_it_says(self, name, prepared, monkeypatch):
        objective, context, take = NEEDS[name], double_context(TOY), DoubleReal.take
        taken = [0]
        monkeypatch.setattr(DoubleReal, "take", lambda self, index: taken.append(len(index)) or take(self, index))
        state = prepared(objective, context)
        objective.loss(state, synthetic_images(), LABELS, 1)
        network = context.new_network("structure")
        need = objective.memory(network, TOY, len(LABELS))
        assert max(taken) == need.real_images
        kept = [value for value in state.tensors().values() if len(value.flatten()) == len(flatten(network))]
        assert len(kept) == need.networks

    def test_whatever_else_it_takes_is_named_with_a_remedy(self, name):
        objective = NEEDS[name]
        for spec in (TINY, FIXED["resnet18"]):
            geometry = Geometry(3, 1, 9, 9)
            need = objective.memory(build(spec, geometry, 0), geometry, 100)
            assert need.bytes.keys() == need.remedies.keys()
            graph = objective.student_images(100) > 0 and spec != TINY
            assert ("the graph of the student's steps" in need.bytes) == graph


def test_needs_of_the_same_images_add_up_what_is_kept_and_take_the_larger_of_what_goes_through():
    one = MemoryNeed(2, 3, 40, 1, bytes={"embeddings": 100, "a table": 7}, remedies={"a table": "lower its rows"})
    other = MemoryNeed(5, 1, 30, 4, bytes={"embeddings": 20, "a list": 1}, remedies={"a list": "lower its length"})
    remedies = {"a table": "lower its rows", "a list": "lower its length"}
    wanted = MemoryNeed(7, 4, 40, 4, {"embeddings": 120, "a table": 7, "a list": 1}, remedies)
    assert one | other == wanted == other | one
    assert one | MemoryNeed() == one


@pytest.mark.parametrize("name", OBJECTIVES_TO_CHECK)
def test_experts_are_refused_with_a_remedy_where_none_are_matched(name, prepared):
    objective, context = OBJECTIVES_TO_CHECK[name], double_context(TOY)
    state = prepared(objective, context)
    assert (objective.expert_count > 0) == isinstance(state, TrajectoryState | SnapshotState)
    if objective.expert_count:
        assert isinstance(objective.expert_trajectories(context), FixedExperts)
        return
    with pytest.raises(InvalidSetting, match=r"matches no expert trajectories; take one that does: mtt or tgdd"):
        objective.expert_trajectories(context)


def test_tgdd_is_the_distance_in_a_snapshot_and_the_entropy_in_one_at_most_a_window_later(prepared, monkeypatch):
    context = double_context(TOY, "none")
    state = prepared(replace(TGDD, window=1), context)
    asked: list[tuple[int, int]] = []
    weights = FixedExperts.weights
    monkeypatch.setattr(FixedExperts, "weights", lambda *given: asked.append(given[1:]) or weights(*given))
    ages = set()
    for iteration in range(30):
        asked.clear()
        images = synthetic_images()
        match = replace(TGDD, window=1).loss(state, images, LABELS, iteration)
        (expert, age), (other, later) = asked
        assert expert == other
        assert max(age, 1) <= later <= min(max(age, 1) + 1, TGDD.epochs)
        ages.add((age, later))
        judge = build(context.network, TOY, 0).double()
        judge.load_state_dict(unflatten(judge, state.experts.trajectories[expert, later]))
        entropy = TOY.classes * F.cross_entropy(judge(images), LABELS)
        assert match.terms["entropy"].item() == pytest.approx(entropy.item())
        assert match.loss.item() == pytest.approx((match.terms["distance"] + TGDD.alpha * entropy).item())
    assert ages == {(0, 1), (0, 2), (1, 1), (1, 2), (2, 2)}


@pytest.mark.parametrize(
    ("images", "epochs", "kept"),
    [(20_000, 2, None), (12_801, 2, None), (12_800, 2, None), (12_544, 2, (0, 2, 4)), (9, 3, (0, 50, 100, 150))],
)
def test_the_networks_of_tgdd_pass_over_few_images_many_times_in_an_epoch(images, epochs, kept):
    context = double_context(TOY)
    few = replace(context, real=[None] * images)
    settings = replace(TGDD, epochs=epochs).expert_settings(few)
    assert (settings.epochs, settings.kept) == (epochs if kept is None else kept[-1], kept)
    assert len(settings.rows) == epochs + 1


@pytest.mark.parametrize("random", [0.0, 0.25, 1.0])
def test_tgdd_matches_random_networks_in_their_share(prepared, monkeypatch, random):
    objective = replace(TGDD, random=random, alpha=0.0)
    state = prepared(objective, double_context(TOY, "none"))
    asked = []
    weights = FixedExperts.weights
    monkeypatch.setattr(FixedExperts, "weights", lambda *given: asked.append(given[1:]) or weights(*given))
    for iteration in range(100):
        assert not objective.loss(state, synthetic_images(), LABELS, iteration).terms
    assert len(asked) / 100 == pytest.approx(1 - random, abs=0.12)


@pytest.mark.parametrize("soft", [False, True])
def test_the_entropy_of_tgdd_is_the_same_in_chunks(prepared, soft):
    context = double_context(TOY, "scale")
    state = prepared(TGDD, context)
    found = []
    for most in (None, 3):
        state.context = Context(**(vars(context) | {"compute": context.compute.at_once(most)}))
        images = synthetic_images()
        labels = F.one_hot(LABELS, 3).double() * 0.8 + 0.2 / 3 if soft else LABELS
        inputs = [images, labels.requires_grad_()] if soft else [images]
        loss = TGDD.loss(state, images, labels, 2).loss
        found.append([loss.detach(), *torch.autograd.grad(loss, inputs)])
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"real_per_class": 0},
        {"synthetic_per_class": -1},
        {"classes_at_once": -1},
        {"experts": 0},
        {"epochs": 0},
        {"window": -1},
        {"random": 1.5},
        {"alpha": -1.0},
    ],
)
def test_tgdd_refuses_settings_that_mean_nothing(wrong):
    with pytest.raises(InvalidSetting, match=f"tgdd: {next(iter(wrong))} is"):
        TrajectoryGuided(**wrong)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("objective", [DM, TGDD], ids=["dm", "tgdd"])
class TestSomeImages:
    """An iteration that takes some of the synthetic images of each class."""

    def test_an_iteration_has_a_gradient_for_as_many_of_each_class_and_others_in_the_next(
        self, objective, soft, prepared
    ):
        context = replace(double_context(TOY, "scale"), stands_for=LABELS)
        state = prepared(objective, context)
        # Soft labels whose largest is another class than the one that an image stands for.
        labels = F.one_hot(LABELS.roll(1), 3).double() * 0.6 + 0.4 / 3 if soft else LABELS
        seen = set()
        for iteration in range(20):
            images = synthetic_images()
            loss = replace(objective, synthetic_per_class=2).loss(state, images, labels, iteration).loss
            (gradient,) = torch.autograd.grad(loss, images)
            taken = gradient.flatten(1).abs().sum(dim=1) > 0
            assert torch.bincount(LABELS[taken], minlength=3).tolist() == [2, 2, 2]
            seen.add(tuple(taken.tolist()))
        assert len(seen) == 3  # each of the three of class 2 is left out once

    def test_it_says_how_many_pass_through_networks(self, objective, soft):
        passes = 2 if objective is TGDD else 1
        real = TOY.classes * objective.real_per_class
        for most, images in ((0, 100), (2, 3 * 2), (50, 100)):
            assert replace(objective, synthetic_per_class=most).passed_images(TOY, 100) == real + passes * images


@pytest.mark.parametrize("known", [False, True])
def test_all_images_are_some_where_no_class_has_more_and_go_with_their_labels_and_classes(known):
    context, labels = double_context(TOY), F.one_hot(LABELS, 3).double()
    # Where the context knows it, the labels do not say which class an image stands for.
    context, labels = (replace(context, stands_for=LABELS), labels.roll(1, dims=1)) if known else (context, labels)
    images = torch.arange(7.0)[:, None, None, None]
    of_these, taken, theirs = context.some(images, labels, 3, seeded(1))
    places = taken.flatten().long()
    assert sorted(places.tolist()) == list(range(7))
    assert theirs.tolist() == labels[places].tolist()
    assert of_these.stands_for.tolist() == LABELS[places].tolist() == sorted(LABELS.tolist())
    assert context.some(images, labels, 0, seeded(1)) == (context, images, labels)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("objective", [DM, TGDD, CAFE, DC], ids=["dm", "tgdd", "cafe", "dc"])
class TestSomeClasses:
    """An iteration that takes the images of some classes."""

    def test_an_iteration_has_a_gradient_for_all_of_some_classes_and_of_others_in_the_next(
        self, objective, soft, prepared
    ):
        state = prepared(objective, replace(double_context(TOY, "scale"), stands_for=LABELS))
        # Soft labels whose largest is another class than the one that an image stands for.
        labels = F.one_hot(LABELS.roll(1), 3).double() * 0.6 + 0.4 / 3 if soft else LABELS
        seen = set()
        for iteration in range(12):
            images = synthetic_images()
            loss = replace(objective, classes_at_once=2).loss(state, images, labels, iteration).loss
            (gradient,) = torch.autograd.grad(loss, images)
            taken = gradient.flatten(1).abs().sum(dim=1) > 0
            classes = LABELS[taken].unique()
            assert taken.tolist() == torch.isin(LABELS, classes).tolist()
            seen.add(tuple(classes.tolist()))
        assert seen == {(0, 1), (0, 2), (1, 2)}

    def test_as_many_as_there_are_is_all(self, objective, soft, prepared):
        labels = F.one_hot(LABELS, 3).double() * 0.6 + 0.4 / 3 if soft else LABELS
        state, images = prepared(objective, double_context(TOY, "scale")), synthetic_images()
        found = [replace(objective, classes_at_once=n).loss(state, images, labels, 0).loss.item() for n in (0, 3, 9)]
        assert len(set(found)) == 1

    def test_it_takes_less_memory_and_says_how_many_pass_through_networks(self, objective, soft):
        some, network = replace(objective, classes_at_once=2), double_context(TOY).new_network("a")
        all_of_it, parts = (one.memory(network, TOY, 9) for one in (objective, some))
        for name, nbytes in parts.bytes.items():
            assert nbytes == pytest.approx(all_of_it.bytes[name] * 2 / 3)
        if objective in (DM, TGDD):
            assert parts.real_images == all_of_it.real_images * 2 / 3 == 2 * objective.real_per_class
            passes = 2 if objective is TGDD else 1
            assert some.passed_images(TOY, 9) == 2 * objective.real_per_class + passes * 6
            assert replace(some, synthetic_per_class=2).passed_images(TOY, 9) == (
                2 * objective.real_per_class + passes * 4
            )


@pytest.mark.parametrize(
    "objective",
    [
        replace(CAFE, real_per_class=6, network_life=99, inner_steps=0, discrimination=0.0),
        replace(DC, real_per_class=6, network_life=99, inner_steps=0),
    ],
    ids=["cafe", "dc"],
)
def test_the_loss_of_some_classes_is_on_average_that_of_all(objective, monkeypatch):
    """Over all pairs of classes, in a network that stays and with all real images."""
    state, images = objective.prepare(double_context(TOY)), synthetic_images()
    objective.loss(state, images, LABELS, 0)
    whole = objective.loss(state, images, LABELS, 1).loss.item()
    found = {}
    for iteration in range(1, 30):
        loss = replace(objective, classes_at_once=2).loss(state, images, LABELS, iteration).loss
        taken = torch.autograd.grad(loss, images)[0].flatten(1).abs().sum(dim=1) > 0
        found[tuple(LABELS[taken].unique().tolist())] = loss.item()
    assert len(found) == 3
    assert sum(found.values()) / 3 == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("drawn_of", [None, (2, 2)])
def test_the_distance_of_some_classes_is_on_average_that_of_all(drawn_of):
    context, images = double_context(TOY), synthetic_images().detach()
    network = context.new_network("matched")

    def apart(context: Context, images: Tensor, labels: Tensor) -> float:
        return embeddings.distance(context, network, images, labels, 6, seeded(1), "mean").item()

    found = []
    for pair in itertools.combinations(range(3), 2):
        places = torch.isin(LABELS, torch.tensor(pair)).nonzero().flatten()
        counts = None if drawn_of is None else tuple(int((label == LABELS).sum()) for label in pair)
        some = replace(context, stands_for=LABELS[places], classes=torch.tensor(pair), drawn_of=counts)
        found.append(apart(some, images[places], LABELS[places]))
    assert sum(found) / 3 == pytest.approx(apart(context, images, LABELS), rel=1e-9)


def test_cafe_tells_real_images_of_the_classes_that_are_taken_apart_among_these():
    objective = replace(CAFE, real_per_class=6, network_life=99, inner_steps=0, classes_at_once=2)
    context = double_context(TOY)
    state, images = objective.prepare(context), synthetic_images()
    entropies = {round(objective.loss(state, images, LABELS, i).terms["entropy"].item(), 9) for i in range(12)}
    network, real = context.convnet("cafe", 0), context.real.take(torch.arange(18))
    wanted = set()
    for pair in itertools.combinations(range(3), 2):
        theirs = torch.isin(real[1], torch.tensor(pair))
        centres = torch.stack([network.embed(images[label == LABELS]).mean(dim=0) for label in pair])
        numbers = torch.tensor([pair.index(int(label)) for label in real[1][theirs]])
        found = F.cross_entropy(network.embed(real[0][theirs]) @ centres.T, numbers)
        wanted.add(round(3 * found.item(), 9))
    assert entropies == wanted


def test_the_distance_of_some_images_is_on_average_that_of_all():
    """Over all choices of 2 of the 4 images of each of three classes; with real images that are all taken."""
    context, labels = double_context(TOY, "none"), torch.arange(12) // 4
    images = torch.randn(12, 2, 8, 8, generator=seeded(11), dtype=torch.float64)
    network = context.new_network("matched")

    def apart(context: Context, images: Tensor, labels: Tensor) -> float:
        return embeddings.distance(context, network, images, labels, 6, seeded(1), "mean").item()

    found, biased = [], []
    for pair in itertools.combinations(range(4), 2):
        places = torch.tensor([4 * label + place for label in range(3) for place in pair])
        some = replace(context, stands_for=labels[places], drawn_of=(4, 4, 4))
        found.append(apart(some, images[places], labels[places]))
        biased.append(apart(replace(some, drawn_of=None), images[places], labels[places]))
    whole = apart(context, images, labels)
    assert sum(found) / len(found) == pytest.approx(whole, rel=1e-9)
    assert sum(biased) / len(biased) > 1.1 * whole
    # Of one image there is no variance, and of all of them no chance.
    assert apart(replace(context, stands_for=labels, drawn_of=(4, 4, 4)), images, labels) == pytest.approx(whole)
    one = replace(context, stands_for=labels[::4], drawn_of=(4, 4, 4))
    assert apart(one, images[::4], labels[::4]) == apart(replace(one, drawn_of=None), images[::4], labels[::4])


def test_none_asks_nothing_of_the_images():
    context = double_context(TOY)
    images = synthetic_images()
    state = NoObjective().prepare(context)
    match = NoObjective().loss(state, images, LABELS, 0)
    (gradient,) = torch.autograd.grad(match.loss, images)
    assert match.loss.item() == 0
    assert not gradient.any()
    assert (state.learnable, state.tensors(), NoObjective().learned_rate(state)) == ({}, {}, None)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_bfloat16_changes_a_loss_by_its_rounding_only(name, prepared):
    kind = OBJECTIVES[name]
    objective = NoObjective() if not kind.trains else next(o for o in OBJECTIVES_TO_CHECK.values() if type(o) is kind)
    losses = []
    for precision in ("float32", "bfloat16"):
        context = double_context(TOY)
        changes = {"compute": Compute(precision=precision), "real": real_data(toy_source(TOY, 6))}
        state = prepared(objective, context)
        state.context = Context(**(vars(context) | changes))
        if isinstance(state, TrajectoryState):
            state.network.float()
            state.experts = FixedExperts(fake_experts(context).trajectories.float())
        if isinstance(state, SnapshotState):
            state.matched.float(), state.judge.float()
        losses.append(objective.loss(state, synthetic_images().float(), LABELS, 0).loss)
    assert losses[0].dtype == losses[1].dtype == torch.float32
    assert losses[1].item() == pytest.approx(losses[0].item(), rel=0.05)
    assert not kind.trains or losses[1].item() != losses[0].item()
