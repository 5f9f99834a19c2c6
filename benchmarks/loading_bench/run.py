"""The whole measurement of loading: sets, contenders, rounds, probes, to one document of plain data."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from loading_bench import probe, targets
from loading_bench.contenders import CONTENDERS, contender
from loading_bench.forms import Forms, write
from loading_bench.made import made
from loading_bench.rounds import Listener, Rates, StepTimes, laps, steps
from measurement.machine import LoadMeter, made_by
from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import InvalidSetting, MissingData
from nsdcodec.format.container import remote
from nsdcodec.format.container.contents import MAX_FILE_BYTES
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.system.packages import package

NETWORK = NetworkSpec("convnet", 3, 128)
# Of all seconds: the rounds of all sets, and the training steps. The rest goes to imports, writing and probes.
ROUNDS_SHARE, STEPS_SHARE = 0.4, 0.3
# A lap is of the seconds of all: a tenth of a second by default.
LAP_SHARE = 0.001
# Fresh processes that the first batch of ours is the median of, one for each other contender, since they take seconds
# to import what they need; and interpreters that import the package.
PROBES, IMPORTS = 3, 5


@dataclass(frozen=True)
class LoadingBench:
    """`files` are paths or URLs; where there are none, sets of random numbers in `form` of `images` images each.

    `seconds` is about how long all may take: it chooses how many rounds and training steps there are where `rounds` and
    `steps` (0: none) are None, not below a least number. Training is on the last set. Raises InvalidSetting and
    UnknownName.
    """

    files: tuple[str, ...] = ()
    form: str = "nsd"
    images: tuple[int, ...] = (220, 10_000)
    contenders: tuple[str, ...] = tuple(CONTENDERS)
    seconds: float = 100.0
    rounds: int | None = None
    steps: int | None = None
    batch_size: int = 256
    workers: int = 2
    threads: int = 2
    command: str = ""

    def __post_init__(self) -> None:
        for name in self.contenders:
            contender(name)
        least = {"rounds": 1, "steps": 0, "batch_size": 1, "workers": 1, "threads": 1}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise InvalidSetting(f"{name} is {value}; it must be at least {smallest}")
        if not self.seconds > 0:
            raise InvalidSetting(f"seconds is {self.seconds:g}; it must be above 0")

    @property
    def sets(self) -> list[tuple[str, bytes | str]]:
        """Names, and the bytes or the path of each."""
        if self.files:
            return [(Path(file).name, file) for file in self.files]
        return [(f"{self.form}, {images:,} images", made(self.form, images)) for images in self.images]


def execute(bench: LoadingBench, listen: Listener = lambda done, text: None) -> dict[str, Any]:
    """Measures; the document that `report` shows: rates in images/s, times in seconds, memory in bytes. `listen` hears
    (done 0 to 1, text). Raises what reading the files raises, and InvalidSetting."""
    meter = LoadMeter()
    missing = _missing(bench)
    sets = bench.sets
    measured = []
    with _threads(bench.threads):
        for number, (name, source) in enumerate(sets):

            def tell(done: float, text: str, number: int = number, name: str = name) -> None:
                listen((number + done) / len(sets), f"{name}: {text}")

            with tempfile.TemporaryDirectory(prefix="nsdc-bench-") as folder:
                forms, dataset = _on_disk(bench, source, Path(folder))
                measured.append(_measured(bench, name, forms, dataset, missing, number == len(sets) - 1, tell))
    importing = statistics.median(probe.import_seconds() for _ in range(IMPORTS))
    load = meter.load()
    verdicts = [verdict for found in measured for verdict in found.pop("verdicts")]
    return {
        "bench": "loader",
        "batch_size": bench.batch_size,
        "workers": bench.workers,
        "threads": bench.threads,
        "network": asdict(NETWORK),
        "import_seconds": importing,
        "missing": missing,
        "sets": measured,
        "targets": [asdict(verdict) for verdict in [*verdicts, targets.imported(importing)]],
        "load": None if load is None else asdict(load),
        "command": bench.command,
        "made_by": made_by(),
    }


def _missing(bench: LoadingBench) -> dict[str, str]:
    """Contenders whose packages cannot be imported -> why."""
    found = {}
    for name in bench.contenders:
        try:
            for needed in contender(name).packages:
                package(needed)
        except MissingData as error:
            found[name] = str(error.__cause__)
    return found


def _on_disk(bench: LoadingBench, source: bytes | str, folder: Path) -> tuple[Forms, NSDDataset]:
    path = folder / "set.nsd"
    if isinstance(source, bytes):
        path.write_bytes(source)
    elif remote.is_url(source):
        path.write_bytes(remote.fetch(source, MAX_FILE_BYTES))
    else:
        path = Path(source)
    dataset = NSDDataset(path, cache="none")
    geometry, normalization = dataset.header.layout.geometry, dataset.normalization
    shape = (geometry.channels, geometry.height, geometry.width)
    forms = Forms(
        path,
        folder,
        len(dataset),
        dataset.classes,
        shape,
        normalization.mean,
        normalization.std,
        bench.batch_size,
        bench.workers,
    )
    return forms, dataset


def _measured(
    bench: LoadingBench,
    name: str,
    forms: Forms,
    dataset: NSDDataset,
    missing: dict[str, str],
    train: bool,
    tell: Callable[[float, str], None],
) -> dict[str, Any]:
    """Everything of one set."""
    skipped = {found: "its package is missing" for found in missing}
    if not forms.mode:
        pictures = [found for found in bench.contenders if contender(found).of_pictures]
        skipped |= dict.fromkeys(pictures, f"{forms.shape[0]} channels are no picture")
    names = [found for found in bench.contenders if found not in skipped]
    network = _network(name, dataset) if train and bench.steps != 0 else None
    tell(0.0, "writing the images as others read them")
    write(forms, dataset, {contender(found).form for found in names})
    opened = {found: contender(found).open(forms) for found in names}
    part = bench.seconds / len(bench.sets if not bench.files else bench.files)
    rates = laps(
        opened,
        bench.rounds,
        ROUNDS_SHARE * part,
        LAP_SHARE * bench.seconds,
        lambda done, text: tell(0.05 + 0.5 * done, text),
    )
    trained: dict[str, StepTimes] = {}
    if network is not None:
        trained = steps(
            opened,
            network,
            bench.steps,
            STEPS_SHARE * bench.seconds,
            lambda done, text: tell(0.55 + 0.25 * done, text),
        )
    del opened
    probes = {}
    for place, found in enumerate(names):
        tell(0.8 + 0.2 * place / len(names), f"{found}: first batch and memory")
        count = PROBES if found == "loader" else 1
        probes[found] = [probe.probe(found, forms, bench.threads, memory=i == 0) for i in range(count)]
    firsts = {found: [each.first_batch for each in several] for found, several in probes.items()}
    first = statistics.median(firsts["loader"]) if "loader" in firsts else None
    return {
        "name": name,
        "bytes": dataset.nbytes,
        "images": len(dataset),
        "shape": list(forms.shape),
        "parameterization": dataset.header.parameterization,
        "rounds": len(next(iter(rates.values()), [])),
        "skipped": skipped,
        "contenders": [_row(found, rates, firsts, probes[found][0].memory, trained.get(found)) for found in names],
        "verdicts": [*targets.compared(name, rates), *targets.started(name, dataset.nbytes, first)],
    }


def _network(name: str, dataset: NSDDataset) -> Network:
    """Before anything is measured. Raises InvalidSetting for images that are too small for it."""
    try:
        return networks.build(NETWORK, dataset.header.layout.geometry, 0)
    except InvalidSetting as error:
        raise InvalidSetting(f"no training steps on {name}: {error}; give --steps 0") from error


def _row(
    name: str, rates: Rates, firsts: dict[str, list[float]], memory: int | None, step: StepTimes | None
) -> dict[str, Any]:
    return {
        "name": name,
        "about": contender(name).about,
        "images_per_second": statistics.median(rates[name]),
        "by_round": rates[name],
        "first_batch": statistics.median(firsts[name]),
        "first_batches": firsts[name],
        "memory": memory,
        "step": None if step is None else asdict(step),
    }


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """With so many threads of torch, whatever the environment says."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
