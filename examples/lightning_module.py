"""PyTorch Lightning: `dataset.loader` as a train_dataloader, which checkpoints resume in the middle of an epoch.

python examples/lightning_module.py c10.nsd --source cifar10
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

import lightning
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from nsdcodec import DSA, NSDDataset, build_network, load_source, normalize


class Classifier(lightning.LightningModule):
    """The network of a file's recipe, trained on the file by the recipe."""

    def __init__(self, dataset: NSDDataset, epochs: int, seed: int = 0) -> None:
        super().__init__()
        self.dataset, self.epochs, self.seed = dataset, epochs, seed
        self.network = build_network(dataset.recipe.network, dataset.geometry, seed)

    def train_dataloader(self) -> Iterable[tuple[Tensor, Tensor]]:
        # Made in this hook, where the device and the ranks are known: each rank gets its share of every batch.
        # Lightning keeps the loader's place in its checkpoints. A DataLoader over the data set does as well, without.
        return self.dataset.loader(
            self.dataset.recipe.batch_size, device=self.device, seed=self.seed, transform=DSA.of(self.dataset)
        )

    def training_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> Tensor:
        images, labels = batch
        return F.cross_entropy(self.network(images), labels)  # soft labels, a distribution each, are taken too

    def test_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> None:
        images, labels = batch
        self.log("accuracy", (self.network(images).argmax(1) == labels).float().mean(), batch_size=len(labels))

    def configure_optimizers(self) -> Any:
        recipe = self.dataset.recipe
        optimizer = torch.optim.SGD(
            self.network.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
        )
        return [optimizer], [torch.optim.lr_scheduler.MultiStepLR(optimizer, [(self.epochs + 1) // 2], 0.1)]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="a .nsd file, or a URL of one")
    parser.add_argument("--source", default="digits", help="real images to test on (default digits)")
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--resume", help="a checkpoint of Lightning to go on from")
    options = parser.parse_args(argv)

    dataset = NSDDataset(options.file)
    epochs = options.epochs or dataset.recipe.epochs
    test = load_source(options.source).numbered_as(dataset.classes).test
    if test is None:
        parser.error(f"{options.source} has no test images")
    real = TensorDataset(normalize(test.images, dataset.normalization), test.labels)

    model = Classifier(dataset, epochs)
    trainer = lightning.Trainer(
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, ckpt_path=options.resume)
    (result,) = trainer.test(model, DataLoader(real, batch_size=512), verbose=False)
    print(f"{len(dataset)} images, {epochs} epochs: accuracy {result['accuracy']:.1%} on {len(real)} real images")


if __name__ == "__main__":
    main()
