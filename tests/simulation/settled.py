"""The story of the suites that settle: an order that was delivered, and bread that came back."""

from __future__ import annotations

from typing import Any

from tests.commission.builders import Order, an_order
from tests.commission.desk import Desk


def delivered(desk: Desk, **changes: Any) -> Order:
    order = an_order(**changes)
    desk.hears(order.paid(), order.delivered(), order.trip())
    return order


def refund_of_bread(order: Order) -> Any:
    """A third of the bread: 6.00, and 0.30 of the take rate."""
    bread = order.parts[1]
    return order.refund(bread, {bread.lines[0].line_id: (600, 0)})
