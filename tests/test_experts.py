"""Expert trajectories: what is in the files, and that filling a folder can be stopped and repeated at any time."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from contexts import TINY, real_data, seeded, toy_source
from torch import Tensor

from nsdcodec.encoding.experts import Experts, ExpertSettings
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.encoding.objectives.trajectory import TrajectoryMatching
from nsdcodec.errors import Diverged, FileAccess, InvalidSetting, UnknownName
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.networks import build, flatten
from nsdcodec.system.randomness import seed_of

h5py = pytest.importorskip("h5py")

TOY = Geometry(3, 1, 8, 8)
SOURCE = toy_source(TOY, 4)
SETTINGS = ExpertSettings(SOURCE.sha256, TINY, "none", epochs=3, batch_size=5, learning_rate=0.05)


def fill(folder: Path, count: int = 2, settings: ExpertSettings = SETTINGS) -> Experts:
    experts = Experts(folder, settings)
    experts.fill(count, TOY, real_data(SOURCE), Compute())
    return experts


def files(folder: Path) -> dict[str, bytes]:
    """But for hidden ones: the claims of those who make them."""
    return {path.name: path.read_bytes() for path in folder.rglob("[!.]*") if path.is_file()}


def rows(experts: Experts, expert: int) -> list[Tensor]:
    return [experts.weights(expert, epoch) for epoch in range(SETTINGS.epochs + 1)]


def test_a_trajectory_begins_with_the_initial_weights_and_moves_in_every_epoch(tmp_path):
    experts = fill(tmp_path)
    for expert in range(2):
        found = rows(experts, expert)
        initial = build(TINY, TOY, seed_of(0, "expert", expert))
        assert torch.equal(found[0], flatten(initial))
        assert found[0].dtype == torch.float32
        for before, after in itertools.pairwise(found):
            assert not torch.allclose(before, after)
    assert not torch.allclose(rows(experts, 0)[0], rows(experts, 1)[0])


def test_epochs_are_those_of_a_plain_training_loop_at_a_constant_rate(tmp_path):
    experts = fill(tmp_path, 1)
    network = build(TINY, TOY, seed_of(0, "expert", 0))
    generator = seeded(seed_of(0, "expert", 0))
    real = real_data(SOURCE)
    for epoch in range(3):
        order = torch.randperm(12, generator=generator)
        for index in (order[:5], order[5:10], order[10:]):
            images, labels = real.take(index)
            loss = F.cross_entropy(network(images), labels)
            gradients = torch.autograd.grad(loss, list(network.parameters()))
            with torch.no_grad():
                for weight, gradient in zip(network.parameters(), gradients, strict=True):
                    weight -= 0.05 * gradient
        torch.testing.assert_close(experts.weights(0, epoch + 1), flatten(network), rtol=1e-5, atol=1e-6)


def test_the_file_is_plain_hdf5_with_the_weights_and_what_made_them(tmp_path):
    experts = fill(tmp_path, 1)
    (path,) = tmp_path.rglob("*.h5")
    assert path == tmp_path / SETTINGS.key / "0000.h5"
    with h5py.File(path) as file:
        assert file["weights"].shape == (4, sum(weight.numel() for weight in build(TINY, TOY, 0).parameters()))
        assert SOURCE.sha256 in file.attrs["settings"]
    assert experts.count() == 1


def test_filling_again_keeps_files_byte_for_byte_and_makes_only_what_is_missing(tmp_path):
    fill(tmp_path, 3)
    before = files(tmp_path)
    (tmp_path / SETTINGS.key / "0001.h5").unlink()
    # A file that was there is not even looked into.
    (tmp_path / SETTINGS.key / "0002.h5").write_bytes(b"kept")
    heard: list[tuple[int, int]] = []
    experts = Experts(tmp_path, SETTINGS)
    assert experts.count() == 1
    experts.fill(4, TOY, real_data(SOURCE), Compute(), lambda expert, epoch: heard.append((expert, epoch)))
    after = files(tmp_path)
    assert heard == [(expert, epoch) for expert in (1, 3) for epoch in (1, 2, 3)]
    assert sorted(after) == ["0000.h5", "0001.h5", "0002.h5", "0003.h5"]
    assert (after["0000.h5"], after["0002.h5"]) == (before["0000.h5"], b"kept")
    assert experts.count() == 4


def test_a_deleted_expert_is_made_identically_again(tmp_path):
    experts = fill(tmp_path)
    wanted, before = torch.stack(rows(experts, 1)), files(tmp_path)
    (tmp_path / SETTINGS.key / "0001.h5").unlink()
    torch.manual_seed(77)  # nothing but the settings may decide
    assert torch.equal(torch.stack(rows(fill(tmp_path), 1)), wanted)
    assert files(tmp_path) == before


def test_the_key_changes_with_any_setting():
    other = {
        "source_sha256": "0" * 64,
        "network": NetworkSpec(depth=2, width=4),
        "augmentation": "flip",
        "epochs": 4,
        "learning_rate": 0.02,
        "momentum": 0.5,
        "weight_decay": 1e-4,
        "batch_size": 6,
        "seed": 1,
        "precision": "bfloat16",
        "kept": (0, 2, 3),
        "dtype": "float16",
        "rho": 0.01,
        # Only where there is a step whose gradient it changes.
        "alpha": 0.4,
        "decay_at_half": True,
    }
    assert set(other) == set(asdict(SETTINGS))
    assert replace(SETTINGS, alpha=other.pop("alpha")).key == SETTINGS.key
    assert replace(SETTINGS, rho=0.01, alpha=0.4).key != replace(SETTINGS, rho=0.01).key
    keys = [replace(SETTINGS, **{name: value}).key for name, value in other.items()]
    assert len({SETTINGS.key, *keys}) == 1 + len(other)
    assert replace(SETTINGS).key == SETTINGS.key


def test_experts_that_are_not_flat_have_the_name_that_they_had_before_there_were_flat_ones():
    settings = ExpertSettings("0" * 64, NetworkSpec(depth=3, width=64), "color_flip", 12, kept=(0, 2), seed=3)
    assert settings.key == "5e2552ed4f57d427"


@pytest.mark.parametrize("together", [1, 2])
def test_flat_experts_take_steps_by_the_gradient_after_an_ascent_less_its_orthogonal_part_before(tmp_path, together):
    """Of one epoch, in one batch: by hand, from the initial weights of each expert."""
    settings = replace(SETTINGS, epochs=1, batch_size=12, rho=0.05, alpha=0.3)
    experts = Experts(tmp_path, settings)
    experts.fill(2, TOY, real_data(SOURCE), Compute(networks_at_once=together))
    images, labels = real_data(SOURCE).take(torch.arange(12))
    for expert in range(2):
        network = build(TINY, TOY, seed_of(0, "expert", expert))
        start = flatten(network)

        def gradient(weights: Tensor, network=network) -> Tensor:
            torch.nn.utils.vector_to_parameters(weights, network.parameters())
            loss = F.cross_entropy(network(images), labels)
            return torch.cat([one.flatten() for one in torch.autograd.grad(loss, list(network.parameters()))])

        here = gradient(start)
        there = gradient(start + 0.05 * here / here.norm())
        along = there / there.norm()
        step = there - 0.3 * (here - (here @ along) * along)
        wanted = start - settings.learning_rate * step
        torch.testing.assert_close(experts.weights(expert, 1), wanted, rtol=1e-5, atol=1e-7)
        assert not torch.allclose(
            experts.weights(expert, 1), start - settings.learning_rate * here, rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("share", [0.0, 0.3, 0.98])
def test_a_truncated_file_is_refused_with_the_remedy(tmp_path, share):
    experts = fill(tmp_path, 1)
    path = tmp_path / SETTINGS.key / "0000.h5"
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(FileAccess, match=r"0000\.h5.*delete the file to make it again"):
        experts.weights(0, 1)


def test_a_file_with_too_few_epochs_is_refused_with_the_remedy(tmp_path):
    experts = fill(tmp_path, 1)
    with h5py.File(tmp_path / SETTINGS.key / "0000.h5", "a") as file:
        first = file["weights"][:3]
        del file["weights"]
        file["weights"] = first
    assert len(experts.weights(0, 2)) == first.shape[1]
    with pytest.raises(FileAccess, match="delete the file to make it again"):
        experts.weights(0, 3)


def test_only_the_epochs_to_keep_are_stored_each_as_if_all_were(tmp_path):
    every = fill(tmp_path / "all")
    some = fill(tmp_path / "some", settings=replace(SETTINGS, kept=(1, 3)))
    for expert, epoch in itertools.product((0, 1), (1, 3)):
        assert torch.equal(some.weights(expert, epoch), every.weights(expert, epoch))
    with h5py.File(some.folder / "0000.h5") as file:
        assert len(file["weights"]) == 2
        assert file.attrs["epochs"].tolist() == [1, 3]
    for epoch in (0, 2, 4):
        with pytest.raises(InvalidSetting, match=f"epoch {epoch} of the experts is not kept; these are: 1, 3"):
            some.weights(0, epoch)


def test_several_at_once_are_the_same_up_to_rounding(tmp_path):
    settings = replace(SETTINGS, augmentation="color_crop_cutout_flip_scale_rotate")
    alone = fill(tmp_path / "alone", 5, settings)
    together = Experts(tmp_path / "together", settings)
    heard: list[tuple[int, int]] = []
    together.fill(5, TOY, real_data(SOURCE), Compute(networks_at_once=3), lambda *done: heard.append(done))
    for expert in range(5):
        torch.testing.assert_close(
            torch.stack(rows(together, expert)), torch.stack(rows(alone, expert)), rtol=1e-5, atol=1e-6
        )
    groups = ((0, 1, 2), (3, 4))
    assert heard == [(expert, epoch) for group in groups for epoch in (1, 2, 3) for expert in group]
    assert together.settings.key == alone.settings.key


def test_the_settings_and_not_the_computation_decide_the_precision(tmp_path):
    found = {}
    for name, settings in (("exact", SETTINGS), ("rounded", replace(SETTINGS, precision="bfloat16"))):
        for precision in ("float32", "bfloat16"):
            experts = Experts(tmp_path / name / precision, settings)
            experts.fill(1, TOY, real_data(SOURCE), Compute(precision=precision))
            found[name, precision] = torch.stack(rows(experts, 0))
    for name in ("exact", "rounded"):
        assert torch.equal(found[name, "float32"], found[name, "bfloat16"])
    assert not torch.equal(found["exact", "float32"], found["rounded", "float32"])


@pytest.mark.parametrize("standing", [1, 2])
def test_the_share_that_is_done_grows_to_one_however_many_are_made_at_once(tmp_path, standing):
    objective = TrajectoryMatching(experts=5, last_start=1, expert_epochs=2)
    shares: list[float] = []
    context = Context(
        TOY,
        real_data(SOURCE),
        SOURCE.sha256,
        TINY,
        "none",
        0,
        Compute(networks_at_once=2),
        tmp_path,
        lambda _, done: shares.append(done),
    )
    fill(tmp_path, standing, objective.expert_settings(context))
    found = objective.expert_trajectories(context)
    assert found.count() == 5
    assert shares == pytest.approx([1 - i / 15 for i in reversed(range(3 * (5 - standing)))])


def test_in_float16_every_weight_is_the_nearest_to_it(tmp_path):
    exact = fill(tmp_path)
    half = fill(tmp_path, settings=replace(SETTINGS, dtype="float16"))
    for wanted, found in zip(rows(exact, 1), rows(half, 1), strict=True):
        assert found.dtype == torch.float32
        # Half of the distance between two neighbours: 10 bits after the first one; below 2^-14 they lie 2^-24 apart.
        bound = torch.maximum(wanted.abs() * 2**-11, torch.tensor(2**-25))
        assert ((found - wanted).abs() <= bound).all()
        assert not torch.equal(found, wanted)
    assert (half.folder / "0000.h5").stat().st_size < (exact.folder / "0000.h5").stat().st_size


@pytest.mark.parametrize(("dtype", "rate"), [("float16", 1e7), ("float32", 1e38)])
def test_weights_that_their_type_does_not_hold_are_refused(tmp_path, dtype, rate):
    with pytest.raises(Diverged, match=f"expert 0 has weights that no torch.{dtype} holds"):
        fill(tmp_path, settings=replace(SETTINGS, dtype=dtype, learning_rate=rate))
    assert files(tmp_path) == {}


def test_an_unknown_type_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'float16'"):
        replace(SETTINGS, dtype="float61")


KILLED = """
import os, sys
from pathlib import Path
import test_experts
replace, calls = os.replace, []

def killed(source, target):
    calls.append(target)
    if len(calls) == 2:
        os._exit(9)
    replace(source, target)

os.replace = killed
test_experts.fill(Path(sys.argv[1]), 3)
"""


def test_a_kill_while_writing_leaves_no_partial_file_and_the_rest_can_be_made(tmp_path):
    paths = [str(Path(__file__).parent), *sys.path]
    code = f"import sys; sys.path[:0] = {paths!r}\n{KILLED}"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 9, done.stderr
    folder = tmp_path / SETTINGS.key
    assert [path.name for path in folder.glob("*.h5")] == ["0000.h5"]
    kept = (folder / "0000.h5").read_bytes()
    experts = fill(tmp_path, 3)
    assert experts.count() == 3
    assert (folder / "0000.h5").read_bytes() == kept
    assert torch.isfinite(torch.stack(rows(experts, 1))).all()


def test_no_experts_is_refused(tmp_path):
    with pytest.raises(InvalidSetting, match="0 asked for; at least 1"):
        fill(tmp_path, 0)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileAccess, match=r"cannot write in the folder .*/file/"):
        fill(tmp_path / "file", 1)
