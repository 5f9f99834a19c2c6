"""Writing whole: killed at each step, out of space, or refused, the old file stands or the new one, never half."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from builders import fresh_python

from nsdcodec.errors import FileAccess
from nsdcodec.system import atomic

OLD, NEW = b"old" * 1000, b"new, and longer" * 100_000

# Writes NEW to argv[1] and kills itself with SIGKILL at the named call, before it or after it; "half" is in the write.
KILLED = """
import os, signal, sys
from nsdcodec.system import atomic
target, name, count, when = sys.argv[1:]
real, calls = getattr(os, name), []
def die():
    os.kill(os.getpid(), signal.SIGKILL)
class Half:
    def __init__(self, file): self.file = file
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def write(self, data):
        self.file.write(data[: len(data) // 2]); self.file.flush(); die()
def call(*arguments, **options):
    calls.append(name)
    if len(calls) != int(count):
        return real(*arguments, **options)
    if when == "before":
        die()
    result = real(*arguments, **options)
    if when == "half":
        return Half(result)
    die()
setattr(os, name, call)
atomic.write(target, b"new, and longer" * 100_000)
"""

# (call, how many times it was made, when, which file stands then)
STEPS = [
    ("open", 1, "before", OLD),
    ("open", 1, "after", OLD),
    ("fdopen", 1, "before", OLD),
    ("fdopen", 1, "half", OLD),
    ("fsync", 1, "before", OLD),
    ("fsync", 1, "after", OLD),
    ("replace", 1, "before", OLD),
    ("replace", 1, "after", NEW),
    ("open", 2, "before", NEW),
    ("fsync", 2, "before", NEW),
    ("fsync", 2, "after", NEW),
]


@pytest.mark.parametrize(("call", "count", "when", "stands"), STEPS)
@pytest.mark.parametrize("existing", [True, False])
def test_a_kill_leaves_the_old_file_or_the_new(tmp_path, call, count, when, stands, existing):
    target = tmp_path / "a.nsd"
    if existing:
        target.write_bytes(OLD)
    run = fresh_python(KILLED, str(target), call, str(count), when)
    assert run.returncode == -signal.SIGKILL, run.stderr
    if stands is OLD and not existing:
        assert not target.exists()
    else:
        assert target.read_bytes() == stands
    atomic.write(target, NEW)
    assert target.read_bytes() == NEW
    assert os.listdir(tmp_path) == ["a.nsd"]


def test_a_write_replaces_the_file_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "a.nsd"
    for data in (OLD, NEW, b""):
        atomic.write(target, data)
        assert target.read_bytes() == data
        assert os.listdir(tmp_path) == ["a.nsd"]


class _Full:
    """A file that takes half of the bytes and is then out of space."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _no_space(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["fdopen", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, step):
    target = tmp_path / "a.nsd"
    target.write_bytes(OLD)
    real = os.fdopen
    broken = (lambda *arguments: _Full(real(*arguments))) if step == "fdopen" else _no_space
    monkeypatch.setattr(os, step, broken)
    with pytest.raises(FileAccess, match=r"1,500,000 bytes\): No space left on device; what stood there is unchanged"):
        atomic.write(target, NEW)
    assert target.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["a.nsd"]


def test_an_interrupt_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    target = tmp_path / "a.nsd"
    target.write_bytes(OLD)
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic.write(target, NEW)
    assert target.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["a.nsd"]


def test_a_failed_sync_of_the_folder_says_that_the_new_file_stands(tmp_path, monkeypatch):
    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    target = tmp_path / "a.nsd"
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(FileAccess, match="the new file stands there"):
        atomic.write(target, NEW)
    assert target.read_bytes() == NEW
    assert os.listdir(tmp_path) == ["a.nsd"]


def test_a_real_limit_on_the_file_size_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "a.nsd"
    target.write_bytes(OLD)
    run = fresh_python(
        """
import resource, signal, sys
from nsdcodec.system import atomic
from nsdcodec.errors import FileAccess
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    atomic.write(sys.argv[1], b"new, and longer" * 100_000)
except FileAccess as error:
    print(error)
""",
        str(target),
    )
    assert "File too large; what stood there is unchanged" in run.stdout, run.stderr
    assert target.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["a.nsd"]


def test_a_folder_is_refused_as_target(tmp_path):
    for check in (lambda path: atomic.write(path, NEW), atomic.check_writable):
        with pytest.raises(FileAccess, match="is a folder"):
            check(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path):
    for check in (lambda path: atomic.write(path, NEW), atomic.check_writable):
        with pytest.raises(FileAccess, match=r"absent does not exist; make it first"):
            check(tmp_path / "absent" / "a.nsd")
    assert os.listdir(tmp_path) == []


def test_a_pipe_or_device_is_refused_and_stays_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for check in (lambda path: atomic.write(path, NEW), atomic.check_writable):
        with pytest.raises(FileAccess, match="a device or a pipe"):
            check(tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_path_that_no_system_takes_is_refused(tmp_path):
    with pytest.raises(FileAccess):
        atomic.write(str(tmp_path / "a\0b"), NEW)


@pytest.mark.parametrize("existing", [True, False])
def test_a_link_is_written_through(tmp_path, existing):
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "a.nsd", tmp_path / "link.nsd"
    if existing:
        real.write_bytes(OLD)
    link.symlink_to(real)
    atomic.write(link, NEW)
    assert link.is_symlink()
    assert not real.is_symlink()
    assert real.read_bytes() == NEW
    assert os.listdir(tmp_path / "elsewhere") == ["a.nsd"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_follows_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        atomic.write(tmp_path / "a.nsd", NEW)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.nsd").stat().st_mode) == mode


@pytest.mark.parametrize("refusal", [errno.EACCES, errno.EROFS])
def test_a_folder_that_refuses_is_file_access_and_the_old_file_stands(tmp_path, monkeypatch, refusal):
    real = os.open

    def refuse(path, flags, *rest):
        if flags & os.O_CREAT:
            raise OSError(refusal, os.strerror(refusal))
        return real(path, flags, *rest)

    target = tmp_path / "a.nsd"
    target.write_bytes(OLD)
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileAccess, match=f"{os.strerror(refusal)}; what stood there is unchanged"):
        atomic.write(target, NEW)
    with pytest.raises(FileAccess, match="no permission to write in"):
        atomic.check_writable(target)
    assert target.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["a.nsd"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FileAccess, match="no permission"):
            atomic.check_writable(tmp_path / "a.nsd")
        with pytest.raises(FileAccess, match="Permission denied"):
            atomic.write(tmp_path / "a.nsd", NEW)
    finally:
        tmp_path.chmod(0o700)


def test_checking_a_target_writes_nothing(tmp_path):
    target = tmp_path / "a.nsd"
    atomic.check_writable(target)
    assert os.listdir(tmp_path) == []
    target.write_bytes(OLD)
    atomic.check_writable(target)
    assert target.read_bytes() == OLD


def test_a_loop_of_links_is_refused_and_stays(tmp_path):
    (tmp_path / "a.nsd").symlink_to("b.nsd")
    (tmp_path / "b.nsd").symlink_to("a.nsd")
    for check in (lambda path: atomic.write(path, NEW), atomic.check_writable):
        with pytest.raises(FileAccess, match="leads back to itself"):
            check(tmp_path / "a.nsd")
        with pytest.raises(FileAccess):
            check(tmp_path / "a.nsd" / "c.nsd")
    assert sorted(os.listdir(tmp_path)) == ["a.nsd", "b.nsd"]
    assert (tmp_path / "a.nsd").is_symlink()


def test_a_link_into_a_folder_that_is_missing_is_refused_by_that_folder(tmp_path):
    (tmp_path / "a.nsd").symlink_to(tmp_path / "absent" / "b.nsd")
    for check in (lambda path: atomic.write(path, NEW), atomic.check_writable):
        with pytest.raises(FileAccess, match=r"absent does not exist; make it first"):
            check(tmp_path / "a.nsd")
    assert os.listdir(tmp_path) == ["a.nsd"]


def test_the_temporary_is_made_in_the_folder_that_a_link_leads_to(tmp_path, monkeypatch):
    # That folder may be on another mount, from where no rename would lead back.
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "here" / "a.nsd").symlink_to(tmp_path / "there" / "a.nsd")
    renamed = []
    real = os.replace
    monkeypatch.setattr(
        os, "replace", lambda source, to: (renamed.append((source.parent, to.parent)), real(source, to))
    )
    atomic.write(tmp_path / "here" / "a.nsd", NEW)
    assert renamed == [(tmp_path / "there", tmp_path / "there")]


def test_a_folder_put_in_the_targets_place_meanwhile_is_file_access(tmp_path, monkeypatch):
    target, real = tmp_path / "a.nsd", os.fsync

    def fsync(descriptor):
        real(descriptor)
        if not target.exists():
            target.mkdir()

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(FileAccess, match="Is a directory; what stood there is unchanged"):
        atomic.write(target, NEW)
    assert os.listdir(tmp_path) == ["a.nsd"]
    assert os.listdir(target) == []


@pytest.mark.parametrize("name", ["n" * 255, "n" * 242, "é" * 127, "\udcff" * 255], ids=len)
def test_the_longest_name_that_the_system_takes_is_written(tmp_path, name):
    atomic.write(tmp_path / name, NEW)
    assert (tmp_path / name).read_bytes() == NEW
    assert os.listdir(tmp_path) == [name]


def test_a_name_too_long_for_the_system_is_file_access(tmp_path):
    for check in (lambda path: atomic.write(path, NEW), atomic.check_writable):
        with pytest.raises(FileAccess, match="File name too long"):
            check(tmp_path / ("n" * 256))
    assert os.listdir(tmp_path) == []


# Several writers, and what killed ones leave.

# Holds a write to argv[1] open after its first half, says so, and waits to be killed.
HANGING = """
import os, sys, time
from nsdcodec.system import atomic
def fsync(_):
    print("written", flush=True)
    time.sleep(100)
os.fsync = fsync
atomic.write(sys.argv[1], b"half")
"""
# Writes version argv[2] of the file, of that many thousand bytes, until the file argv[3] is there.
REPEATED = """
import os, sys
from nsdcodec.system import atomic
while not os.path.exists(sys.argv[3]):
    atomic.write(sys.argv[1], bytes([int(sys.argv[2])]) * (1000 * int(sys.argv[2])))
"""


def _started(code, *arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE)


def test_a_later_write_removes_what_a_killed_one_left_but_not_what_a_living_one_holds(tmp_path):
    target = tmp_path / "a.nsd"
    writers = [_started(HANGING, str(target)) for _ in range(2)]
    try:
        assert [writer.stdout.readline() for writer in writers] == [b"written\n"] * 2
        temporaries = set(os.listdir(tmp_path))
        assert len(temporaries) == 2
        writers[0].send_signal(signal.SIGKILL)
        writers[0].wait()
        assert set(os.listdir(tmp_path)) == temporaries
        atomic.write(target, NEW)
        left = set(os.listdir(tmp_path)) - {"a.nsd"}
        assert len(left) == 1
        assert left < temporaries
        writers[1].send_signal(signal.SIGKILL)
        writers[1].wait()
        atomic.write(target, OLD)
        assert os.listdir(tmp_path) == ["a.nsd"]
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


def test_only_temporaries_of_the_same_target_are_removed(tmp_path):
    others = [
        ".b.nsd.01234567.tmp",
        "a.nsd.01234567.tmp",
        ".a.nsd.0123456.tmp",
        ".a.nsd.0123456g.tmp",
        ".a.nsd.01234567.tmp2",
        ".aXnsd.01234567.tmp",
    ]
    for name in [*others, ".a.nsd.01234567.tmp"]:
        (tmp_path / name).write_bytes(OLD)
    (tmp_path / ".a.nsd.aaaaaaaa.tmp").symlink_to(tmp_path / others[0])
    (tmp_path / ".a.nsd.bbbbbbbb.tmp").mkdir()
    os.mkfifo(tmp_path / ".a.nsd.cccccccc.tmp")
    atomic.write(tmp_path / "a.nsd", NEW)
    kept = {"a.nsd", *others, ".a.nsd.aaaaaaaa.tmp", ".a.nsd.bbbbbbbb.tmp", ".a.nsd.cccccccc.tmp"}
    assert set(os.listdir(tmp_path)) == kept


def test_a_temporary_taken_for_a_leftover_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    real, taken = atomic._lock, []

    def late(descriptor, wait):
        if not taken:
            taken.extend(os.listdir(tmp_path))
            (tmp_path / taken[0]).unlink()
        real(descriptor, wait)

    monkeypatch.setattr(atomic, "_lock", late)
    atomic.write(tmp_path / "a.nsd", NEW)
    assert len(taken) == 1
    assert (tmp_path / "a.nsd").read_bytes() == NEW
    assert os.listdir(tmp_path) == ["a.nsd"]


def test_a_file_system_without_locks_is_written_to_and_keeps_its_leftovers(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    (tmp_path / ".a.nsd.01234567.tmp").write_bytes(OLD)
    monkeypatch.setattr(atomic, "_lock", refuse)
    atomic.write(tmp_path / "a.nsd", NEW)
    assert (tmp_path / "a.nsd").read_bytes() == NEW
    assert sorted(os.listdir(tmp_path)) == [".a.nsd.01234567.tmp", "a.nsd"]


def test_writers_at_the_same_time_never_show_a_reader_a_mixture(tmp_path):
    (tmp_path / "folder").mkdir()
    target, stop = tmp_path / "folder" / "a.nsd", tmp_path / "stop"
    atomic.write(target, b"\1" * 1000)
    writers = [_started(REPEATED, str(target), str(version), str(stop)) for version in (50, 100, 200)]
    try:
        seen, reads, end = set(), 0, time.monotonic() + 60
        while (reads < 500 or len(seen - {1}) < 3) and time.monotonic() < end:
            data = target.read_bytes()
            assert data == data[:1] * (1000 * data[0])
            seen.add(data[0])
            reads += 1
    finally:
        stop.touch()
        assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
        for writer in writers:
            writer.communicate()
    assert seen >= {50, 100, 200}
    assert os.listdir(target.parent) == ["a.nsd"]
