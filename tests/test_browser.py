"""The page that `nsdc report` writes, and docs/viewer.html, in a real browser."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, Browser

from nsdcodec import NSDDataset
from nsdcodec.report.beside import Beside, Log
from nsdcodec.report.page import report

ROOT = Path(__file__).parents[1]
VECTORS = ROOT / "spec/vectors"
ZOO = ROOT / "zoo/cifar10-ipc1-cpu.nsd"
VIEWER = ROOT / "docs/viewer.html"
DRAWN = "document.querySelector('.classes')?.getAttribute('aria-busy') === 'false'"
TILES = """
[...document.querySelectorAll('.tile')].map((tile) => {
  const canvas = tile.querySelector('canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return [Number(tile.dataset.image), btoa(String.fromCharCode(...data))];
})
"""
FOCUSED = "Number(document.activeElement.dataset.image)"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (Debian package chromium)")


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    log = Log(((1, 9.0), (2, 4.0), (3, 5.0)), ((1, 0.3), (3, 0.45)), "3 iterations.")
    evaluation = {"net": "convnet3", "mean": 0.518, "deviation": 0.001, "networks": 3, "source": "cifar10"}
    published = (
        {"method": "A <i>method</i>", "bits": 98_304, "accuracy": 0.685, "origin": "a paper"},
        {"method": "Another", "bits": 983_040, "accuracy": 0.42, "origin": "a second paper"},
    )
    beside = Beside(log, (evaluation | {"test_images": 10_000},), published)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report(ZOO.read_bytes(), "<b>c10.nsd", beside), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, page) -> Browser:
    browser.open(page)
    browser.wait(DRAWN)
    return browser


def text(browser: Browser) -> str:
    found: str = browser.evaluate("document.querySelector('main').innerText")
    return found


def test_images_are_those_of_decode_and_nothing_leaves_the_page(opened):
    pixels = NSDDataset(ZOO).exact_pixels(range(220)).numpy()
    tiles = opened.evaluate(TILES)
    assert [n for n, _ in tiles] == list(range(220))
    for n, data in tiles:
        rgba = np.frombuffer(base64.b64decode(data), np.uint8).reshape(32, 32, 4)
        np.testing.assert_array_equal(rgba[..., :3].transpose(2, 0, 1), pixels[n], err_msg=f"image {n}")
    assert opened.problems == []
    assert {url.partition(":")[0] for url in opened.requests} == {"file", "data"}
    assert sum(url.startswith("file:") for url in opened.requests) == 1


def test_it_says_what_stands_in_the_file_and_beside_it(opened):
    shown = text(opened)
    assert shown.startswith("<b>c10.nsd\n")
    for part in ("56,424", "51.8 % ± 0.1", "10,000 of cifar10", "3 iterations.", "5133203c71cc2487", "30 slices"):
        assert part in shown, part
    assert opened.evaluate("document.querySelectorAll('#making svg polyline').length") == 2
    assert opened.evaluate("document.querySelectorAll('#arrays canvas').length") == 5


def test_the_file_stands_beside_published_figures(opened):
    places = """
    (() => {
      const at = (circle) => ['cx', 'cy'].map((name) => Number(circle.getAttribute(name)));
      const figure = document.querySelector('#results svg');
      return [[...figure.querySelectorAll('.hollow')].map(at), [...figure.querySelectorAll('.best')].map(at)];
    })()
    """
    (one, other), (own,) = opened.evaluate(places)
    # To the right are more bits, and above is more accuracy: 45,139 bits and 51.8 % are those of the file.
    assert own[0] < one[0] < other[0]
    assert one[1] < own[1] < other[1]
    # By the logarithm of the bits.
    step = np.log2(98_304 / 45_139.2)
    assert (one[0] - own[0]) / (other[0] - one[0]) == pytest.approx(step / np.log2(10), rel=0.02)
    titles = opened.evaluate("[...document.querySelectorAll('#results title')].map((title) => title.textContent)")
    assert "A <i>method</i>: 68.5 % at 98,304 bits a class" in titles
    assert "this file: 51.8 % at 45,139 bits a class" in titles
    assert opened.evaluate("document.querySelectorAll('#results details tbody tr').length") == 2
    assert opened.problems == []


def test_the_sum_of_all_slices_is_the_image(opened):
    pair = """
    (() => {
      const slider = document.querySelector('#how-many');
      slider.value = VALUE;
      slider.dispatchEvent(new Event('input'));
      return [...document.querySelectorAll('.sum canvas')].map((canvas) =>
        [...canvas.getContext('2d').getImageData(0, 0, 32, 32).data]);
    })()
    """
    whole, every = opened.evaluate(pair.replace("VALUE", "100"))
    assert np.abs(np.subtract(whole, every)).max() <= 1
    whole, first = opened.evaluate(pair.replace("VALUE", "0"))
    assert np.abs(np.subtract(whole, first)).mean() > 10


def test_a_class_is_chosen_by_the_filter(opened):
    choose = "(() => { const s = document.querySelector('#class-filter'); s.value = VALUE;"
    choose += " s.dispatchEvent(new Event('change')); })()"
    opened.evaluate(choose.replace("VALUE", "'3'"))
    opened.wait(DRAWN)
    assert opened.evaluate("[...document.querySelectorAll('.class h3')].map((h) => h.textContent)") == ["cat"]
    labels = NSDDataset(ZOO).hard_labels.tolist()
    shown = opened.evaluate("[...document.querySelectorAll('.tile')].map((tile) => Number(tile.dataset.image))")
    assert shown == [n for n, label in enumerate(labels) if label == 3]
    opened.evaluate(choose.replace("VALUE", "''"))
    opened.wait(DRAWN)
    assert opened.evaluate("document.querySelectorAll('.tile').length") == 220


def test_keys_move_enlarge_and_close(opened):
    opened.evaluate("document.querySelector('#class-filter').focus()")
    opened.press("Tab")
    assert opened.evaluate(FOCUSED) == 0
    for key, wanted in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 219), ("Home", 0)):
        opened.press(key)
        assert opened.evaluate(FOCUSED) == wanted, key
    opened.press("ArrowRight")
    opened.press("ArrowDown")  # the second line of the first class, which is shorter
    below = opened.evaluate(FOCUSED)
    assert 1 < below < 22
    opened.press("ArrowUp")
    assert opened.evaluate(FOCUSED) == 1
    opened.press("Enter")
    caption = "document.querySelector('dialog[open] .caption')?.textContent"
    assert opened.evaluate(caption) == "airplane · image 1 of 220"
    opened.press("ArrowRight")
    assert opened.evaluate(caption) == "airplane · image 2 of 220"
    opened.press("Escape")
    assert opened.evaluate("document.querySelector('dialog[open]') === null")
    assert opened.evaluate(FOCUSED) == 1


def test_an_image_grows_under_the_pointer(opened):
    tile = "document.querySelector('.tile').getBoundingClientRect()"
    before = opened.evaluate(f"{tile}.width")
    left, top = opened.evaluate(f"[{tile}.left + 5, {tile}.top + 5]")
    opened.call("Input.dispatchMouseEvent", type="mouseMoved", x=left, y=top)
    opened.wait(f"{tile}.width > {2 * before}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_both_schemes(browser, page, scheme):
    browser.open(page, width=360, height=740, scheme=scheme)
    browser.wait(DRAWN)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    red = int(browser.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]"))
    assert red > 240 if scheme == "light" else red < 40
    assert browser.problems == []


def test_soft_labels_are_bars(browser, tmp_path):
    file = VECTORS / "nsd-soft-labels.nsd"
    path = tmp_path / "report.html"
    path.write_text(report(file.read_bytes(), file.name, Beside()), encoding="utf-8")
    browser.open(path)
    browser.wait(DRAWN)
    shown = browser.evaluate("[...document.querySelectorAll('#composition .bars .number')].map((n) => n.textContent)")
    likeliest = sorted(NSDDataset(file).labels[0].tolist(), reverse=True)
    np.testing.assert_allclose([float(share.split()[0]) for share in shown], np.multiply(likeliest, 100), atol=0.06)


class TestViewer:
    def show(self, browser: Browser, file: Path) -> str:
        browser.choose("#choose", file)
        browser.wait(f"document.title.startsWith({json.dumps(file.name)})")
        browser.wait("document.querySelector('main').getAttribute('aria-busy') === 'false'")
        return text(browser)

    def test_a_chosen_file_is_shown_and_then_another(self, browser):
        browser.open(VIEWER)
        introduced = "document.querySelector('.intro').checkVisibility()"
        assert browser.evaluate(introduced)
        assert "56,424" in self.show(browser, ZOO)
        assert not browser.evaluate(introduced)
        assert "How it was made" not in text(browser)
        shown = self.show(browser, VECTORS / "idc.nsd")
        assert "Nothing is mixed" in shown
        assert browser.evaluate("document.querySelectorAll('main h1').length") == 1
        assert browser.problems == []
        assert {url.partition(":")[0] for url in browser.requests} == {"file", "data"}

    def test_a_dropped_file_is_shown(self, browser):
        browser.open(VIEWER)
        drop = """
        (() => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(atob(BASE64), (c) => c.charCodeAt(0))], 'dropped.nsd'));
          dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));
        })()
        """
        file = base64.b64encode((VECTORS / "dct.nsd").read_bytes()).decode()
        browser.evaluate(drop.replace("BASE64", json.dumps(file)))
        browser.wait("document.title.startsWith('dropped.nsd')")
        browser.wait(DRAWN)
        assert "An image is a sum of patterns of the basis dct" in text(browser)

    def test_a_malformed_file_is_refused_by_its_rule(self, browser):
        browser.open(VIEWER)
        refused = json.loads((VECTORS / "manifest.json").read_text())["refused"]
        by_error = {vector["error"]: VECTORS / vector["file"] for vector in refused}
        assert len(by_error) > 20
        for error, file in by_error.items():
            if error == "NSD-S04":  # found where the image is made
                continue
            browser.evaluate("document.querySelector('#choose').value = ''")
            shown = self.show(browser, file)
            assert error in shown, file
            (first, *_) = browser.evaluate("[...document.querySelectorAll('.refusal a')].map((a) => a.href)")
            assert Path(first.removeprefix("file://")).resolve().is_file(), first
        assert browser.problems == []

    def test_an_image_that_overflows_is_refused_too(self, browser):
        browser.open(VIEWER)
        refused = json.loads((VECTORS / "manifest.json").read_text())["refused"]
        (file, *_) = [VECTORS / vector["file"] for vector in refused if vector["error"] == "NSD-S04"]
        assert "NSD-S04" in self.show(browser, file)
        browser.wait("!document.querySelector('.classes')")
        assert browser.problems == []
