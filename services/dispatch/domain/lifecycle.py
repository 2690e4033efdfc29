"""The life of a delivery as a table: which status may follow which."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    UNHELD = "unheld"
    HELD = "held"
    RELEASED = "released"
    WAITING = "waiting"
    PLANNED = "planned"
    ASSIGNED = "assigned"
    COLLECTING = "collecting"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


_S = Status
MAY_BECOME: dict[Status, frozenset[Status]] = {
    _S.UNHELD: frozenset({_S.HELD, _S.RELEASED, _S.WAITING, _S.FAILED, _S.CANCELLED}),
    _S.HELD: frozenset({_S.WAITING, _S.RELEASED, _S.CANCELLED}),
    _S.RELEASED: frozenset({_S.WAITING, _S.CANCELLED}),
    _S.WAITING: frozenset({_S.PLANNED, _S.ASSIGNED, _S.FAILED, _S.CANCELLED}),
    _S.PLANNED: frozenset({_S.WAITING, _S.ASSIGNED, _S.FAILED, _S.CANCELLED}),
    _S.ASSIGNED: frozenset({_S.WAITING, _S.COLLECTING, _S.DELIVERING, _S.FAILED, _S.CANCELLED}),
    _S.COLLECTING: frozenset({_S.WAITING, _S.DELIVERING, _S.FAILED, _S.CANCELLED}),
    _S.DELIVERING: frozenset({_S.DELIVERED, _S.FAILED, _S.CANCELLED}),
    _S.DELIVERED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}
ENDED = frozenset({Status.DELIVERED, Status.FAILED, Status.CANCELLED})
UNASSIGNED = frozenset({Status.WAITING, Status.PLANNED})
RIDING = frozenset({Status.ASSIGNED, Status.COLLECTING, Status.DELIVERING})
UNPAID = frozenset({Status.UNHELD, Status.HELD, Status.RELEASED})
