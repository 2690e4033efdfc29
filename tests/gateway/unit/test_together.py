"""Questions answered together: everyone gets the answer of their own, whatever happens to the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from services.gateway.adapters.together import Together
from tests.waiting import wait_until


class Slow:
    """Answers with twice the number, when it is let."""

    def __init__(self) -> None:
        self.handfuls: list[list[int]] = []
        self.may_go = threading.Semaphore(0)
        self.fails: Callable[[list[int]], Exception | None] = lambda _: None

    def __call__(self, numbers: list[int]) -> list[int]:
        self.handfuls.append(numbers)
        assert self.may_go.acquire(timeout=10)
        error = self.fails(numbers)
        if error is not None:
            raise error
        return [2 * number for number in numbers]


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def together(slow: Slow) -> Together[int, int]:
    return Together(slow, lambda error: isinstance(error, ConnectionError))


def _asked(
    pool: ThreadPoolExecutor, together: Together[int, int], slow: Slow, *numbers: int
) -> list[Future[int]]:
    """The first is being answered; the others wait."""
    futures = []
    for number in numbers:
        futures.append(pool.submit(together.ask, number % 100, number))
        waiting = len(futures) - 1
        wait_until(lambda waiting=waiting: slow.handfuls and len(together._waiting) == waiting)
    return futures


def test_what_waits_is_answered_together(together: Together[int, int], slow: Slow) -> None:
    with ThreadPoolExecutor(8) as pool:
        futures = _asked(pool, together, slow, 1, 2, 3, 4)
        slow.may_go.release(9)
        assert [future.result(10) for future in futures] == [2, 4, 6, 8]
    assert slow.handfuls == [[1], [2, 3, 4]]
    # Nobody is left behind: the next one is answered at once.
    assert together.ask(5, 5) == 10


def test_one_matter_is_asked_once_at_a_time(together: Together[int, int], slow: Slow) -> None:
    with ThreadPoolExecutor(8) as pool:
        futures = _asked(pool, together, slow, 1, 2, 102, 3, 202)
        slow.may_go.release(9)
        assert [future.result(10) for future in futures] == [2, 4, 204, 6, 404]
    assert slow.handfuls == [[1], [2, 3], [102], [202]]


def test_one_that_fails_spoils_nothing_for_the_others(together: Together[int, int], slow: Slow) -> None:
    slow.fails = lambda numbers: ValueError("no threes") if 3 in numbers else None
    with ThreadPoolExecutor(8) as pool:
        futures = _asked(pool, together, slow, 1, 2, 3, 4)
        slow.may_go.release(9)
        assert [futures[n].result(10) for n in (0, 1, 3)] == [2, 4, 8]
        with pytest.raises(ValueError, match="no threes"):
            futures[2].result(10)
    assert slow.handfuls == [[1], [2, 3, 4], [2], [3], [4]]


def test_what_concerns_all_is_not_tried_with_each(together: Together[int, int], slow: Slow) -> None:
    slow.fails = lambda numbers: ConnectionError("away") if 2 in numbers else None
    with ThreadPoolExecutor(8) as pool:
        futures = _asked(pool, together, slow, 1, 2, 3)
        slow.may_go.release(9)
        assert futures[0].result(10) == 2
        for future in futures[1:]:
            with pytest.raises(ConnectionError):
                future.result(10)
    assert slow.handfuls == [[1], [2, 3]]


def test_when_the_one_who_leads_is_killed_the_others_are_answered_all_the_same(
    together: Together[int, int], slow: Slow
) -> None:
    class Killed(BaseException):
        pass

    def kill(numbers: list[int]) -> Exception | None:
        if len(numbers) == 3:
            raise Killed
        return None

    slow.fails = kill
    with ThreadPoolExecutor(8) as pool:
        futures = _asked(pool, together, slow, 1, 2, 3, 4)
        slow.may_go.release(9)
        assert [futures[n].result(10) for n in (0, 2, 3)] == [2, 6, 8]
        with pytest.raises(Killed):
            futures[1].result(10)


def test_who_is_killed_while_waiting_holds_nobody_up(
    together: Together[int, int], slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    class Turn:
        """Taken by its maker, and then only by a kill."""

        def __init__(self) -> None:
            self.taken = False

        def acquire(self) -> None:
            if self.taken:
                raise Killed
            self.taken = True

    with ThreadPoolExecutor(8) as pool:
        (first,) = _asked(pool, together, slow, 1)
        with monkeypatch.context() as patched:
            patched.setattr("services.gateway.adapters.together.threading.Lock", Turn)
            with pytest.raises(Killed):
                together.ask(2, 2)
        slow.may_go.release(9)
        assert first.result(10) == 2
        assert together.ask(3, 3) == 6
    assert slow.handfuls == [[1], [3]]


def test_many_at_once_all_get_their_own_answer() -> None:
    together: Together[int, int] = Together(lambda numbers: [2 * n for n in numbers], lambda _: False)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: together.ask(number % 7, number), range(500)))
    assert answers == [2 * number for number in range(500)]
