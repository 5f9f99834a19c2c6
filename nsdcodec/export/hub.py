"""Push .nsd files and their data card to the Hugging Face hub. Needs the extra `hub`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nsdcodec.errors import FileAccess, InvalidSetting
from nsdcodec.export.card import Accuracy, card
from nsdcodec.format.container.contents import bytes_of, name_of
from nsdcodec.format.container.file import NSDFile, read
from nsdcodec.system.packages import package

CARD_FILE = "README.md"
_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Push:
    """Files for one data set of the hub, as `nsdcodec.read` takes them, read and checked when this object is made.
    `private` applies if the data set does not exist yet. `with_card` replaces its README.md (the hub keeps the earlier
    one in its history).

    Raises InvalidSetting for a name that the hub does not allow or for two files of the same name, and what
    `nsdcodec.read` raises.
    """

    files: tuple[Path | str, ...]
    repository: str
    license: str = "other"
    accuracies: tuple[str | Accuracy, ...] = ()
    private: bool = False
    with_card: bool = True

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository):
            raise InvalidSetting(
                f"{self.repository!r} is no data set of the hub; write USER/NAME of letters, digits, -_."
            )
        for file in self.files:
            if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+=-]*\.nsd", name_of(file)):
                raise InvalidSetting(f"{file}: the name is part of a URL; rename it, such as cifar10-ipc1.nsd")
        names = [name_of(file) for file in self.files]
        if len(set(names)) < len(names) or not names:
            raise InvalidSetting(f"{len(names)} files of {len(set(names))} names; give each its own, and one at least")
        _ = self.card

    @cached_property
    def contents(self) -> Mapping[str, bytes]:
        """The bytes of each file, by its name in the repository. Raises FileAccess."""
        return {name_of(file): bytes_of(file) for file in self.files}

    @cached_property
    def card(self) -> str:
        found: dict[str, NSDFile] = {name: read(data) for name, data in self.contents.items()}
        return card(self.repository, found, self.license, self.accuracies)

    def run(self) -> str:
        """Creates the data set if it does not exist, pushes files and card in one commit, and returns the URL. The
        hub's client finds the access token (`hf auth login`, HF_TOKEN). Raises FileAccess for everything that the hub
        refuses, and MissingData without huggingface_hub."""
        hub = package("huggingface_hub", "hub")
        contents = dict(self.contents) | ({CARD_FILE: self.card.encode()} if self.with_card else {})
        operations = [
            hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=data) for name, data in contents.items()
        ]
        try:
            client = hub.HfApi()
            # None leaves the choice to the organisation's own default.
            client.create_repo(self.repository, repo_type="dataset", private=self.private or None, exist_ok=True)
            message = f"Add {', '.join(self.contents)}"
            client.create_commit(self.repository, operations, commit_message=message, repo_type="dataset")
        except Exception as error:  # the client raises its own errors, those of HTTP, of the system, and ValueErrors
            cause = " ".join(str(error).split()) or type(error).__name__
            raise FileAccess(
                f"cannot push to {self.repository} ({cause:.300}); check the name, the network and the login: "
                "`hf auth login`, or HF_TOKEN of a token that may write"
            ) from error
        return f"{client.endpoint}/datasets/{self.repository}"
