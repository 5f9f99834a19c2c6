"""What each recipe is, by its name, and a table of its settings for people. Apart from the settings themselves, so that
showing them needs no PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# What `meanings.table` makes; a test compares them.
TABLE = Path(__file__).with_name("recipes.json")
IPCS = (1, 10, 50)
ABOUTS: dict[str, str] = {
    "cpu": "nsd in 6 bits by trained networks (tgdd): minutes on two cores; the default without a GPU",
    "cpu-hours": "the same for an hour or more on two cores, by more such networks; for --bits-per-class",
    "gpu": "the same on a GPU; the default there",
    "gpu-mtt": "nsd by guided trajectory matching, on a GPU",
    "nsd-ipc1": "NSD (ECCV 2024) as published for CIFAR-10 at IPC 1; gamma and rates are not published, these are ours",
    **{
        f"nsd-ipc{ipc}": f"NSD (ECCV 2024) as published for CIFAR-10 at IPC {ipc}; gamma, rates and student batch are "
        "ours"
        for ipc in (10, 50)
    },
    **{
        f"nsd-cifar100-ipc{ipc}": f"NSD for CIFAR-100 at IPC {ipc}, in ten groups of classes; trajectories of "
        f"mtt-cifar100-ipc{ipc}"
        for ipc in (1, 10)
    },
    "nsd-tinyimagenet-ipc1": "NSD for TinyImageNet at IPC 1, in 20 groups of classes; trajectories of "
    "mtt-tinyimagenet-ipc1",
    "nsd-subset-ipc1": "NSD for a subset of ImageNet (imagenette ...) at IPC 1; trajectories of mtt-subset-ipc1",
    **{
        f"mtt-ipc{ipc}": f"MTT (CVPR 2022) in pixels for CIFAR-10 at IPC {ipc}" + (", without ZCA" if ipc < 50 else "")
        for ipc in IPCS
    },
    **{
        f"mtt-cifar100-ipc{ipc}": f"MTT in pixels for CIFAR-100 at IPC {ipc}" + (", without ZCA" if ipc != 10 else "")
        for ipc in IPCS
    },
    **{
        f"mtt-svhn-ipc{ipc}": f"MTT in pixels for SVHN at IPC {ipc}, by FreD's trajectories; MTT has no SVHN"
        for ipc in IPCS
    },
    "mtt-tinyimagenet-ipc1": "MTT in pixels for TinyImageNet at IPC 1",
    **{f"mtt-subset-ipc{ipc}": f"MTT in pixels for a subset of ImageNet at IPC {ipc}" for ipc in (1, 10)},
    **{
        f"ftd-ipc{ipc}": f"FTD (CVPR 2023), mtt with flat experts, in pixels for CIFAR-10 at IPC {ipc}; the rest as "
        f"mtt-ipc{ipc}"
        for ipc in IPCS
    },
    **{f"fred-ipc{ipc}": f"FreD (NeurIPS 2023) for CIFAR-10 at IPC {ipc}, by mtt" for ipc in IPCS},
    **{
        f"fred-{name}-ipc{ipc}": f"FreD for {called} at IPC {ipc}, by mtt; the rate is that for CIFAR-10"
        for name, called in (("cifar100", "CIFAR-100"), ("svhn", "SVHN"))
        for ipc in IPCS
    },
    "fred-tinyimagenet-ipc1": "FreD for TinyImageNet at IPC 1, by mtt; the rate is that for CIFAR-10",
    **{
        f"fred-subset-ipc{ipc}": f"FreD for a subset of ImageNet at IPC {ipc}, by mtt; the rate is that for other "
        "subsets"
        for ipc in (1, 10)
    },
    **{
        # Its soft labels count here: ten more elements an image of 3,072.
        f"datm-ipc{ipc}": f"DATM (ICLR 2024) in pixels for CIFAR-10 at --ipc {ipc * 1.004:g}, soft labels counted"
        for ipc in IPCS
    },
    **{
        f"speed-ipc{ipc}": f"nsd by the trajectories of SPEED (NeurIPS 2023) for CIFAR-10 at IPC {ipc}, not its "
        "parameterization"
        for ipc in IPCS
    },
    **{
        f"gsdd-ipc{ipc}": f"nsd by the trajectories of GSDD (2025) for CIFAR-10 at IPC {ipc}, not its parameterization"
        for ipc in IPCS
    },
    "dm-ipc1": "DM (WACV 2023) in pixels",
    **{f"dc-ipc{ipc}": f"DC (ICLR 2021) with DSA (ICML 2021) in pixels for IPC {ipc}" for ipc in IPCS},
    **{
        f"cafe-ipc{ipc}": f"CAFE (CVPR 2022) with DSA in pixels for IPC {ipc}; networks live as those of dc-ipc{ipc}"
        for ipc in IPCS
    },
    **{
        f"frepo-ipc{ipc}": f"FRePo (NeurIPS 2022) in pixels at --ipc {ipc * 1.004:g}, soft labels counted; Adam in "
        "place of LAMB, its rate is ours"
        for ipc in IPCS
    },
}


def shown(name: str) -> dict[str, tuple[Any, str]]:
    """Every key of a recipe's settings with its value and its meaning; of a name in `ABOUTS`."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    return {key: (value, table["meanings"][key]) for key, value in table["recipes"][name].items()}
