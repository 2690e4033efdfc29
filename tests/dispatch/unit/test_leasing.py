"""A lease is renewed in time by whoever asks whether it holds, and stays lost once it is lost."""

from __future__ import annotations

import pytest

from services.dispatch.application.leasing import Lease
from services.dispatch.application.ports import DueZone
from services.dispatch.domain.zone import Zone
from tests.dispatch.builders import NOON, a_zone
from tests.dispatch.simulation import DeskInMemory, ZoneState


class Desk(DeskInMemory):
    """Says what a test wants about renewals, and counts them."""

    answers: tuple[bool, ...] = ()
    asked: int = 0

    def renew(self, due: DueZone) -> bool:
        self.asked += 1
        return self.answers[self.asked - 1]


def a_desk(*answers: bool) -> Desk:
    zone: Zone = a_zone()
    desk = Desk(zone=zone, state=ZoneState(zone=zone))
    desk.answers = answers
    return desk


@pytest.mark.parametrize(
    ("asked_at", "answers", "holds", "renewals"),
    [
        ([0, 1, 4.9], [], [True, True, True], 0),
        ([5, 6, 9.9, 10], [True, True], [True, True, True, True], 2),
        ([14], [True], [True], 1),
        ([5, 10, 20], [True, False], [True, False, False], 2),
    ],
    ids=["early", "in time", "late", "lost"],
)
def test_a_lease_is_renewed_when_a_third_of_it_is_gone(
    asked_at: list[float], answers: list[bool], holds: list[bool], renewals: int
) -> None:
    times = iter([0.0, *asked_at])
    desk = a_desk(*answers)
    due = desk.claim(NOON, NOON)
    assert due is not None
    lease = Lease(desk, due, 15.0, lambda: next(times))
    assert [lease.holds() for _ in asked_at] == holds
    assert desk.asked == renewals
