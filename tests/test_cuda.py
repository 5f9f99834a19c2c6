"""The same work on a CUDA device. Skips without one: everything else in this folder runs on a CPU."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

pytest.importorskip("sklearn")
pytest.importorskip("h5py")

from builders import LAYOUTS, file_of

from nsdcodec import NSDDataset, sources, synthesis
from nsdcodec.encoder import Job, encode
from nsdcodec.evaluation import evaluate
from nsdcodec.recipes import recipe
from nsdcodec.settings import for_geometry

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]
TINY = ["network.width=8", "validation.width=8", "validation.epochs=2", "validation.checks=1", "validation.per_class=5"]
MTT = ["objective.experts=2", "objective.student_steps=2", "objective.expert_epochs=1", "objective.last_start=1"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_images_are_those_of_the_cpu(name):
    dataset = NSDDataset(file_of(name))
    layout = dataset.header.layout
    on_device = {role: values.cuda() for role, values in dataset._arrays.items()}
    wanted, _ = dataset.all()
    index = torch.arange(0, layout.images, 2)
    scale = float(wanted.abs().max())
    torch.testing.assert_close(synthesis.images(layout, on_device).cpu(), wanted, atol=1e-5 * scale, rtol=0)
    found = synthesis.images(layout, on_device, index.cuda()).cpu()
    torch.testing.assert_close(found, wanted[index], atol=1e-5 * scale, rtol=0)


@pytest.mark.parametrize(
    ("objective", "pairs"),
    [
        ("dc", ["objective.network_life=2", "objective.inner_steps=2"]),
        ("dm", []),
        ("dm", ["objective.pool=2", "objective.pool_age=3"]),
        ("mtt", MTT),
        ("mtt", [*MTT, "guidance.weight=0.1"]),
        ("dm", ["guidance.weight=0.1"]),
    ],
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_file_is_distilled_and_evaluated_on_the_device(tmp_path, objective, pairs, precision):
    digits = sources.load("digits")
    settings = for_geometry(recipe("gpu"), digits.geometry, digits.augmentation)
    settings = settings.with_names(None, objective).with_values([*TINY, "iterations=4", *pairs])
    job = Job(digits, tmp_path / "out.nsd", settings, "gpu", device=torch.device("cuda"), precision=precision)
    job = replace(job, experts_folder=tmp_path / "experts")
    result = encode(job)
    assert (result.iterations, result.skipped) == (4, 0)
    dataset = NSDDataset(job.output)
    assert dataset.header.provenance["device"] == torch.cuda.get_device_name()
    on_device = evaluate(dataset, digits, 1, epochs=5, device=torch.device("cuda"), precision=precision)
    assert 0 <= on_device.mean <= 1
