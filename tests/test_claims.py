"""Claims: processes that fill one folder make each file once, and take over what a killed one leaves."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest
from processes import exit_codes, lines, started, wait

from nsdcodec.errors import FileAccess
from nsdcodec.system import claims


def missing(folder: Path, count: int) -> list[int]:
    return [number for number in range(count) if not (folder / str(number)).exists()]


def make(folder: Path, count: int, at_once: int, seconds: float) -> None:
    """Makes files, writes down who began and who made each."""
    claims.SECONDS = 0.02
    log = (folder / "log").open("a")
    for numbers in claims.unmade(folder, lambda: missing(folder, count), at_once):
        for number in numbers:
            print("begins", number, os.getpid(), file=log, flush=True)
        time.sleep(seconds)
        for number in numbers:
            (folder / str(number)).touch()
            print("makes", number, os.getpid(), file=log, flush=True)


def make_together(folder: Path, at_once: int) -> None:
    """Begins when all three are there, so that each has its share."""
    print("here", file=(folder / "here").open("a"), flush=True)
    wait(lambda: len(lines(folder / "here")) == 3)
    make(folder, 12, at_once, 0.1)


def told(folder: Path, word: str) -> list[tuple[int, int]]:
    """(number, process) of the lines that begin with the word."""
    found = [line.split() for line in lines(folder / "log")]
    return [(int(number), int(process)) for first, number, process in found if first == word]


@pytest.mark.parametrize("at_once", [1, 3])
def test_processes_at_the_same_time_make_each_once_and_all_of_them_work(tmp_path, at_once):
    with started(3, make_together, tmp_path, at_once) as processes:
        assert exit_codes(processes) == [0, 0, 0]
        pids = {process.pid for process in processes}
    assert missing(tmp_path, 12) == []
    assert Counter(number for number, _ in told(tmp_path, "begins")) == dict.fromkeys(range(12), 1)
    assert {process for _, process in told(tmp_path, "makes")} == pids


def test_ranks_begin_with_different_ones(tmp_path, monkeypatch):
    for rank, wanted in ((0, [0, 3, 1, 2, 4]), (2, [2, 0, 1, 3, 4])):
        folder = tmp_path / str(rank)
        for name, value in (("RANK", rank), ("WORLD_SIZE", 3), ("MASTER_ADDR", "here")):
            monkeypatch.setenv(name, str(value))
        folder.mkdir()
        make(folder, 5, 1, 0.0)
        assert [number for number, _ in told(folder, "makes")] == wanted


def test_what_a_killed_process_was_making_is_made_by_another(tmp_path):
    with started(1, make, tmp_path, 3, 1, 60.0) as (slow,):
        wait(lambda: len(told(tmp_path, "begins")) == 1)
        with started(1, make, tmp_path, 3, 1, 0.0) as (quick,):
            wait(lambda: len(told(tmp_path, "makes")) == 2)
            assert missing(tmp_path, 3) == [0]  # which the first still has
            time.sleep(0.1)
            assert quick.is_alive()
            slow.kill()
            assert exit_codes([quick]) == [0]
    assert missing(tmp_path, 3) == []
    assert told(tmp_path, "begins") == [(0, slow.pid), (1, quick.pid), (2, quick.pid), (0, quick.pid)]


def test_waiting_is_told_of(tmp_path):
    heard = []

    def hear(count: int) -> None:
        heard.append(count)
        other.kill()

    with started(1, make, tmp_path, 2, 2, 60.0) as (other,):
        wait(lambda: len(told(tmp_path, "begins")) == 2)
        for numbers in claims.unmade(tmp_path, lambda: missing(tmp_path, 2), 2, hear):
            for number in numbers:
                (tmp_path / str(number)).touch()
    assert heard
    assert set(heard) == {2}


def test_nothing_missing_touches_nothing(tmp_path):
    assert list(claims.unmade(tmp_path / "none", list)) == []
    assert not (tmp_path / "none").exists()


def test_without_locks_all_is_made_all_the_same(tmp_path, monkeypatch):
    import fcntl

    def refuse(*arguments: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    make(tmp_path, 3, 2, 0.0)
    assert missing(tmp_path, 3) == []


def test_a_folder_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileAccess, match=r"cannot write in the folder .*file"):
        next(claims.unmade(tmp_path / "file", lambda: [0]))
