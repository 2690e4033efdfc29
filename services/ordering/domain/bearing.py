"""Who bears what a refund costs: the shop that sold the goods, unless somebody else was at fault."""

from __future__ import annotations

from dataclasses import replace

from services.ordering.domain import events
from services.ordering.domain.order import Order
from services.ordering.domain.refund import COURIER, PLATFORM, SHOP

BEARERS = (SHOP, PLATFORM, COURIER)


def lay_on(order: Order, bearer: str) -> None:
    """Let ``bearer`` bear every new refund of ``order``."""
    order.new_refunds[:] = [replace(refund, borne_by=bearer) for refund in order.new_refunds]
    order.recorded[:] = [
        replace(event, refund=replace(event.refund, borne_by=bearer))
        if isinstance(event, events.RefundIssued)
        else event
        for event in order.recorded
    ]
