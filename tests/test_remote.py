"""Files by URL: fsspec's memory and a fake hub, and a server of this machine that lies, trickles and never ends.

No test reaches beyond 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from builders import file_of, fresh_python

from nsdcodec import NSDDataset, read
from nsdcodec.errors import FileAccess, MalformedFile, MissingData, UnknownName
from nsdcodec.format.container import contents, remote, stream

fsspec = pytest.importorskip("fsspec")
registry = pytest.importorskip("fsspec.registry")._registry
pytest.importorskip("aiohttp")

GOOD = file_of("pixels")
VECTOR = Path(__file__).parent.parent / "spec" / "vectors" / "pixel.nsd"


class Answers(BaseHTTPRequestHandler):
    """A path is a way to answer. `server.seen` lists the requests, `server.sent` counts the bytes of bodies."""

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.server.seen.append(f"HEAD {self.path}")
        self._answer(body=False)

    def do_GET(self):
        self.server.seen.append(f"GET {self.path}")
        self._answer(body=True)

    def _answer(self, body):
        with contextlib.suppress(OSError):  # the client has gone, as it should
            getattr(self, "_" + self.path.partition("?")[0].strip("/").replace("-", "_"))(body)

    def _send(self, data):
        self.wfile.write(data)
        self.server.sent += len(data)

    def _begin(self, status=200, length=None, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _good(self, body):
        self._begin(length=len(GOOD))
        if body:
            self._send(GOOD)

    def _without_size(self, body):
        self._begin()
        if body:
            self._send(GOOD)

    def _no_head(self, body):
        self._good(True) if body else self._begin(405, 0)

    def _redirect(self, body):
        self._begin(302, 0, Location="/good")

    def _missing(self, body):
        self._begin(404, 0)

    def _forbidden(self, body):
        self._begin(403, 0)

    def _guarded(self, body):
        self._good(body) if self.headers.get("Authorization") == "Basic dTpwdw==" else self._begin(401, 0)  # u:pw

    def _huge(self, body):
        self._begin(length=1 << 40)
        if body:
            self._send(bytes(1 << 16))

    def _cut_short(self, body):
        self._begin(length=len(GOOD) + 100)
        if body:
            self._send(GOOD)

    def _endless(self, body):
        self._begin()
        while body:
            self._send(bytes(1 << 16))

    def _small_then_endless(self, body):
        self._endless(True) if body else self._begin(length=100)

    def _silent(self, body):
        self.server.stop.wait(20)

    def _stalls(self, body):
        self._begin(length=len(GOOD))
        if body:
            self._send(GOOD[:50])
            self.server.stop.wait(20)

    def _trickles(self, body):
        self._begin(length=len(GOOD))
        for i in range(len(GOOD) if body else 0):
            self._send(GOOD[i : i + 1])
            if self.server.stop.wait(0.05):
                return


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads, server.block_on_close = True, False
    server.stop = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def at(server):
    """The URL of a path; what the server counts begins anew."""
    server.seen, server.sent = [], 0
    return lambda path, credentials="": f"http://{credentials}127.0.0.1:{server.server_port}/{path}"


@pytest.fixture
def in_memory():
    memory = fsspec.filesystem("memory")
    memory.pipe("/set.nsd", GOOD)
    yield "memory://set.nsd"
    memory.rm("/set.nsd")


class TestWhatIsAUrl:
    @pytest.mark.parametrize(
        "text", ["https://a/b.nsd", "hf://datasets/u/r/a.nsd", "s3://b/k", "memory://a", "file:///a"]
    )
    def test_a_scheme_makes_one(self, text):
        assert remote.is_url(text)

    @pytest.mark.parametrize(
        "text", ["a.nsd", "C:\\a.nsd", "C:/a.nsd", "C://a.nsd", "x/http://a", "a:b", "http:/a", ""]
    )
    def test_all_else_is_a_path(self, text):
        assert not remote.is_url(text)

    def test_a_path_that_only_holds_one_is_opened_locally(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "memory:").write_bytes(GOOD)
        assert read("memory:").nbytes == len(GOOD)


class TestBackends:
    def test_memory(self, in_memory):
        assert read(in_memory).digest == read(GOOD).digest

    def test_a_data_set(self, in_memory):
        assert len(NSDDataset(in_memory)) == 5

    def test_a_file_url(self, tmp_path):
        (tmp_path / "a b.nsd").write_bytes(GOOD)
        assert read(f"file://{tmp_path}/a b.nsd").nbytes == len(GOOD)

    def test_a_folder_is_refused(self, tmp_path):
        with pytest.raises(FileAccess, match="is a folder"):
            read(f"file://{tmp_path}")

    def test_the_hubs_scheme_goes_to_the_file_system_registered_for_it(self):
        """Not the hub's own: any that is registered under its scheme, in a process of its own."""
        code = """
import io, sys, fsspec, nsdcodec
from fsspec.spec import AbstractFileSystem
asked = []
class Hub(AbstractFileSystem):
    protocol = "hf"
    def info(self, path, **options):
        asked.append(path)
        return {"name": path, "size": len(DATA), "type": "file"}
    def _open(self, path, mode="rb", **options):
        asked.append(path)
        return io.BytesIO(DATA)
DATA = open(sys.argv[1], "rb").read()
fsspec.register_implementation("hf", Hub, clobber=True)
print(nsdcodec.read("hf://datasets/user/set@main/a.nsd").nbytes == len(DATA), set(asked))
"""
        run = fresh_python(code, str(VECTOR))
        assert run.stdout == "True {'datasets/user/set@main/a.nsd'}\n", run.stderr

    def test_an_unknown_scheme_suggests_the_nearest(self):
        with pytest.raises(UnknownName, match="did you mean 'https'"):
            read("htps://host/a.nsd")

    @pytest.mark.parametrize(
        ("blocked", "url", "named"),
        [
            ("fsspec", "https://host/a.nsd", r"nsdcodec\[remote\]"),
            ("aiohttp", "https://host/a.nsd", r"nsdcodec\[remote\]"),
            ("s3fs", "s3://bucket/a.nsd", "s3fs"),
            ("gcsfs", "gs://bucket/a.nsd", "gcsfs"),
            ("huggingface_hub", "hf://datasets/u/r/a.nsd", "huggingface_hub"),
        ],
    )
    def test_a_missing_package_is_named(self, blocked, url, named, monkeypatch):
        for module in [name for name in sys.modules if name.partition(".")[0] == blocked]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, blocked, None)
        # What another test opened, fsspec keeps.
        monkeypatch.delitem(registry, url.partition("://")[0], raising=False)
        with pytest.raises(MissingData, match=named):
            read(url)

    def test_neither_import_nor_a_local_file_loads_fsspec(self):
        code = "import sys, nsdcodec; nsdcodec.read(sys.argv[1]); print({'fsspec', 'aiohttp'} & {*sys.modules})"
        run = fresh_python(code, str(VECTOR))
        assert run.stdout == "set()\n", run.stderr


class TestHttp:
    @pytest.mark.parametrize("path", ["good", "good?token=abc", "without-size", "no-head", "redirect"])
    def test_a_good_file_however_it_is_served(self, at, path):
        assert read(at(path)).digest == read(GOOD).digest

    def test_user_and_password_reach_the_server(self, at):
        assert read(at("guarded", "u:pw@")).nbytes == len(GOOD)

    @pytest.mark.parametrize(("path", "status"), [("missing", "404"), ("forbidden", "403"), ("guarded", "401")])
    def test_a_refusal_names_the_url_and_the_status_and_no_secret(self, at, path, status):
        with pytest.raises(FileAccess, match=rf"127\.0\.0\.1:\d+/{path}\?\.\.\..*{status}") as caught:
            read(at(path + "?signature=SECRET", "anna:PASSWORD@"))
        assert "SECRET" not in str(caught.value)
        assert "PASSWORD" not in str(caught.value)
        # Nor what a traceback would print.
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__

    def test_nobody_listening(self):
        with pytest.raises(FileAccess, match=r"127\.0\.0\.1:9/a\.nsd"):
            read("http://127.0.0.1:9/a.nsd")

    def test_a_stated_size_above_the_limit_is_refused_before_any_download(self, at, server):
        with pytest.raises(MalformedFile, match=r"NSD-F02.*1,099,511,627,776 bytes; the limit is 1,073,741,824"):
            read(at("huge"))
        assert server.seen == ["HEAD /huge"]

    @pytest.mark.parametrize("path", ["endless", "small-then-endless"])
    def test_a_stream_without_end_is_left_at_the_limit(self, at, server, path, monkeypatch):
        monkeypatch.setattr(contents, "MAX_FILE_BYTES", 1 << 20)
        monkeypatch.setattr(stream, "BLOCK_BYTES", 1 << 16)
        with pytest.raises(MalformedFile, match="NSD-F02"):
            read(at(path))
        assert server.sent < 64 << 20  # what the sockets hold, beyond the megabyte that was read

    def test_exactly_the_limit_is_read(self, at, monkeypatch):
        monkeypatch.setattr(contents, "MAX_FILE_BYTES", len(GOOD))
        assert read(at("without-size")).nbytes == len(GOOD)
        monkeypatch.setattr(contents, "MAX_FILE_BYTES", len(GOOD) - 1)
        with pytest.raises(MalformedFile, match="NSD-F02"):
            read(at("without-size"))

    def test_a_body_that_ends_before_its_stated_length(self, at):
        with pytest.raises(FileAccess, match="cut-short"):
            read(at("cut-short"))

    @pytest.mark.parametrize("path", ["silent", "stalls"])
    def test_silence_ends(self, at, path, monkeypatch):
        monkeypatch.setattr(remote, "SILENCE_SECONDS", 0.3)
        with pytest.raises(FileAccess, match=f"{path}: .*[Tt]ime"):
            read(at(path))

    def test_a_trickle_ends(self, at, monkeypatch):
        monkeypatch.setattr(remote, "TOTAL_SECONDS", 0.5)
        with pytest.raises(FileAccess, match=r"trickles: .*[Tt]ime"):
            read(at("trickles"))


class TestWithoutSecrets:
    def test_nor_does_a_backend_that_quotes_the_path_alone(self):
        with pytest.raises(FileAccess) as caught:
            read("memory://anna:PASSWORD@missing.nsd?token=SECRET")
        assert "PASSWORD" not in str(caught.value)
        assert "SECRET" not in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("https://u:p@host/a.nsd", "https://host/a.nsd"),
            ("https://host/a.nsd?token=x&y#z", "https://host/a.nsd?..."),
            ("404, url='https://u@host/a?k=v', again", "404, url='https://host/a?...', again"),
            ("hf://datasets/u/r@main/a.nsd", "hf://datasets/u/r@main/a.nsd"),
            ("zip://a.nsd::https://u:p@host/a.zip?k", "zip://a.nsd::https://host/a.zip?..."),
            ("user@host: what? no URL", "user@host: what? no URL"),
        ],
    )
    def test_leaves_out_credentials_and_queries(self, text, wanted):
        assert remote.without_secrets(text) == wanted


class TestCommands:
    def test_each_that_takes_a_file_takes_a_url(self, at, tmp_path):
        pytest.importorskip("typer")
        from test_cli import nsdc

        assert nsdc("info", at("good"), "--json").json["bytes"] == len(GOOD)
        assert nsdc("verify", at("good"), "--json").code == 0
        assert nsdc("decode", at("good"), "--npz", tmp_path / "all.npz").code == 0
        assert nsdc("diff", at("good"), at("redirect"), "--json").json["identical"] is True
        ran = nsdc("info", at("missing?token=SECRET"))
        assert ran.code == 7
        assert "SECRET" not in ran.err

    def test_eval_too(self, tmp_path):
        pytest.importorskip("typer")
        from test_cli import encode, nsdc

        path = tmp_path / "digits.nsd"
        assert encode(path, "--parameterization", "pixel", "--objective", "none").code == 0
        ran = nsdc("eval", f"file://{path}", "digits", "--networks", 1, "--epochs", 1, "--width", 8, "--device", "cpu")
        assert ran.code == 0
        assert f"file://{path}" in ran.out
