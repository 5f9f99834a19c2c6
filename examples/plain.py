"""A plain PyTorch loop: a network trained on a file by its recipe, tested on real images.

python examples/plain.py c10.nsd --source cifar10
"""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F

from nsdcodec import DSA, NSDDataset, build_network, load_source, normalize


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="a .nsd file, or a URL of one")
    parser.add_argument("--source", default="digits", help="real images to test on (default digits)")
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dataset = NSDDataset(options.file)
    # Before any training: real images with the file's numbers for the classes.
    test = load_source(options.source).numbered_as(dataset.classes).test
    if test is None:
        parser.error(f"{options.source} has no test images")
    if test.images.shape[1:] != dataset.image_shape:
        parser.error(
            f"{options.file} has images of {list(dataset.image_shape)}, {options.source} of "
            f"{list(test.images.shape[1:])}; name the source that the file was made from by --source"
        )
    recipe = dataset.recipe
    epochs = options.epochs or recipe.epochs

    network = build_network(recipe.network, dataset.geometry, options.seed)
    network.to(device)
    optimizer = torch.optim.SGD(
        network.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [(epochs + 1) // 2], 0.1)

    # Whole batches on the device, augmented as the recipe says. torchvision v2 transforms do as well.
    loader = dataset.loader(recipe.batch_size, device=device, seed=options.seed, transform=DSA.of(dataset))
    network.train()
    for _ in range(epochs):
        for images, labels in loader:
            loss = F.cross_entropy(network(images), labels)  # soft labels, a distribution each, are taken too
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()

    # The real images in the units of the file: (pixel / 255 - mean) / std.
    network.eval()
    with torch.no_grad():
        right = sum(
            int((network(normalize(images.to(device), dataset.normalization)).argmax(1).cpu() == labels).sum())
            for images, labels in zip(test.images.split(512), test.labels.split(512), strict=True)
        )
    print(f"{len(dataset)} images, {epochs} epochs: accuracy {right / len(test):.1%} on {len(test)} real images")


if __name__ == "__main__":
    main()
