"""What a set begins as where a class has fewer real images than that: each once, then again, jittered."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from test_coresets import toy_context

from nsdcodec.encoding.initial_images import jittered, notes, real_images
from nsdcodec.encoding.recipes import CPU
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.stored_types import ArraySpec
from nsdcodec.format.synthesis import balanced_labels

SIZES = (9, 4, 6)


def layout(context, per_class):
    geometry = context.geometry
    shape = (1, geometry.classes * per_class, geometry.channels, geometry.height, geometry.width)
    return Layout(geometry, Synthesis(), {"spectrum": ArraySpec("float32", shape)})


def drawn(context, per_class, init="real", seed=0):
    """Images and labels, as an initial set has them."""
    made = layout(context, per_class)
    labels = balanced_labels(made)
    settings = CPU.with_values([f"init={init}", "coreset.epochs=1"])
    return real_images(settings, made, context, torch.Generator().manual_seed(seed)).draw(labels), labels


def same(image, others):
    return [i for i, other in enumerate(others) if torch.equal(image, other)]


class TestReal:
    @pytest.mark.parametrize("init", ["real", "herding", "forgetting"])
    def test_each_image_comes_once_before_any_comes_again_and_no_two_are_alike(self, init):
        context = toy_context(per_class=SIZES)
        images, labels = drawn(context, 10, init)
        for label, size in enumerate(SIZES):
            own, real = images[labels == label], context.real.of_class(label)
            assert sorted(place for image in own[:size] for place in same(image, real)) == list(range(size))
            assert not any(same(image, real) for image in own[size:])
        assert len({image.numpy().tobytes() for image in images}) == 30

    @pytest.mark.parametrize("init", ["real", "herding"])
    def test_where_a_class_has_enough_nothing_is_changed(self, init):
        context = toy_context(per_class=SIZES)
        images, labels = drawn(context, 4, init)
        for label in range(3):
            assert all(same(image, context.real.of_class(label)) for image in images[labels == label])

    def test_the_seed_decides(self):
        context = toy_context(per_class=SIZES)
        assert torch.equal(drawn(context, 10, seed=3)[0], drawn(context, 10, seed=3)[0])
        assert not torch.equal(drawn(context, 10, seed=3)[0], drawn(context, 10, seed=4)[0])


class TestNotes:
    def test_the_class_that_lacks_most_is_named_with_both_numbers(self):
        context = toy_context(per_class=SIZES)
        (note,) = notes(CPU, layout(context, 10), context, ("ape", "bee", "cat"))
        assert note.startswith("class 'bee' has 4 training images (without those held out), and 10 of the set begin")

    def test_nothing_is_said_where_there_are_enough_or_none_is_needed(self):
        context = toy_context(per_class=SIZES)
        assert notes(CPU, layout(context, 4), context, ("ape", "bee", "cat")) == []
        assert notes(CPU.with_values(["init=noise"]), layout(context, 10), context, ("ape", "bee", "cat")) == []


class TestJittered:
    @pytest.mark.parametrize("mirror", [False, True])
    def test_is_a_shift_with_reflected_edges_mirrored_only_where_it_may_be(self, mirror):
        """Every one is, up to its contrast, a window of the image that NumPy padded."""
        image = torch.rand(2, 16, 24, generator=torch.Generator().manual_seed(1))
        found = jittered(image[None].repeat(40, 1, 1, 1), mirror, torch.Generator().manual_seed(0))
        padded = np.pad(image.numpy(), ((0, 0), (2, 2), (3, 3)), mode="reflect")
        seen = set()
        for one in found.numpy():
            for top, left, flip in itertools.product(range(5), range(7), (False, True)):
                window = padded[:, top : top + 16, left : left + 24]
                window = window[:, :, ::-1] if flip else window
                scale = (one - one.mean()).std() / window.std()
                if np.allclose(one - one.mean(), scale * (window - window.mean()), atol=1e-5):
                    seen.add((top, left, flip))
                    assert 0.9 <= scale <= 1.1
                    assert abs(one.mean() - window.mean()) < 1e-5
                    break
            else:
                pytest.fail("no window of the image")
        assert len(seen) > 15
        assert {flip for *_, flip in seen} == ({False, True} if mirror else {False})

    @pytest.mark.parametrize("shape", [(3, 1, 1, 1), (3, 1, 2, 2), (1, 3, 1, 5)])
    def test_the_smallest_images_too(self, shape):
        assert jittered(torch.rand(shape), True, torch.Generator()).shape == shape
