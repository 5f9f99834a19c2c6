"""What each setting means, for people: the texts beside the keys of `nsdc recipes NAME`.

Settings are the objects that distil, which need PyTorch. What is shown of those of the recipes is therefore written to
a table, which `recipe_names` reads: `make recipes`, when a recipe, a default or a meaning changes.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from nsdcodec.data.augmentation import OPERATIONS
from nsdcodec.encoding.objectives import OBJECTIVES
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.encoding.parameterizations.fred import TRANSFORMS
from nsdcodec.encoding.parameterizations.nsd import READINGS
from nsdcodec.encoding.recipes import RECIPES
from nsdcodec.learning.networks import NETWORKS

_KINDS = ", ".join(NETWORKS)
# Of keys whose types do not list them.
CHOICES: dict[str, str] = {
    "parameterization.name": ", ".join(PARAMETERIZATIONS),
    "objective.name": ", ".join(OBJECTIVES),
    "parameterization.reading": ", ".join(READINGS),
    "parameterization.basis": "dct, bilinear",
    "parameterization.transform": ", ".join(TRANSFORMS),
    "parameterization.mask_from": "real, samples",
    "network.name": _KINDS,
    "training.network.name": _KINDS,
    "training.augmentation": f"none, or some of {', '.join(OPERATIONS)}, with _ between",
}
MEANINGS: dict[str, str] = {
    "parameterization.name": "how the set is stored",
    "parameterization.dtype": "stored type of the arrays",
    "parameterization.init": "initial values: random, herded or forgotten real images, or noise",
    "parameterization.labels": "one class for each image, or a distribution, which is learned",
    "parameterization.label_init": "what soft labels begin as: near the class, or what the teachers say",
    "parameterization.reading": "which reading of NSD's text on spectra, kernels and labels",
    "parameterization.slices": "length of the batch axis of a spectrum tensor, t1; auto fills the budget",
    "parameterization.size": "height and width that are stored, in place of the image's; auto by the budget",
    "parameterization.images_per_class": "images for each class; auto fills the budget",
    "parameterization.kernels": "kernels that all classes share (reading A)",
    "parameterization.spectra_per_class": "spectrum tensors of each class (reading A)",
    "parameterization.groups": "groups of classes with a spectrum tensor each (reading C); auto by the budget",
    "parameterization.basis": "where the kernels of height and width begin",
    "parameterization.coefficients": "frequencies for each image and channel; auto fills the budget",
    "parameterization.transform": "what the frequencies are of",
    "parameterization.mask_from": "images by whose variance the frequencies are chosen",
    "parameterization.band_share": "how often a fine band is kept in an iteration, 0 to 1",
    "parameterization.bases": "bases that all images share; auto fills the budget",
    "parameterization.factor": "by how much the stored images are smaller than those shown",
    "objective.name": "what is matched",
    "objective.real_per_class": "real images for each class in an iteration",
    "objective.synthetic_per_class": "synthetic images of each class in an iteration; 0: all",
    "objective.classes_at_once": "classes that an iteration takes, others each time; 0: all",
    "objective.real": "real images in an iteration",
    "objective.synthetic": "synthetic images in an iteration; 0: all",
    "objective.discrimination": "weight of the cross-entropy of real images by the mean features of synthetic ones",
    "objective.network_life": "how often a network is matched before a new one takes its place",
    "objective.inner_steps": "steps on the synthetic images between two matches of a network",
    "objective.inner_batch": "synthetic images in each of these steps",
    "objective.inner_rate": "learning rate of these steps",
    "objective.pool": "networks that are kept and learn meanwhile; 0: a new random one in each iteration",
    "objective.pool_age": "uses after which a kept network makes place for a new one",
    "objective.pool_steps": "steps on real images before each use of a kept network",
    "objective.pool_batch": "real images in each of these steps",
    "objective.pool_rate": "learning rate of a kept network",
    "objective.statistics": "of the features, what is compared: their means, or their characteristic functions",
    "objective.student_steps": "steps that the student takes on the synthetic images",
    "objective.expert_epochs": "epochs of an expert that these steps are to match",
    "objective.first_start": "earliest epoch of an expert at which a match starts",
    "objective.last_start": "latest epoch of an expert at which a match starts",
    "objective.student_batch": "synthetic images in a step of the student; 0: all",
    "objective.student_rate": "the student's learning rate at first; it is learned",
    "objective.rate_learning_rate": "learning rate of the student's learning rate",
    "objective.experts": "networks that are trained on the real images beforehand",
    "objective.expert_dtype": "stored type of the experts' weights",
    "objective.expert_rho": "length of the ascent step before each of their steps, which makes them flat; 0: none",
    "objective.expert_alpha": "what share of the gradient before that step, orthogonal to that after it, is taken off",
    "objective.epochs": "epochs of their training, each of 50 steps at least",
    "objective.random": "share of iterations with a random network, 0 to 1",
    "objective.alpha": "weight of the cross-entropy of the synthetic images",
    "objective.window": "by how many epochs the network of the cross-entropy may be older",
    "guidance.weight": "weight of the student's loss on real images; 0 is no guidance",
    "guidance.real_batch": "real images for guidance in an iteration",
    "guidance.steps": "steps of the student that guidance trains, where the objective trains none",
    "guidance.rate": "learning rate of these steps",
    "optimizer.kind": "what changes the arrays",
    "optimizer.learning_rate": "its rate; with adam, a share of the size that values begin with",
    "optimizer.decay": "whether the rate falls to zero",
    "optimizer.momentum": "of sgd; with adam, the first beta",
    "optimizer.label_rate": "rate of soft labels; 0: they stay; auto: as for the other arrays",
    "optimizer.draws": "independent losses that are averaged in an iteration; processes share them",
    "coreset.epochs": "epochs of the network that ranks real images (init herding, forgetting)",
    "coreset.batch_size": "images in a step of its training",
    "coreset.learning_rate": "its learning rate",
    "coreset.width": "its channels; auto: as network.width",
    "teachers.networks": "networks that say what soft labels begin as (label_init teachers)",
    "teachers.epochs": "epochs of their training",
    "teachers.batch_size": "images in a step of it",
    "teachers.learning_rate": "its learning rate",
    "teachers.temperature": "by what their logits are divided, which softens the labels",
    "validation.per_class": "real training images of each class that are held out to judge by",
    "validation.checks": "how often the set is judged",
    "validation.epochs": "epochs of the network that judges",
    "validation.width": "its channels",
    "network.name": "the network that distils",
    "network.depth": "its blocks, of a convnet",
    "network.width": "its channels, of a convnet",
    "training.learning_rate": "in the file: learning rate of who trains on it",
    "training.momentum": "in the file: momentum",
    "training.weight_decay": "in the file: weight decay",
    "training.batch_size": "in the file: images in a step",
    "training.epochs": "in the file: epochs",
    "training.augmentation": "in the file, and in distilling: how images are augmented",
    "training.network.name": "in the file: the network to train",
    "training.network.depth": "in the file: its blocks, of a convnet",
    "training.network.width": "in the file: its channels, of a convnet",
    "iterations": "how many steps the encoder takes, without --time",
}


def table() -> dict[str, Any]:
    """Of the settings of all recipes, as JSON: `meanings` by key, with the choices in brackets, and `recipes`, by name
    the value of each key."""
    meanings = {}
    for settings in RECIPES.values():
        listed = {**_listed(settings), **CHOICES}
        for key in settings.flat():
            meanings[key] = MEANINGS[key] + (f" ({listed[key]})" if key in listed else "")
    return {"meanings": meanings, "recipes": {name: settings.flat() for name, settings in RECIPES.items()}}


def _listed(value: Any, prefix: str = "") -> dict[str, str]:
    """The choices of each key whose type lists them."""
    found: dict[str, str] = {}
    for entry, kind in typing.get_type_hints(type(value)).items():
        if entry not in {field.name for field in dataclasses.fields(value)}:
            continue
        inner = getattr(value, entry)
        if dataclasses.is_dataclass(inner):
            found |= _listed(inner, f"{prefix}{entry}.")
        elif typing.get_origin(kind) is typing.Literal:
            found[prefix + entry] = ", ".join(map(str, typing.get_args(kind)))
        elif kind is bool:
            found[prefix + entry] = "true, false"
    return found
