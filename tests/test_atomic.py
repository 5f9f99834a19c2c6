"""Writing whole: killed at each step, out of space, or refused, the old file stands or the new one, never half."""

from __future__ import annotations

import errno
import os
import signal
import stat

import pytest
from builders import fresh_python

from nsdcodec.container import atomic
from nsdcodec.errors import FileAccess

OLD, NEW = b"old" * 1000, b"new, and longer" * 100_000

# Writes NEW to argv[1] and kills itself with SIGKILL at the named call, before it or after it; "half" is in the write.
KILLED = """
import os, signal, sys
from nsdcodec.container import atomic
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
from nsdcodec.container import atomic
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
