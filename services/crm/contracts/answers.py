"""What crm answers, as plain data. A person is an id here, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.crm.contracts import cursors
from services.crm.domain.profile import Moment, Profile, ShopSummary, Tally
from shared.kernel.clock import to_wire
from shared.kernel.money import Money

_NOTHING = Money.zero("CNY")


def profile(found: Profile) -> dict[str, Any]:
    """``spend`` is in the currency of most orders; ``spend_elsewhere`` holds the others, if any."""
    main = found.tallies[0]
    timeline = [_moment(moment) for moment in found.timeline]
    return _tally(main) | {
        "order_count": sum(tally.order_count for tally in found.tallies),
        "refund_count": sum(tally.refund_count for tally in found.tallies),
        "delivered_count": found.delivered_count,
        "cancelled_count": found.cancelled_count,
        "spend_elsewhere": [tally.spend.to_wire() for tally in found.tallies[1:]],
        "first_seen": to_wire(min(tally.first_seen for tally in found.tallies)),
        "last_seen": to_wire(max(tally.last_seen for tally in found.tallies)),
        "timeline": timeline,
        "next_cursor": cursors.of_moment(found.timeline[-1]) if found.timeline_goes_on else None,
    }


def page(tallies: Sequence[Tally], limit: int) -> dict[str, Any]:
    """``tallies`` holds one more than ``limit`` when there is a further page."""
    shown = tallies[:limit]
    return {
        "items": [_tally(tally) for tally in shown],
        "next_cursor": cursors.of_tally(shown[-1]) if len(tallies) > limit else None,
    }


def shop(summary: ShopSummary) -> dict[str, Any]:
    main = summary.turnover[0] if summary.turnover else None
    return {
        "shop_id": summary.shop_id,
        "customer_count": summary.customer_count,
        "returning_customer_count": summary.returning_count,
        "order_count": sum(turnover.order_count for turnover in summary.turnover),
        "refund_count": sum(turnover.refund_count for turnover in summary.turnover),
        "spend": (main.spend if main else _NOTHING).to_wire(),
        "refunded": (main.refunded if main else _NOTHING).to_wire(),
        "spend_elsewhere": [turnover.spend.to_wire() for turnover in summary.turnover[1:]],
        "first_seen": to_wire(summary.first_seen) if summary.first_seen else None,
        "last_seen": to_wire(summary.last_seen) if summary.last_seen else None,
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "shop_id": tally.shop_id,
        "customer_id": tally.customer_id,
        "order_count": tally.order_count,
        "refund_count": tally.refund_count,
        "spend": tally.spend.to_wire(),
        "refunded": tally.refunded.to_wire(),
        "first_seen": to_wire(tally.first_seen),
        "last_seen": to_wire(tally.last_seen),
    }


def _moment(moment: Moment) -> dict[str, Any]:
    return {
        "kind": moment.kind.value,
        "at": to_wire(moment.at),
        "order_id": moment.order_id,
        "store_order_id": moment.store_order_id,
        "refund_id": moment.refund_id,
        "amount": moment.amount.to_wire() if moment.amount else None,
    }
