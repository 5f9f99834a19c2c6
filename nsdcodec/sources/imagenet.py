"""The subsets of ImageNet that the field distils, ten classes each at 128 x 128."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nsdcodec.errors import InvalidSource, MissingData
from nsdcodec.sources import splits
from nsdcodec.sources.base import Source, Split, augmentation
from nsdcodec.sources.files import folders
from nsdcodec.sources.image_files import image_files, split_of_files
from nsdcodec.system.packages import package

SIZE = 128


@dataclass(frozen=True)
class Subset:
    """Classes by WordNet id, in the order of the labels, with ImageNet's first name of each. `archive` is the name of
    the archive in which the subset is published, if there is one."""

    about: str
    classes: Mapping[str, str]
    archive: str = ""


# The classes and their order are those of MTT (CVPR 2022), which the later papers share.
SUBSETS: Mapping[str, Subset] = MappingProxyType(
    {
        "imagenette": Subset(
            "10 classes that are easy to tell apart",
            MappingProxyType(
                {
                    "n01440764": "tench",
                    "n02102040": "English springer",
                    "n02979186": "cassette player",
                    "n03000684": "chain saw",
                    "n03028079": "church",
                    "n03394916": "French horn",
                    "n03417042": "garbage truck",
                    "n03425413": "gas pump",
                    "n03445777": "golf ball",
                    "n03888257": "parachute",
                }
            ),
            "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2.tgz",
        ),
        "imagewoof": Subset(
            "10 breeds of dog",
            MappingProxyType(
                {
                    "n02096294": "Australian terrier",
                    "n02093754": "Border terrier",
                    "n02111889": "Samoyed",
                    "n02088364": "beagle",
                    "n02086240": "Shih-Tzu",
                    "n02089973": "English foxhound",
                    "n02087394": "Rhodesian ridgeback",
                    "n02115641": "dingo",
                    "n02099601": "golden retriever",
                    "n02105641": "Old English sheepdog",
                }
            ),
            "https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2.tgz",
        ),
        "imagefruit": Subset(
            "10 fruits",
            MappingProxyType(
                {
                    "n07753275": "pineapple",
                    "n07753592": "banana",
                    "n07745940": "strawberry",
                    "n07747607": "orange",
                    "n07749582": "lemon",
                    "n07768694": "pomegranate",
                    "n07753113": "fig",
                    "n07720875": "bell pepper",
                    "n07718472": "cucumber",
                    "n07742313": "Granny Smith",
                }
            ),
        ),
        "imagemeow": Subset(
            "10 cats, small and big",
            MappingProxyType(
                {
                    "n02123045": "tabby",
                    "n02123159": "tiger cat",
                    "n02123394": "Persian cat",
                    "n02123597": "Siamese cat",
                    "n02124075": "Egyptian cat",
                    "n02129165": "lion",
                    "n02129604": "tiger",
                    "n02128925": "jaguar",
                    "n02128757": "snow leopard",
                    "n02127052": "lynx",
                }
            ),
        ),
        "imagesquawk": Subset(
            "10 birds",
            MappingProxyType(
                {
                    "n01806143": "peacock",
                    "n02007558": "flamingo",
                    "n01818515": "macaw",
                    "n02051845": "pelican",
                    "n02056570": "king penguin",
                    "n01614925": "bald eagle",
                    "n01843383": "toucan",
                    "n01518878": "ostrich",
                    "n01860187": "black swan",
                    "n01819313": "sulphur-crested cockatoo",
                }
            ),
        ),
        "imageyellow": Subset(
            "10 yellow things",
            MappingProxyType(
                {
                    "n02206856": "bee",
                    "n12057211": "yellow lady's slipper",
                    "n07753592": "banana",
                    "n07749582": "lemon",
                    "n12144580": "corn",
                    "n04146614": "school bus",
                    "n03530642": "honeycomb",
                    "n02129165": "lion",
                    "n01773157": "black and gold garden spider",
                    "n01531178": "goldfinch",
                }
            ),
        ),
    }
)


def about(name: str) -> str:
    """A line about a subset."""
    return f"{SUBSETS[name].about}, of ImageNet in folders: 3 x {SIZE} x {SIZE}"


def find(name: str, places: Sequence[Path]) -> Source:
    """Loads a subset from the first of these folders that has it: as NAME/, as its published archive unpacks (NAME2/,
    NAME2-320/, NAME2-160/), or in the whole imagenet/. Raises MissingData, and what `load` raises."""
    names = (name, f"{name}2", f"{name}2-320", f"{name}2-160", "imagenet")
    for place in places:
        for folder in names:
            if (place / folder / "train").is_dir():
                return load(name, place / folder)
    archive, example = SUBSETS[name].archive, next(iter(SUBSETS[name].classes))
    fetch = f"fetch {archive} and unpack it there, or put" if archive else "put"
    raise MissingData(
        f"{name} is not here and nothing downloads it by itself: choose a folder by --data-dir or $NSDC_DATA; {fetch} "
        f"ImageNet there as imagenet/train/ID/ and imagenet/val/ID/, where an ID is such as {example} "
        f"(looked in {', '.join(map(str, places))})"
    )


def load(name: str, root: Path) -> Source:
    """Loads a subset from train/ID/ and val/ID/ in `root`. val is the test set and is optional; other ids are ignored.
    Folders of other splits are left out: the published test/ has no labels.
    As in MTT, the shorter side of an image is resized to 128 pixels (Pillow's bilinear with antialiasing), and the 128
    x 128 pixels in the middle are kept, as RGB.

    Raises InvalidSource (a class without a folder, an unreadable file) and FileAccess; MissingData without torchvision.
    """
    test = _split(name, root / "val") if (root / "val").is_dir() else None
    classes = tuple(SUBSETS[name].classes.values())
    others = tuple(f"{entry.name}/" for entry in folders(root) if splits.said(entry.name))
    left_out = tuple(entry for entry in others if entry not in ("train/", "val/"))
    return Source(name, classes, _split(name, root / "train"), test, augmentation(name), left_out)


def _split(name: str, part: Path) -> Split:
    ids = SUBSETS[name].classes
    if missing := [wnid for wnid in ids if not (part / wnid).is_dir()]:
        raise InvalidSource(
            f"{part}: no folder {', '.join(f'{wnid} ({ids[wnid]})' for wnid in missing[:3])} ({len(missing)} of "
            f"{len(ids)} classes of {name} are missing); put the images of each class into the folder of its id"
        )
    files = [(file, label) for label, wnid in enumerate(ids) for file in image_files(part / wnid)]
    return split_of_files(files, (3, SIZE, SIZE), partial(_resized, package("torchvision.transforms.functional")))


def _resized(functional: Any, image: Any) -> Any:
    return functional.center_crop(functional.resize(image, SIZE), SIZE)
