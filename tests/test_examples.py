"""The examples, each run as a user runs it, on a file of real digits; and what they say of checkpoints."""

from __future__ import annotations

import importlib.util
import logging
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from nsdcodec import NSDDataset
from nsdcodec.format.container.file import write
from nsdcodec.format.container.header import Header
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.format.stored_types import ArraySpec
from nsdcodec.sources import digits, normalize

EXAMPLES = Path(__file__).parent.parent / "examples"
PER_CLASS = 8
RECIPE = TrainingRecipe(0.05, 0.9, 5e-4, 32, 40, "color_crop_cutout_scale_rotate", NetworkSpec(depth=2, width=16))


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> str:
    """Eight real digits of each class, as they are."""
    source = digits.load()
    index = torch.cat([(source.train.labels == label).nonzero().flatten()[:PER_CLASS] for label in range(10)])
    images = normalize(source.train.images[index], source.normalization)
    layout = Layout(source.geometry, Synthesis(), {"spectrum": ArraySpec("float16", (1, *images.shape))})
    header = Header(layout, source.classes, source.normalization, RECIPE, "pixel")
    path = tmp_path_factory.mktemp("examples") / "digits.nsd"
    write(path, header, {"spectrum": images.numpy()[None]})
    return str(path)


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def percents(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"([\d.]+)%", text)]


def test_a_source_of_other_images_is_refused_before_any_training(file, capsys, tmp_path, monkeypatch):
    images = np.zeros((10, 3, 8, 8), np.uint8)
    arrays = {f"{split}_{name}": of for split in ("train", "test") for name, of in
              (("images", images), ("labels", np.arange(10)))}  # fmt: skip
    np.savez(tmp_path / "colour.npz", **arrays, classes=digits.load().classes)
    module = example("plain")
    monkeypatch.setattr(module, "build_network", lambda *arguments: pytest.fail("a network was made"))
    with pytest.raises(SystemExit) as end:
        module.main([file, "--source", str(tmp_path / "colour.npz")])
    assert end.value.code == 2
    assert "has images of [1, 8, 8], " in capsys.readouterr().err


def test_a_plain_loop_learns_from_the_file(file, capsys):
    example("plain").main([file])
    out = capsys.readouterr().out
    assert "80 images, 40 epochs" in out
    assert percents(out)[0] > 70


def test_replay_from_the_file_keeps_what_is_forgotten_without(file, capsys):
    example("continual").main([file, "--epochs", "4"])
    lines = [percents(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 5
    (first_kept, first_forgot), *_, (kept, forgot) = lines
    assert first_kept == first_forgot > 80
    assert kept > forgot + 30


def test_the_trainer_of_hugging_face_learns_from_the_file(file, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    example("hf_trainer").main([file, "--output", str(tmp_path)])
    out = capsys.readouterr().out.splitlines()[-1]
    assert "80 images, 40 epochs" in out
    assert percents(out)[0] > 70


def test_the_collator_takes_a_batch_whole_or_sample_by_sample(file):
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    dataset, collate = NSDDataset(file), example("hf_trainer").collate
    whole, single = collate(dataset.__getitems__([79, 3])), collate([dataset[79], dataset[3]])
    torch.testing.assert_close(whole, single, rtol=0, atol=0)
    assert whole["labels"].tolist() == [9, 0]
    assert [label for _, label in dataset.__getitems__([79, 3])] == [9, 0]


def test_lightning_learns_from_the_file(file, capsys):
    pytest.importorskip("lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    example("lightning_module").main([file])
    out = capsys.readouterr().out.splitlines()[-1]
    assert "80 images, 40 epochs" in out
    assert percents(out)[0] > 70


def test_lightning_takes_a_dataloader_over_the_file(file, monkeypatch, capsys):
    pytest.importorskip("lightning")
    module = example("lightning_module")
    calls = []
    monkeypatch.setattr(
        NSDDataset, "batch", lambda self, index, batch=NSDDataset.batch: calls.append(len(index)) or batch(self, index)
    )
    monkeypatch.setattr(module.Classifier, "train_dataloader", lambda self: DataLoader(self.dataset, 32, shuffle=True))
    module.main([file, "--epochs", "2"])
    assert calls == [32, 32, 16] * 2
    assert "2 epochs" in capsys.readouterr().out


@pytest.mark.parametrize("stop", [2, 3, 4])  # of 3 steps an epoch
def test_lightning_resumes_in_the_middle_of_an_epoch_as_if_never_stopped(file, tmp_path, stop):
    lightning = pytest.importorskip("lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Recorder(example("lightning_module").Classifier):
        def training_step(self, batch, batch_index):
            self.seen = [*getattr(self, "seen", []), batch[0]]
            return super().training_step(batch, batch_index)

    def trained(**options):
        model = Recorder(NSDDataset(file), 3)
        saver = lightning.pytorch.callbacks.ModelCheckpoint(
            tmp_path, "{step}", every_n_train_steps=1, save_top_k=-1, enable_version_counter=False
        )
        quiet = dict.fromkeys(("logger", "enable_progress_bar", "enable_model_summary"), False)
        lightning.Trainer(accelerator="cpu", max_epochs=3, callbacks=[saver], **quiet).fit(model, **options)
        return model

    whole = trained()
    assert len(whole.seen) == 9
    rest = trained(ckpt_path=tmp_path / f"step={stop}.ckpt")
    assert len(rest.seen) == 9 - stop
    assert all(torch.equal(*pair) for pair in zip(rest.seen, whole.seen[stop:], strict=True))
    torch.testing.assert_close(rest.state_dict(), whole.state_dict(), rtol=0, atol=0)
