"""Every message is acknowledged exactly once, together with its neighbours where that is possible."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.link import Acknowledgements


class Broker:
    """What a broker knows of one channel; like RabbitMQ it refuses a tag that it does not wait for."""

    def __init__(self, delivered: int) -> None:
        self.waiting = set(range(1, delivered + 1))
        self.told = 0

    def acknowledge(self, tag: int, multiple: bool) -> None:
        assert tag in self.waiting
        self.told += 1
        self.waiting -= {one for one in self.waiting if one <= tag} if multiple else {tag}


def test_neighbours_share_an_acknowledgement() -> None:
    broker = Broker(4)
    finished = Acknowledgements(broker.acknowledge)
    assert [finished.finish(tag) for tag in (2, 1, 3)] == [1, 2, 3]
    finished.tell()
    assert (broker.told, broker.waiting) == (1, {4})


def test_a_slow_one_holds_up_nobody_behind_it() -> None:
    broker = Broker(3)
    finished = Acknowledgements(broker.acknowledge)
    finished.finish(2)
    finished.finish(3)
    finished.tell()
    assert broker.waiting == {1}
    finished.finish(1)
    finished.tell()
    assert not broker.waiting


@given(st.permutations(range(1, 21)), st.sets(st.integers(0, 19)))
def test_only_what_is_finished_is_told_and_in_the_end_everything(order: list[int], pauses: set[int]) -> None:
    broker = Broker(20)
    finished = Acknowledgements(broker.acknowledge)
    for number, tag in enumerate(order):
        finished.finish(tag)
        if number in pauses:
            finished.tell()
            assert broker.waiting == set(order[number + 1 :])
    finished.tell()
    finished.tell()
    assert not broker.waiting
