"""The help of the commands, with the names of what is registered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand

from nsdcodec.errors import Interrupted

from . import texts

# Written here a second time, so that help is shown at once: the registries import PyTorch. A test compares them.
NAMES: Mapping[str, str] = {
    "objectives": "dc, dm, cafe, tgdd, krr, mtt, none",
    "parameterizations": "nsd, fred, dct, ldct, dwt, svd, lsvd, idc, memory, pixel",
    "sources": "digits, cifar10, cifar100, svhn, mnist, fashionmnist, tinyimagenet, imagenette, imagewoof, imagefruit, "
    "imagemeow, imagesquawk, imageyellow",
    "paths": "a .h5, .hdf5, .npz, .safetensors, .parquet or .tar file, a folder of class folders of images, the folder "
    "tiny-imagenet-200, a folder of .parquet files, a folder of .tar files",
    "formats": "imagefolder, parquet, webdataset, npz, hdf5, safetensors",
    "tables": "table1, table2, table3, table4, table5, table6, fig3, coresets, fred, fred-sets, fred-c, fred-c-subsets",
}


class Command(TyperCommand):
    """A command in whose help {objectives}, for example, stands for the names of all objectives. Paragraphs of its
    docstring are filled to the width of the terminal."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        texts.take_as_typed(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # click's own types, or those of typer's copy of it
        for parameter in self.params:
            text = getattr(parameter, "help", None) or ""
            for name, names in NAMES.items():
                text = text.replace(f"{{{name}}}", names)
            vars(parameter)["help"] = text
        self.help = re.sub(r"(?<!\n)\n(?!\n)", " ", self.help or "")
        super().format_help(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Raises Interrupted where the command was stopped and does not say itself what that means."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted(f"nsdc {self.name} was stopped before it was done") from error
