"""Hugging Face's Trainer on a file: the data set as it is, a collator that names its parts, the recipe's optimizer.

python examples/hf_trainer.py c10.nsd --source cifar10
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset, default_collate
from transformers import EvalPrediction, Trainer, TrainingArguments

from nsdcodec import DSA, NSDDataset, build_network, load_source, normalize


class Classifier(nn.Module):
    """A network as the Trainer calls it; it augments what it is trained on, and not what it is tested on."""

    def __init__(self, network: nn.Module, augmentation: DSA, seed: int) -> None:
        super().__init__()
        self.network, self.augmentation = network, augmentation
        self.generator = torch.Generator().manual_seed(seed)

    def forward(self, pixel_values: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        if self.training:
            pixel_values = self.augmentation(pixel_values, self.generator)
        logits = self.network(pixel_values)
        if labels is None:
            return {"logits": logits}
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}  # soft labels are taken too


def collate(samples: Any) -> dict[str, Tensor]:
    images, labels = default_collate(samples)  # of an NSDDataset at once: its batches are decoded as a whole
    return {"pixel_values": images, "labels": labels}


def accuracy(prediction: EvalPrediction) -> dict[str, float]:
    return {"accuracy": float((prediction.predictions.argmax(axis=1) == prediction.label_ids).mean())}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="a .nsd file, or a URL of one")
    parser.add_argument("--source", default="digits", help="real images to test on (default digits)")
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--output", default="trainer_output", help="the Trainer's folder (default trainer_output)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)

    dataset = NSDDataset(options.file)
    recipe = dataset.recipe
    epochs = options.epochs or recipe.epochs
    network = build_network(recipe.network, dataset.geometry, options.seed)
    optimizer = torch.optim.SGD(
        network.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    # The Trainer's schedules count steps, not epochs.
    half = (epochs + 1) // 2 * math.ceil(len(dataset) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [half], 0.1)

    test = load_source(options.source).numbered_as(dataset.classes).test
    if test is None:
        parser.error(f"{options.source} has no test images")
    trainer = Trainer(
        model=Classifier(network, DSA.of(dataset), options.seed),
        args=TrainingArguments(
            output_dir=options.output,
            per_device_train_batch_size=recipe.batch_size,
            per_device_eval_batch_size=512,
            num_train_epochs=epochs,
            max_grad_norm=0,  # the recipe does not clip; the Trainer would, at 1
            seed=options.seed,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        data_collator=collate,
        train_dataset=dataset,
        eval_dataset=TensorDataset(normalize(test.images, dataset.normalization), test.labels),
        compute_metrics=accuracy,
        optimizers=(optimizer, schedule),
    )
    trainer.train()
    result = trainer.evaluate()["eval_accuracy"]
    print(f"{len(dataset)} images, {epochs} epochs: accuracy {result:.1%} on {len(test)} real images")


if __name__ == "__main__":
    main()
