"""The data card, and pushing it with files through the real client to a stand-in for the hub on this machine."""

from __future__ import annotations

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from builders import LAYOUTS, arrays_for, file_of, fresh_python, header_for

from nsdcodec import read
from nsdcodec.errors import FileAccess, InvalidSetting, MalformedFile, MissingData
from nsdcodec.export.card import Accuracy, card
from nsdcodec.export.hub import Push
from nsdcodec.format.container.file import pack

hub = pytest.importorskip("huggingface_hub")
constants = pytest.importorskip("huggingface_hub.constants")

PROVENANCE = {"source": "cifar10 0123456789abcdef", "encoder": "nsdcodec 0.1.0", "recipe": "cpu", "set": ["a=1"]}
GOOD = file_of("pixels", provenance=PROVENANCE)
TESTED = Accuracy("c10.nsd", len(GOOD), "convnet", 0.518, 0.0012, 3, "cifar10", 10_000)


class Hub(BaseHTTPRequestHandler):
    """The four calls of the hub that a commit of small files makes. `server.seen` has what came."""

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers.get("Authorization"), body))
        if self.server.refuses == self.path:
            return self._answer({"error": "You are not allowed to"}, 403)
        if self.path == "/api/repos/create":
            return self._answer({"url": f"{self.server.url}/datasets/user/toy"}, 409 if self.server.there else 200)
        if self.path == "/api/validate-yaml":
            return self._answer({"errors": [], "warnings": []})
        if self.path == "/api/datasets/user/toy/preupload/main":
            files = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in files]
            return self._answer({"files": modes})
        if self.path == "/api/datasets/user/toy/commit/main":
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            return self._answer({"commitUrl": f"{self.server.url}/datasets/user/toy/commit/1", "commitOid": "1" * 40})
        return self._answer({"error": "not a call of this stand-in"}, 404)

    def do_GET(self):  # what the client asks where it may not create: is the data set there?
        self._answer({"error": "Repository not found"}, 404)

    def _answer(self, document, status=200):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.seen, server.files, server.refuses, server.there = [], {}, "", False
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_token_of_the_test")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "c10.nsd"
    path.write_bytes(GOOD)
    return path


class TestPush:
    def test_file_and_card_arrive_in_one_commit(self, server, file):
        job = Push((file,), "user/toy", "mit", (TESTED,))
        assert job.run() == f"{server.url}/datasets/user/toy"
        assert server.files == {"c10.nsd": GOOD, "README.md": job.card.encode()}
        assert [path for path, *_ in server.seen].count("/api/datasets/user/toy/commit/main") == 1
        assert {token for _, token, _ in server.seen} == {"Bearer hf_token_of_the_test"}

    @pytest.mark.parametrize("private", [False, True])
    def test_the_data_set_is_made_as_told(self, server, file, private):
        Push((file,), "user/toy", private=private).run()
        asked = next(json.loads(body) for path, _, body in server.seen if path == "/api/repos/create")
        assert (asked["organization"], asked["name"], asked["type"]) == ("user", "toy", "dataset")
        # Versions of the client say it in either way.
        told = asked.get("visibility") == "private" or asked.get("private") is True
        assert told is private

    def test_one_that_is_there_is_added_to(self, server, file):
        server.there = True
        Push((file,), "user/toy", with_card=False).run()
        assert server.files == {"c10.nsd": GOOD}

    @pytest.mark.parametrize("call", ["/api/repos/create", "/api/datasets/user/toy/commit/main"])
    def test_a_refusal_is_told_with_the_remedy(self, server, file, call):
        server.refuses = call
        with pytest.raises(FileAccess, match=r"cannot push to user/toy .*hf auth login") as caught:
            Push((file,), "user/toy").run()
        assert "hf_token_of_the_test" not in str(caught.value)
        assert server.files == {}

    def test_a_hub_that_is_not_reached_is_told(self, server, file, monkeypatch):
        def unreachable(*_, **__):
            raise ConnectionError("no route to host")

        monkeypatch.setattr(hub.HfApi, "create_repo", unreachable)
        with pytest.raises(FileAccess, match=r"cannot push to user/toy \(no route to host\)"):
            Push((file,), "user/toy").run()

    @pytest.mark.parametrize("name", ["toy", "a/b/c", "a b/c", "https://huggingface.co/a/b", "", "-a/b"])
    def test_a_name_that_the_hub_does_not_take_is_refused(self, file, name):
        with pytest.raises(InvalidSetting, match="USER/NAME"):
            Push((file,), name)

    def test_files_are_checked_before_anything_is_pushed(self, server, file, tmp_path):
        file.write_bytes(GOOD[:-1])
        with pytest.raises(MalformedFile):
            Push((file,), "user/toy")
        with pytest.raises(FileAccess, match=r"missing\.nsd"):
            Push((tmp_path / "missing.nsd",), "user/toy")
        assert server.seen == []

    def test_two_files_of_one_name_and_names_that_urls_do_not_take_are_refused(self, file, tmp_path):
        (tmp_path / "more").mkdir()
        for name in ("more/c10.nsd", "a?b.nsd", "c10.safetensors"):
            (tmp_path / name).write_bytes(GOOD)
        with pytest.raises(InvalidSetting, match="2 files of 1 names"):
            Push((file, tmp_path / "more" / "c10.nsd"), "user/toy")
        for name in ("a?b.nsd", "c10.safetensors"):
            with pytest.raises(InvalidSetting, match="rename it"):
                Push((tmp_path / name,), "user/toy")

    def test_without_the_client_the_error_says_what_to_install(self, file, monkeypatch):
        monkeypatch.setitem(sys.modules, "huggingface_hub", None)
        with pytest.raises(MissingData, match=r"pip install nsdcodec\[hub\]"):
            Push((file,), "user/toy").run()


class TestCard:
    def test_the_hubs_own_reader_finds_the_front_matter(self):
        data = hub.DatasetCard(card("user/toy: 1", {"c10.nsd": read(GOOD)}, "cc-by-4.0")).data.to_dict()
        assert data == {
            "license": "cc-by-4.0",
            "pretty_name": "toy: 1",
            "task_categories": ["image-classification"],
            "tags": ["dataset-distillation", "nsdcodec"],
            "size_categories": ["n<1K"],
            "viewer": False,
        }

    def test_it_says_what_the_files_are(self):
        other = read(file_of("soft labels"))
        text = card("user/toy", {"c10.nsd": read(GOOD), "soft.nsd": other})
        bits = 8 * len(GOOD) / 3
        assert f"| c10.nsd | {len(GOOD):,} | {bits:,.0f} | 5 | 3 | 2 x 4 x 8 | nsd | 320 |" in text
        assert f"| soft.nsd | {other.nbytes:,} |" in text
        assert 'NSDDataset("hf://datasets/user/toy/c10.nsd")' in text
        assert "class 0, class 1, class 2" in text
        assert text.count("class 0, class 1, class 2") == 1
        assert read(GOOD).digest in text

    def test_it_says_how_they_were_made_and_how_to_train(self):
        text = card("user/toy", {"c10.nsd": read(GOOD)})
        assert "- source: cifar10 0123456789abcdef\n" in text
        assert r'- set: \["a=1"\]' in text
        assert "7 epochs of SGD 0.0123, momentum 0.9" in text
        assert "mean 0.5 0.25, deviation 0.25 0.5" in text
        assert "nsdc eval hf://datasets/user/toy/c10.nsd cifar10" in text

    def test_accuracies_are_lines_and_rows(self):
        text = card("user/toy", {"c10.nsd": read(GOOD)}, accuracies=["51.8 % ± 0.1 ConvNet3, 3 networks", TESTED])
        assert "- 51.8 % ± 0.1 ConvNet3, 3 networks\n" in text
        assert "| c10.nsd | convnet | 51.8% ± 0.1 | 3 | cifar10, 10,000 |" in text
        assert "Accuracy" not in card("user/toy", {"c10.nsd": read(GOOD)})

    def test_an_accuracy_of_another_file_is_refused(self):
        with pytest.raises(InvalidSetting, match=r"of c10\.nsd, which is not among other\.nsd"):
            card("user/toy", {"other.nsd": read(GOOD)}, accuracies=[TESTED])
        with pytest.raises(InvalidSetting, match=r"this one has [\d,]+: evaluate"):
            card("user/toy", {"c10.nsd": read(file_of("soft labels"))}, accuracies=[TESTED])

    def test_licences_of_the_file_and_of_the_real_images_are_told_apart(self):
        files = {"c10.nsd": read(GOOD)}
        assert "stated no licence" in card("user/toy", files)
        assert "licence of these files is mit" in card("user/toy", files, "mit")
        assert "CIFAR-10 is published without a licence" in card("user/toy", files, "mit")
        unknown = {"a.nsd": read(file_of("pixels", provenance={"source": "my set 0123456789abcdef"}))}
        assert "- my set: the terms of the real images are not known" in card("user/toy", unknown)
        assert "- The source: the terms" in card("user/toy", {"a.nsd": read(file_of("pixels", provenance={}))})
        with pytest.raises(InvalidSetting, match="no identifier"):
            card("user/toy", files, "MIT\ntags: x")

    def test_texts_of_a_file_cannot_become_markdown(self):
        layout = LAYOUTS["pixels"]
        names = ("a | b", "[x](http://bad)\n# big", "<script>")
        header = header_for(layout, classes=names, provenance={"a\n\n# b": "`c`"})
        text = card("user/toy", {"a.nsd": read(pack(header, arrays_for(layout)))})
        assert r"a \| b, \[x\](http://bad) \# big, \<script\>" in text
        assert r"- a  \# b: \`c\`" in text

    def test_of_many_classes_a_hundred_are_named(self):
        layout = LAYOUTS["halves"]
        assert "more" not in card("user/toy", {"a.nsd": read(file_of("halves"))}).split("## Classes")[1].split("##")[0]
        from dataclasses import replace

        many = replace(layout, geometry=replace(layout.geometry, classes=150))
        text = card("user/toy", {"a.nsd": read(pack(header_for(many), arrays_for(many)))})
        assert "class 99, and 50 more" in text
        assert "class 100" not in text

    def test_it_needs_neither_torch_nor_the_client(self, tmp_path):
        (tmp_path / "a.nsd").write_bytes(GOOD)
        code = "import sys; from nsdcodec import read; from nsdcodec.export.card import card\n"
        code += "text = card('u/n', {'a.nsd': read(sys.argv[1])})\n"
        code += "print('hf://datasets/u/n/a.nsd' in text, {'torch', 'huggingface_hub'} & set(sys.modules))"
        run = fresh_python(code, str(tmp_path / "a.nsd"))
        assert run.stdout == "True set()\n", run.stderr


class TestReading:
    def test_the_clients_own_file_system_reads_hf_urls(self, server, monkeypatch):
        """fsspec's `hf` is huggingface_hub's; here its answers are of this test."""
        fsspec = pytest.importorskip("fsspec")
        found = fsspec.get_filesystem_class("hf")
        assert found.__module__.startswith("huggingface_hub")
        asked = []

        def info(self, path, **options):
            asked.append(path)
            return {"name": path, "size": len(GOOD), "type": "file"}

        def opened(self, path, mode="rb", **options):
            import io

            asked.append(path)
            return io.BytesIO(GOOD)

        monkeypatch.setattr(found, "info", info)
        monkeypatch.setattr(found, "open", opened)
        assert read("hf://datasets/user/toy/c10.nsd").digest == read(GOOD).digest
        assert set(asked) == {"datasets/user/toy/c10.nsd"}
