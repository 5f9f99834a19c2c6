"""Labels of two lists of class names go by the names; the wanted numbers are worked out by hand."""

from __future__ import annotations

import pytest
import torch

from nsdcodec.format.class_names import difference, numbers_in, places, renumbered, union


@pytest.mark.parametrize(
    ("known", "names", "numbers"),
    [
        ("dark light", "light dark", (1, 0)),
        ("a b c", "c a b", (2, 0, 1)),
        ("a b", "a b", (0, 1)),
        # Numbers alone name nothing: they go by their order, which sorted as texts is another one.
        ("0 1 2 3 4 5 6 7 8 9 10", "0 1 10 2 3 4 5 6 7 8 9", (0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9)),
        ("a b c d e f g h i j k", "0 1 10 2 3 4 5 6 7 8 9", (0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9)),
        ("1 10 2 3 4 5 6 7 8 9", "a b c d e f g h i j", (0, 2, 3, 4, 5, 6, 7, 8, 9, 1)),
        ("0 1 2", "1 2 3", (0, 1, 2)),
        ("00 01", "cat dog", (0, 1)),
        # But not these, which are names of something.
        ("cat dog", "7 9", None),
        ("cat dog", "0 0.5", None),
        ("cat dog", "1 01", None),
        ("cat dog", "0 1 2", None),
        ("cat dog", "horse ship", None),
        ("cat dog", "cat", None),
        ("cat dog", "cat dog horse", None),
        ("cat dog", "cat Dog", None),
    ],
)
def test_classes_of_the_same_name_are_the_same(known, names, numbers):
    assert numbers_in(known.split(), names.split()) == numbers


def test_labels_and_the_columns_of_soft_ones_move_and_are_copies():
    labels = torch.tensor([0, 2, 1, 0])
    assert renumbered(labels, (2, 0, 3), 4).tolist() == [2, 3, 0, 2]
    soft = torch.tensor([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
    assert renumbered(soft, (2, 0, 3), 4).tolist() == [[0.25, 0.0, 0.5, 0.25], [1.0, 0.0, 0.0, 0.0]]
    renumbered(labels, (0, 1, 2), 3).add_(1)
    assert labels.tolist() == [0, 2, 1, 0]


def test_a_union_has_each_name_once_where_it_first_appears():
    names = union([("b", "a"), ("c", "a")])
    assert names == ("b", "a", "c")
    assert places(names, ("c", "a")) == (2, 1)


def test_a_difference_names_what_one_side_has_alone_and_no_more_than_five():
    text = difference(("a", "x"), ("x", *"bcdefgh"), "c10.nsd", "cifar10")
    assert text == "only c10.nsd has 'a' and only cifar10 has 'b', 'c', 'd', 'e', 'f' and 2 more"
    assert difference(("a", "b"), ("b",), "one", "two") == "only one has 'a'"
