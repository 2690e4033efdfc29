"""Faults of money as people make them, planted one at a time: the laws must notice every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from unittest.mock import patch

from services.commission.domain import at_the_door, commissions, settlement, take_rate
from services.commission.domain.facts import OrderFacts
from services.ordering.adapters.orders_sql import _money_back
from services.ordering.domain import giving_back
from services.ordering.domain.lines import Line, LinePart
from services.ordering.domain.payment import Surplus
from services.ordering.domain.refund import refund_of_delivery_fee
from tests.simulation.ports import ordering as ordering_ports
from tests.simulation.ports.ordering import MemoryOrders

Fault = Callable[[], Any]


def half_even_rounding() -> Any:
    """Rates are rounded as statisticians do."""

    def rate_of(amount: int, basis_points: int) -> int:
        exact = Decimal(amount) * basis_points / 10_000
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

    return patch.object(take_rate, "rate_of", rate_of)


def refund_computed_on_its_own() -> Any:
    """A refund is computed from the line's price, not taken from the stored shares."""
    give_back = Line.give_back

    def computed(line: Line, quantity: int) -> tuple[Line, LinePart]:
        after, part = give_back(line, quantity)
        return after, replace(part, amount=round(line.paid * quantity / line.quantity))

    return patch.object(Line, "give_back", computed)


def take_rate_on_the_wrong_base() -> Any:
    """The take rate is taken of what was paid, refunds or not."""
    return patch.object(take_rate.Kept, "goods_base", lambda kept, _: int(kept.line.paid))


def take_rate_rounded_line_by_line() -> Any:
    """Each line's share of the take rate is rounded by itself, and then added up."""
    together = take_rate.takes

    def takes(shop_id: str, kept: Any, plan: Any) -> Any:
        return [take for each in kept for take in together(shop_id, [each], plan)]

    return patch.object(settlement, "takes", takes)


def commission_on_own_goods() -> Any:
    """Nobody asks who earns."""
    return patch.object(commissions, "denial", lambda *_: None)


def platform_discount_never_comes_back() -> Any:
    """A refund leaves the shop what the platform gave for the goods."""
    real = take_rate.kept_of

    def kept_of(*asked: Any) -> Any:
        return {
            line_id: replace(kept, platform_discount=kept.line.platform_discount)
            for line_id, kept in real(*asked).items()
        }

    return patch.object(settlement, "kept_of", kept_of)


def refund_paid_twice() -> Any:
    """A refund that is asked for again under its id is paid again."""
    give = MemoryOrders._add

    def add_again(self: Any, table: str, key: str, row: Any) -> None:
        give(self, table, f"{key}-again" if key in self._connection.rows(table) else key, row)

    @contextmanager
    def both() -> Iterator[None]:
        with (
            patch.object(MemoryOrders, "refunds_of_command", lambda *_: ()),
            patch.object(MemoryOrders, "_add", add_again),
        ):
            yield

    return both()


def second_charge_kept() -> Any:
    """Money that came twice stays."""

    def money_back(order: Any, surplus: Surplus | None) -> Any:
        return real(order, None)

    real = _money_back
    return patch.object(ordering_ports, "_money_back", money_back)


def discount_shared_anew_by_each_part() -> Any:
    """Splitting computes a part's discount again, from its share of the goods."""

    def paid(line: Line) -> int:
        return line.goods - sum(discount.amount for discount in line.discounts) * 99 // 100

    return patch.object(Line, "paid", property(paid))


def delivery_fee_returned_in_proportion() -> Any:
    """Whoever gets the fee back gets half of it, and the order forgets the rest."""

    def give_half(**facts: Any) -> Any:
        return real(**facts | {"amount": facts["amount"] // 2})

    real = refund_of_delivery_fee
    return patch.object(giving_back, "refund_of_delivery_fee", give_half)


def substitute_priced_without_its_discounts() -> Any:
    """The difference of a cheaper substitute is that of the list prices."""
    substitute = Line.substitute

    def priced(line: Line, units: int, unit_price: int, **named: Any) -> tuple[Line, LinePart]:
        after, part = substitute(line, units, unit_price, **named)
        return after, replace(part, amount=max(line.unit_price - unit_price, 0) * units)

    return patch.object(Line, "substitute", priced)


def weight_settled_by_rounding_up() -> Any:
    """What is lighter costs a cent more than it weighs, where nobody looks."""
    fall_to = Line.fall_to

    def fall(line: Line, goods: int) -> tuple[Line, LinePart]:
        after, part = fall_to(line, goods)
        return after, replace(part, amount=max(part.amount - 1, 0))

    return patch.object(Line, "fall_to", fall)


def goodwill_charged_to_the_shop() -> Any:
    """Whoever is at fault, the shop pays."""
    return patch.object(OrderFacts, "is_made_good", lambda *_: False)


def tip_kept_by_the_platform() -> Any:
    """The tip stays where the fees are."""
    return patch.object(settlement, "book_tip", lambda *_: None)


def refunded_cash_collected_all_the_same() -> Any:
    """The courier owes the whole total, also what was given back before the door."""
    book = at_the_door._book_collection

    def whole(facts: Any, paid: Any, _: int, sheet: Any) -> None:
        book(facts, paid, paid.total, sheet)

    return patch.object(at_the_door, "_book_collection", whole)


def second_trip_paid_nothing() -> Any:
    """Whoever brought the last of it is paid, and nobody else."""
    return patch.object(
        OrderFacts, "trips", property(lambda facts: () if facts.trip is None else (facts.trip,))
    )


def tip_counted_twice() -> Any:
    """Each of two couriers has the whole tip."""
    shared = at_the_door.tips

    def whole(facts: OrderFacts, kept: int) -> list[tuple[str, int]]:
        return [(courier_id, kept) for courier_id, _ in shared(facts, kept)]

    return patch.object(at_the_door, "tips", whole)


def trip_told_again_paid_again() -> Any:
    """What was told of as the earlier trip, and again as all that came, counts as two."""

    def trips(facts: OrderFacts) -> tuple[Any, ...]:
        last = () if facts.trip is None else (facts.trip,)
        return (*facts.earlier_trips.values(), *last)

    return patch.object(OrderFacts, "trips", property(trips))


FAULTS: tuple[Fault, ...] = (
    half_even_rounding,
    refund_computed_on_its_own,
    take_rate_on_the_wrong_base,
    take_rate_rounded_line_by_line,
    commission_on_own_goods,
    platform_discount_never_comes_back,
    refund_paid_twice,
    second_charge_kept,
    discount_shared_anew_by_each_part,
    delivery_fee_returned_in_proportion,
    substitute_priced_without_its_discounts,
    weight_settled_by_rounding_up,
    goodwill_charged_to_the_shop,
    tip_kept_by_the_platform,
    refunded_cash_collected_all_the_same,
    second_trip_paid_nothing,
    tip_counted_twice,
    trip_told_again_paid_again,
)
