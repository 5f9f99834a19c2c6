"""The order of a loader: one sequence an epoch, whatever the ranks, the batches and the stops."""

from __future__ import annotations

import random

import pytest
import torch

from nsdcodec.data.order import Order
from nsdcodec.errors import InvalidSetting


def together(count, batch, ranks, epoch, position=0, **changes):
    """[(position after the step, what each rank gets)], of all ranks side by side."""
    orders = [Order(count, batch, rank=rank, world_size=ranks, **changes) for rank in range(ranks)]
    steps = zip(*(order.batches(epoch, position) for order in orders), strict=True)
    return [(step[0][0], [index.tolist() for _, index in step]) for step in steps]


def joined(steps):
    return [i for _, shares in steps for share in shares for i in share]


def test_an_epoch_is_a_permutation_and_another_one_for_each_epoch_and_seed():
    orders = [Order(50, 7, seed=seed).epoch(epoch).tolist() for seed in range(3) for epoch in range(3)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 9


def test_an_order_never_changes():
    """A change here, by this code or by PyTorch, would break what is resumed from older states."""
    assert Order(12, 1, seed=3).epoch(0).tolist() == [9, 6, 5, 8, 4, 0, 11, 7, 3, 2, 1, 10]
    assert Order(12, 1, seed=3).epoch(1).tolist() == [7, 10, 5, 4, 0, 2, 6, 1, 3, 11, 9, 8]
    assert Order(10**6, 1).epoch(0)[:4].tolist() == [570669, 219283, 742573, 580079]


def test_it_is_not_the_global_generators():
    torch.manual_seed(0)
    first = Order(50, 7).epoch(4)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    assert Order(50, 7).epoch(4).tolist() == first.tolist()
    assert torch.equal(torch.get_rng_state(), state)


def test_without_shuffling_it_counts():
    assert joined(together(10, 4, 1, 3, shuffle=False)) == list(range(10))
    assert together(10, 4, 1, 0, shuffle=False) == [
        (4, [[0, 1, 2, 3]]),
        (8, [[4, 5, 6, 7]]),
        (10, [[8, 9]]),
    ]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch", [1, 3, 8, 100])
@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 8])
def test_ranks_together_serve_the_order_of_one(ranks, batch, shuffle):
    count, epoch = 53, 2
    whole = Order(count, batch, shuffle).epoch(epoch).tolist()
    steps = together(count, batch, ranks, epoch, shuffle=shuffle)
    assert [len(share) for _, shares in steps[:-1] for share in shares] == [batch] * (len(steps) - 1) * ranks
    assert len({len(share) for share in steps[-1][1]}) == 1
    missing = len(joined(steps)) - count
    assert 0 <= missing < ranks
    assert joined(steps) == whole + whole[:missing]
    assert [stop for stop, _ in steps] == [*range(batch * ranks, count, batch * ranks), count]


def test_a_last_step_is_shared_evenly_by_hand():
    assert together(10, 4, 2, 0, shuffle=False) == [(8, [[0, 1, 2, 3], [4, 5, 6, 7]]), (10, [[8], [9]])]
    assert together(9, 4, 2, 0, shuffle=False) == [(8, [[0, 1, 2, 3], [4, 5, 6, 7]]), (9, [[8], [0]])]
    assert together(3, 4, 8, 0, shuffle=False) == [(3, [[0], [1], [2], [0], [1], [2], [0], [1]])]


def test_the_last_step_is_left_out_unless_it_is_whole():
    assert together(10, 4, 1, 0, shuffle=False, drop_last=True) == [(4, [[0, 1, 2, 3]]), (8, [[4, 5, 6, 7]])]
    assert joined(together(8, 4, 2, 0, shuffle=False, drop_last=True)) == list(range(8))
    assert together(7, 4, 2, 0, drop_last=True) == []
    assert together(10, 11, 1, 0, drop_last=True) == []


@pytest.mark.parametrize("drop_last", [True, False])
def test_the_steps_are_counted_from_any_position(drop_last):
    for count in (1, 7, 12):
        for batch in (1, 3, 4, 20):
            for ranks in (1, 2, 5):
                order = Order(count, batch, drop_last=drop_last, world_size=ranks)
                for position in range(count + 1):
                    assert order.steps(position) == len(list(order.batches(0, position)))


def test_no_images_are_no_steps():
    assert list(Order(0, 4).batches(0)) == []
    assert Order(0, 4).steps() == 0


def test_a_thousand_stops_and_resumptions_by_others_give_the_uninterrupted_order():
    chance = random.Random(0)
    interrupted = 0
    for seed in range(1000):
        count = chance.randint(1, 300)
        wanted = [Order(count, 1, seed=seed).epoch(epoch).tolist() for epoch in range(3)]
        epoch, position, served, steps = 0, 0, [], []
        while epoch < 3:
            # Another job goes on: other ranks, another batch, for some steps or to the end of the epoch.
            ranks, batch = chance.choice([1, 2, 4, 8]), chance.choice([1, 2, 7, 32, 100, 256])
            steps = together(count, batch, ranks, epoch, position, seed=seed)
            steps = steps[: chance.randint(0, len(steps) + 1)]
            interrupted += bool(steps and steps[-1][0] < count)
            served += joined(steps)
            position = steps[-1][0] if steps else position
            if position == count:
                extra = len(served) - count
                assert 0 <= extra < 8
                assert served == wanted[epoch] + (wanted[epoch] * 8)[:extra]
                epoch, position, served = epoch + 1, 0, []
            else:
                assert served == wanted[epoch][:position]
    assert interrupted > 1000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"rank": 1}, "rank 1 of 1"),
        ({"rank": -1, "world_size": 2}, "rank -1 of 2"),
        ({"world_size": 0}, "rank 0 of 0"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(InvalidSetting, match=message):
        Order(**{"count": 10, "batch_size": 4, **changes})
