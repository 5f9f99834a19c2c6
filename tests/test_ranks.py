"""Ranks: several processes come to the bits of one with the same draws, and the loss of one ends the others cleanly."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from contexts import toy_source
from encodes import Encode
from processes import exit_codes, lines, started, wait

if not torch.distributed.is_available():
    pytest.skip("this PyTorch has no torch.distributed", allow_module_level=True)
pytest.importorskip("h5py")

from nsdcodec import NSDDataset, read
from nsdcodec.encoding import progress
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import Output, Task
from nsdcodec.encoding.recipes import recipe, settings_for
from nsdcodec.encoding.settings import for_geometry
from nsdcodec.errors import FileAccess, InvalidSetting, NsdError, RankLost
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import training
from nsdcodec.system import launch, ranks
from nsdcodec.system.ranks import Ranks

TINY = ("network.width=4", "validation.width=4", "validation.epochs=1", "validation.checks=2", "validation.per_class=5")
MTT = ("experts=3", "student_steps=2", "expert_epochs=1", "last_start=1", "rate_learning_rate=0.01")
SOFT, GUIDED = "parameterization.labels=soft", ("guidance.weight=0.1", "guidance.real_batch=8")
POOL = ("objective.pool=2", "pool_age=3", "real_per_class=4")
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _as_in_a_process_alone(monkeypatch):
    _same_check_always(monkeypatch.setattr)
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # bytes are compared between processes
    yield
    torch.set_num_threads(before)


def _same_check_always(setattr=setattr) -> None:
    setattr(progress, "LOG_SECONDS", 0.0)
    setattr(training, "accuracy", lambda *_: 0.5)  # ties, so that the arrays of the last iteration are the file's


def made(folder: Path, name: str, *pairs: str, objective: str = "dm", draws: int = 2, iterations: int = 4) -> Encode:
    source = toy_source(Geometry(2, 1, 8, 8), train=20)
    pairs = (*TINY, f"iterations={iterations}", f"optimizer.draws={draws}", *pairs)
    settings = for_geometry(recipe("cpu"), source.geometry, source.augmentation)
    settings = settings.with_names(None, objective).with_values(list(pairs))
    task = Task(source, settings, Budget.of(source.geometry, 4), recipe_name="cpu", overrides=pairs)
    return Encode(task, Output(folder / name), experts_folder=folder / "experts")


def work(encoding: Encode, timeout: float = 60.0, seconds: float = 0.0) -> None:
    """A rank: encodes, takes `seconds` for an iteration, writes down its error, and exits as the command does."""
    _same_check_always()
    said = encoding.path.with_name(f"rank{launch.rank()}.txt")
    try:
        with ranks.joined(CPU, timeout) as together:
            result = encoding.run(lambda at: time.sleep(seconds if at.loss is not None else 0), together)
    except NsdError as error:
        said.write_text(f"{type(error).__name__}: {error}")
        sys.exit(error.exit_code)
    said.write_text(f"{result.nbytes} {result.validation} {result.iterations}")


def of_one_process(encoding: Encode, experts: str = "experts") -> bytes:
    alone = encoding.at("alone.nsd").but(resume=False, experts_folder=encoding.path.with_name(experts))
    alone.run()
    return alone.path.read_bytes()


def steps(encoding: Encode) -> int:
    return len(encoding.events("step"))


class TestTheBitsOfOneProcess:
    @pytest.mark.parametrize(
        ("objective", "draws", "world", "pairs"),
        [
            pytest.param("dm", 2, 2, ("objective.pool=0", "real_per_class=4"), marks=pytest.mark.release),
            pytest.param("dm", 2, 2, ("classes_at_once=1", "real_per_class=4"), marks=pytest.mark.release),
            ("dm", 3, 2, (*POOL, SOFT, *GUIDED)),
            pytest.param(
                *("mtt", 2, 2, (*MTT, SOFT, *GUIDED, "parameterization.dtype=int8")), marks=pytest.mark.release
            ),
            ("mtt", 4, 3, MTT),
            ("dc", 2, 2, ("real_per_class=4", "network_life=2", "inner_steps=1", "classes_at_once=1")),
            pytest.param("cafe", 2, 2, ("real_per_class=4", "network_life=2", SOFT), marks=pytest.mark.release),
            pytest.param("krr", 3, 2, ("objective.real=20", "objective.pool=2", SOFT), marks=pytest.mark.release),
        ],
    )
    def test_ranks_write_the_file_of_one_with_as_many_draws(self, tmp_path, objective, draws, world, pairs):
        encoding = made(tmp_path, "out.nsd", *pairs, objective=objective, draws=draws)
        with started(world, work, encoding) as processes:
            assert exit_codes(processes) == [0] * world
        assert encoding.path.read_bytes() == of_one_process(encoding, "other experts")
        results = {(tmp_path / f"rank{rank}.txt").read_text() for rank in range(world)}
        assert results == {f"{encoding.path.stat().st_size} 0.5 4"}
        assert steps(encoding) == 4
        fewer = encoding.but(f"optimizer.draws={draws - 1}")
        assert NSDDataset(encoding.path).header.provenance["iterations"] == 4
        assert encoding.path.read_bytes() != of_one_process(fewer)

    def test_ranks_that_start_from_a_file_write_the_file_of_one(self, tmp_path):
        made(tmp_path, "start.nsd", *POOL).run()
        start, pairs = read(tmp_path / "start.nsd"), (*MTT, *TINY, "iterations=4", "optimizer.draws=2")
        encoding = made(tmp_path, "out.nsd")
        settings = settings_for(encoding.task.source, objective="mtt", changes=pairs, start=start)
        encoding = encoding.but(settings=settings, start=start)
        with started(2, work, encoding) as processes:
            assert exit_codes(processes) == [0, 0]
        assert encoding.path.read_bytes() == of_one_process(encoding, "other experts")
        assert NSDDataset(encoding.path).header.provenance["start"].startswith(start.digest[:16])
        assert NSDDataset(encoding.path).header.layout == start.header.layout

    def test_experts_are_made_once_by_all(self, tmp_path):
        encoding = made(tmp_path, "out.nsd", *MTT, "experts=6", objective="mtt", iterations=1)
        with started(2, work, encoding) as processes:
            assert exit_codes(processes) == [0, 0]
        assert len(list(tmp_path.glob("experts/*/*.h5"))) == 6


class TestStopping:
    def test_one_told_to_stop_stops_all_and_another_number_goes_on(self, tmp_path):
        encoding = made(tmp_path, "out.nsd", *POOL, draws=3, iterations=40)
        with started(2, work, encoding, 60.0, 0.02) as processes:
            wait(lambda: steps(encoding) >= 3)
            os.kill(processes[1].pid, signal.SIGTERM)  # type: ignore[arg-type]
            assert exit_codes(processes) == [130, 130]
        assert "--resume" in (tmp_path / "rank0.txt").read_text()
        assert NSDDataset(encoding.path).header.provenance["validation"] == 0.5
        assert 3 <= steps(encoding) < 40
        whole = of_one_process(encoding)
        again = encoding.but(resume=True)
        with started(3, work, again, 60.0, 0.02) as processes:
            wait(lambda: "start" in "".join(lines(encoding.output.log)[-2:]) or steps(encoding) >= 10)
            os.kill(processes[0].pid, signal.SIGTERM)  # type: ignore[arg-type]
            assert exit_codes(processes) == [130, 130, 130]
        again.run()
        assert encoding.path.read_bytes() == whole
        assert not encoding.output.checkpoint.exists()

    @pytest.mark.parametrize("victim", [0, 1])
    def test_a_killed_rank_ends_the_other_and_the_last_checkpoint_stands(self, tmp_path, victim):
        encoding = made(tmp_path, "out.nsd", *POOL, iterations=40).but(checkpoint_seconds=0.0)
        with started(2, work, encoding, 60.0, 0.02) as processes:
            wait(lambda: steps(encoding) >= 3)
            processes[victim].kill()
            killed = time.monotonic()
            codes = exit_codes(processes)
            assert time.monotonic() - killed < 10
        assert codes[1 - victim] == RankLost.exit_code == 7
        said = (tmp_path / f"rank{1 - victim}.txt").read_text()
        assert said.startswith("RankLost: another process of this run is gone")
        assert ("out.nsd.checkpoint holds the last checkpoint" in said) == (victim == 1)
        assert not encoding.path.exists()
        encoding.but(resume=True).run()
        assert steps(encoding) >= 40
        assert encoding.path.read_bytes() == of_one_process(encoding)

    def test_a_rank_that_hangs_is_lost_after_the_timeout(self, tmp_path):
        encoding = made(tmp_path, "out.nsd", *POOL, iterations=1000)
        with started(2, work, encoding, 2.0) as processes:
            wait(lambda: steps(encoding) >= 3)
            os.kill(processes[1].pid, signal.SIGSTOP)  # type: ignore[arg-type]
            assert exit_codes(processes[:1]) == [7]
        assert (tmp_path / "rank0.txt").read_text().startswith("RankLost")

    def test_a_time_limit_ends_all_by_the_clock_of_the_first(self, tmp_path):
        encoding = made(tmp_path, "out.nsd", *POOL).but(time_limit=1.0)
        with started(2, work, encoding) as processes:
            assert exit_codes(processes) == [0, 0]
        assert steps(encoding) > 4
        assert len({(tmp_path / f"rank{rank}.txt").read_text() for rank in range(2)}) == 1

    def test_an_error_of_the_first_is_everyones(self, tmp_path):
        encoding = made(tmp_path, "out.nsd", *POOL)
        encoding.path.mkdir()
        with started(2, work, encoding) as processes:
            assert exit_codes(processes) == [FileAccess.exit_code] * 2
        assert len({(tmp_path / f"rank{rank}.txt").read_text() for rank in range(2)}) == 1
        assert "FileAccess" in (tmp_path / "rank1.txt").read_text()


def say(folder: Path) -> None:
    with ranks.joined(CPU, 60.0) as together:
        rank = together.rank
        gathered = together.gather(torch.tensor([[rank, 10.0], [rank, 20.0]]))
        assert gathered.tolist() == [[[r, 10.0], [r, 20.0]] for r in range(3)]
        assert together.from_first(lambda: {"rank": torch.tensor(rank)}) == {"rank": torch.tensor(0)}
        assert together.to_first(rank) == ([0, 1, 2] if rank == 0 else [])
        with contextlib.suppress(InvalidSetting):
            together.from_first(lambda: _refuse(rank))
        (folder / str(rank)).touch()


def _refuse(rank: int) -> None:
    raise InvalidSetting(str(rank))


def test_what_is_said_reaches_all(tmp_path):
    with started(3, say, tmp_path) as processes:
        assert exit_codes(processes) == [0, 0, 0]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_process_alone_hands_back_what_it_is_given():
    alone = Ranks()
    assert alone.gather(torch.ones(2, 3)).shape == (1, 2, 3)
    assert alone.to_first("a") == ["a"]
    with pytest.raises(InvalidSetting, match="7"):
        alone.from_first(lambda: _refuse(7))
    with ranks.joined(CPU) as together:
        assert together == alone
        assert not torch.distributed.is_initialized()


class TestTheLaunch:
    def test_only_a_launch_in_full_counts(self, monkeypatch):
        assert (launch.rank(), launch.world(), launch.name(), launch.restarted()) == (0, 1, "", False)
        monkeypatch.setenv("RANK", "3")
        monkeypatch.setenv("WORLD_SIZE", "4")
        assert (launch.rank(), launch.world()) == (0, 1)  # as a scheduler may set them
        monkeypatch.setenv("MASTER_ADDR", "here")
        assert (launch.rank(), launch.world()) == (3, 4)

    def test_a_checkpoint_of_the_same_launch_is_gone_on_from_unasked(self, tmp_path):
        encoding = made(tmp_path, "out.nsd", *POOL, iterations=6).but(launch="a", checkpoint_seconds=0.0)

        def cut(at):
            if at.done > 0.5:
                raise MemoryError

        with pytest.raises(MemoryError):
            encoding.run(cut)
        with pytest.raises(InvalidSetting, match="--resume"):
            encoding.but(launch="b").run()
        encoding.but(restart=True).run()  # dropped at the start of the launch, not when machines come or go
        assert '"iteration": 0' not in [line for line in lines(encoding.output.log) if '"start"' in line][1]
        assert encoding.path.read_bytes() == of_one_process(encoding.but(launch=""))


OPTIONS = [
    "digits", "--device", "cpu", "--precision", "float32", "--objective", "mtt", "--set", "optimizer.draws=2",
    *(word for pair in (*TINY, *MTT, "validation.checks=8") for word in ("--set", pair)),
]  # fmt: skip


@pytest.fixture
def torchrun(tmp_path):
    """torchrun(*arguments): in a process of its own, ended with all that it started."""
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with contextlib.ExitStack() as stack:

        def run(*arguments: object) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
            said = stack.enter_context((tmp_path / "said.txt").open("w+"))
            child = subprocess.Popen(
                [*command, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, stderr=said, text=True
            )
            stack.callback(child.wait, 40)
            stack.callback(child.terminate)
            return child

        yield run


def _workers(child: subprocess.Popen[str]) -> list[int]:
    """Of a torchrun on Linux, by rank."""
    found = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    return sorted(int(pid) for pid in found if b"RANK=" in Path(f"/proc/{pid}/environ").read_bytes())


class TestTorchrun:
    @pytest.mark.release
    @pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
    def test_after_a_kill_it_starts_the_module_again_which_goes_on(self, tmp_path, torchrun, monkeypatch):
        pytest.importorskip("typer")
        pytest.importorskip("sklearn")
        out = tmp_path / "out.nsd"
        log = tmp_path / "out.nsd.log.jsonl"
        options = [*OPTIONS, "--iterations", 80]
        child = torchrun("--max-restarts", 1, "-m", "nsdcodec.encode", *options, "-o", out)
        wait((tmp_path / "out.nsd.checkpoint").exists)
        os.kill(_workers(child)[1], signal.SIGKILL)
        printed, _ = child.communicate(timeout=60)
        assert child.returncode == 0, (tmp_path / "said.txt").read_text()
        assert printed.count("out.nsd: ") == 1
        starts = [line for line in lines(log) if '"start"' in line]
        assert len(starts) == 2
        assert '"iteration": 0' not in starts[1]
        monkeypatch.undo()  # there, every check is a real one
        alone = tmp_path / "alone.nsd"
        assert _command("encode", *options, "-o", alone, "--experts-dir", tmp_path / "cache/nsdcodec/experts") == 0
        assert out.read_bytes() == alone.read_bytes()

    @pytest.mark.release
    def test_the_command_itself_runs_under_it(self, torchrun):
        pytest.importorskip("typer")
        pytest.importorskip("sklearn")
        code = "from nsdcodec_cli import main; main()"
        command = ("--no-python", sys.executable, "-c", code)
        child = torchrun(*command, "experts", "digits", "--count", 4, "--recipe", "gpu-mtt", "--device", "cpu",
                         "--json", "--set", "network.width=4", "--set", "last_start=1")  # fmt: skip
        printed, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        assert printed.count('"experts": 4') == printed.count('"folder"') == 1


def _command(*arguments: object) -> int:
    from nsdcodec_cli.main import app
    from typer.testing import CliRunner

    with contextlib.redirect_stdout(io.StringIO()):
        return CliRunner().invoke(app, [str(argument) for argument in arguments]).exit_code
