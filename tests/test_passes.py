"""Passes of networks that are compiled: the numbers of the plain ones, one program for any number of images."""

from __future__ import annotations

import pytest
import torch
from contexts import seeded

from nsdcodec.evaluation import accuracy
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.learning import networks, passes, training
from nsdcodec.learning.base import Network
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives import compiled

GEOMETRY = Geometry(3, 3, 32, 32)
CONVNET = NetworkSpec(depth=2, width=8)


def network(spec: NetworkSpec = CONVNET) -> Network:
    return networks.build(spec, GEOMETRY, 0)


def images(n: int) -> torch.Tensor:
    return torch.randn(n, 3, 32, 32, generator=seeded(n))


@pytest.fixture
def programs(monkeypatch) -> list[torch.fx.GraphModule]:
    """Those that were made for it, run as they are: no compiler is needed."""
    made: list[torch.fx.GraphModule] = []
    compile = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda function: compile(function, backend=lambda graph, given: made.append(graph) or graph)
    )
    passes.forget()
    monkeypatch.setattr(passes, "compiled", lambda: True)
    yield made
    passes.forget()


def test_compiled_passes_have_the_numbers_and_gradients_of_plain_ones():
    if reason := compiled.missing("cpu"):
        pytest.skip(reason)
    one = network().double()

    def found() -> list[torch.Tensor]:
        given = images(5).double().requires_grad_()
        logits = passes.logits(one, given)
        loss = logits.square().sum() + passes.embeddings(one, given).sum()
        return [logits.detach(), *torch.autograd.grad(loss, [given, *one.parameters()], allow_unused=True)]

    plain = found()
    with compiled.kernels(True):
        quick = found()
    for got, wanted in zip(quick, plain, strict=True):
        # A bias before a norm has a gradient of rounding alone.
        assert torch.allclose(got, wanted, rtol=1e-10, atol=1e-12)


def test_one_program_serves_any_number_of_images_and_any_network_of_its_kind(programs):
    for n in (20, 31, 40):
        for seed in range(2):
            one = networks.build(CONVNET, GEOMETRY, seed)
            with torch.no_grad():
                assert torch.equal(passes.logits(one, images(n)), one(images(n)))
    assert len(programs) == 1
    with torch.no_grad():
        passes.logits(network(), images(1))
    assert len(programs) == 1, "one image goes through the network itself"


def test_without_pytorchs_private_name_numbers_are_the_same(programs, monkeypatch):
    monkeypatch.delattr(torch._dynamo, "maybe_mark_dynamic")
    one = network()
    with torch.no_grad():
        for n in (20, 31):
            assert torch.equal(passes.logits(one, images(n)), one(images(n)))
    assert len(programs) == 2


def test_nothing_is_compiled_outside(programs, monkeypatch):
    monkeypatch.setattr(passes, "compiled", compiled.compiled)
    passes.logits(network(), images(3))
    assert not programs


def test_it_pays_for_many_images_of_a_convnet_on_a_cpu(monkeypatch):
    monkeypatch.setattr(compiled, "missing", lambda device: None)

    def pays(spec: NetworkSpec, count: int, **how: bool) -> bool:
        with passes.compiled_if_it_pays(spec, Geometry(10, 3, 32, 32), count, Compute(**how)):
            return compiled.compiled()

    wide, fixed = NetworkSpec(width=64), NetworkSpec("vgg11", 9, 64)
    assert [pays(wide, 1_000), pays(wide, 1_000_000), pays(fixed, 1_000_000)] == [False, True, False]
    assert [pays(wide, 1_000, compile=True), pays(wide, 1_000_000, compile=False)] == [True, False]
    with compiled.kernels(True):
        assert pays(fixed, 1), "what is compiled already stays so"
    assert passes.seconds_saved(wide, Geometry(10, 3, 32, 32), 1_000_000, torch.device("cuda")) == 0


def test_training_and_testing_go_by_them(programs):
    examples, labels = images(6), torch.arange(6) % 3
    one = network()
    training.train(one, examples, labels, TrainingRecipe(epochs=2, batch_size=4, network=CONVNET), seeded(0))
    trained = len(programs)
    assert trained == 1
    training.accuracy(one, examples, labels)
    assert len(programs) == 2
    assert accuracy.passes is passes


def test_a_network_with_a_forward_of_its_own_keeps_it(monkeypatch):
    class Doubled(networks.ConvNet):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(images)

    own = Doubled(GEOMETRY, 2, 8)
    monkeypatch.setattr(passes, "compiled", lambda: True)
    with torch.no_grad():
        assert torch.equal(passes.logits(own, images(3)), own(images(3)))
