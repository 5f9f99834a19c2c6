"""Trajectory settings as published by MTT and FreD, by data set and IPC: the numbers that `recipes` are made of.

`subset` stands for the six subsets of ImageNet at 128 x 128. Networks have the depth of the images (`for_geometry`):
ConvNet3 at 32 pixels, 4 at 64 and 5 at 128, as in both papers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """`steps` of the student match `expert_epochs`, from a start of at most `last_start` epochs. `rate` is that of
    SGD; the student's rate begins at `student_rate` and is learned at `rate_learning_rate`. A step takes `batch`
    synthetic images (0: all)."""

    steps: int
    expert_epochs: int
    last_start: int
    rate: float
    rate_learning_rate: float
    student_rate: float
    batch: int = 0


# FreD (NeurIPS 2023), the published code; its rate of the frequencies stands in its script for CIFAR-10 (1e8) and for
# other subsets of ImageNet (1e9), for a DCT that is 2 N times the orthonormal one at N x N pixels but at the lowest
# frequencies. Momentum 0.5, 15k iterations, no sampling, no ZCA.
_AT_32, _AT_64, _AT_128 = 1e8 / 64**2, 1e8 / 128**2, 1e9 / 256**2
FRED: dict[str, dict[int, Schedule]] = {
    "cifar10": {
        1: Schedule(50, 2, 5, _AT_32, 1e-7, 0.01),
        10: Schedule(40, 2, 15, _AT_32, 1e-5, 0.01),
        50: Schedule(30, 2, 40, _AT_32, 1e-5, 1e-3),
    },
    "cifar100": {
        1: Schedule(50, 2, 15, _AT_32, 1e-5, 0.01),
        10: Schedule(20, 2, 40, _AT_32, 1e-5, 0.01),
        50: Schedule(80, 2, 40, _AT_32, 1e-5, 0.01),
    },
    "svhn": {
        1: Schedule(50, 2, 5, _AT_32, 1e-7, 0.01),
        10: Schedule(30, 2, 15, _AT_32, 1e-5, 0.01),
        50: Schedule(40, 2, 40, _AT_32, 1e-5, 1e-3),
    },
    "tinyimagenet": {1: Schedule(30, 2, 30, _AT_64, 1e-4, 0.01)},
    "subset": {1: Schedule(20, 2, 10, _AT_128, 1e-6, 0.01), 10: Schedule(20, 2, 10, _AT_128, 1e-6, 0.01)},
}
# Images a class, where they are other than FreD's for CIFAR-10 or CIFAR-100 (`planning.coefficient_share`): 16, 8 and 4
# times as many as pixels at IPC 1, 10 and 50 on SVHN; 2,048 values a channel of 16,384 on subsets, in the same script.
FRED_IMAGES = {("svhn", 10): 80, ("subset", 1): 8, ("subset", 10): 80}

# MTT (CVPR 2022), its table of hyper-parameters. IPC 1 and 10 of CIFAR-10, 1 and 50 of CIFAR-100 had ZCA, which a file
# cannot hold. Momentum 0.5 and 5k iterations as in its code. It has no SVHN: FreD's table does, and its code has the
# trajectories; the rates of the images are those of CIFAR-10. The rate for subsets is that of the authors' command.
MTT: dict[str, dict[int, Schedule]] = {
    "cifar10": {
        1: Schedule(50, 2, 2, 100.0, 1e-7, 0.01),
        10: Schedule(30, 2, 20, 100.0, 1e-5, 1e-3),
        50: Schedule(30, 2, 40, 1000.0, 1e-5, 1e-3),
    },
    "cifar100": {
        1: Schedule(20, 3, 20, 1000.0, 1e-5, 0.01),
        10: Schedule(20, 2, 20, 1000.0, 1e-5, 0.01),
        50: Schedule(80, 2, 40, 1000.0, 1e-5, 0.01, batch=125),
    },
    "svhn": {
        1: Schedule(50, 2, 5, 100.0, 1e-7, 0.01),
        10: Schedule(30, 2, 15, 100.0, 1e-5, 0.01),
        50: Schedule(40, 2, 40, 1000.0, 1e-5, 1e-3),
    },
    "tinyimagenet": {1: Schedule(10, 2, 10, 10_000.0, 1e-4, 0.01)},
    "subset": {1: Schedule(20, 2, 10, 1000.0, 1e-6, 0.01), 10: Schedule(20, 2, 10, 1000.0, 1e-6, 0.01, batch=20)},
}
