"""The page that says which states an order and its parts have, out of the tables that the code decides by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from services.ordering.domain import payment, store_order, substitution
from services.ordering.domain.history import MOVES
from services.ordering.domain.order_status import WHEN_ALL_ARE_GONE, WHEN_SOME_GO_ON

S = TypeVar("S", bound=StrEnum)

_HEAD = """# States of orders

Written by `make docs` out of `services/ordering/domain`: these are the tables that decide. Every move of an
order, of a shop's part and of a proposed substitution is kept in the order's history with its time, its
reason and who did it.

## A shop's part of an order (store order)

"""
_ORDER = """
## The order
Its status is read off its parts. Where every part is gone, by the first row that holds all their states:

"""
_GOING_ON = """
Otherwise, leaving aside what is gone, by the first row that holds the states of all parts that go on:

"""
_SUBSTITUTION = """
## A proposed substitution

"""
_PAYMENT = """
## An attempt to pay

"""


def states_page() -> str:
    """The page's Markdown."""
    return "".join(
        (
            _HEAD,
            _moves(store_order.MAY_BECOME),
            "\n",
            _table(
                ("comes to be", "by", "told as", "when"),
                (
                    (status, ", ".join(move.by), f"`{move.event}`" if move.event else "", move.when)
                    for status, move in MOVES.items()
                ),
            ),
            _ORDER,
            _table(("order", "its parts are"), ((s, _names(holds)) for s, holds in WHEN_ALL_ARE_GONE)),
            _GOING_ON,
            _table(("order", "its parts are"), ((s, _names(holds)) for s, holds in WHEN_SOME_GO_ON)),
            _SUBSTITUTION,
            _moves(substitution.MAY_BECOME),
            _PAYMENT,
            _moves(payment.MAY_BECOME),
        )
    )


def _moves(table: Mapping[S, frozenset[S]]) -> str:
    """Each state with those it may become, in the order in which the table names them."""
    places = {str(state): place for place, state in enumerate(table)}
    rows = ((state, _names(goals, places) or "the end") for state, goals in table.items())
    return _table(("from", "to"), rows)


def _names(states: Iterable[str], places: Mapping[str, int] | None = None) -> str:
    order = places or {str(state): place for place, state in enumerate(store_order.MAY_BECOME)}
    return ", ".join(sorted(map(str, states), key=order.__getitem__))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
