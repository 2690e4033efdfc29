"""Invariants of trade after the payment: prices that fall, cases about goods, orders that are completed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from shared.kernel.ids import derived_id
from tests.trust.booked_orders import Back, Line, Part, Refund, of_orders
from tests.trust.oracle.case import Case, Verdict, verdict
from tests.trust.oracle.exact import fall_due

_GOING_ON = frozenset({"open", "rejected", "appealed", "resending", "resent"})
_OF_PRICES = frozenset({"substituted", "weighed"})


def prices_only_fall(case: Case) -> Verdict:
    """What was paid for a line is the most it ever costs: a substitute or a weight takes off exactly the
    stored share of the difference, and it goes back.
    """
    refunds = of_orders(case.books.refunds)
    looked = 0
    wrong: list[str] = []
    for order in case.books.orders.values():
        own = refunds.get(order.order_id, [])
        fallen: dict[str, list[Back]] = defaultdict(list)
        for refund in own:
            for back in refund.lines:
                if back.quantity == 0:
                    fallen[back.line_id].append(back)
                    if refund.reason not in _OF_PRICES or refund.restock:
                        wrong.append(f"order {order.order_id}: a price fell since {refund.reason}")
        for part in order.parts:
            looked += sum(bool(line.falls) for line in part.lines) + len(part.proposals)
            wrong += [
                f"order {order.order_id}: {problem}"
                for line in part.lines
                for problem in _falls_of(line, fallen[line.line_id])
            ]
            wrong += [f"order {order.order_id}: {problem}" for problem in _answers(part, own)]
    substituted = sum(
        proposal.status == "accepted"
        for order in case.books.orders.values()
        for part in order.parts
        for proposal in part.proposals
    )
    weighed = sum(
        line.grams is not None
        for order in case.books.orders.values()
        for part in order.parts
        for line in part.lines
    )
    return verdict("prices-only-fall", looked, wrong, f"{substituted} substituted, {weighed} weighed")


def _falls_of(line: Line, back: list[Back]) -> Iterator[str]:
    for fall in line.falls:
        due = fall_due(line, fall)
        if fall.amount < 0 or fall.amount + sum(fall.discounts) != fall.goods:
            yield f"line {line.line_id} rose, or its shares are not its fall: {fall}"
        elif due is not None and fall.amount != due:
            yield f"line {line.line_id} fell by {fall.goods}: {fall.amount} went back, not {due}"
    for name in {fall.substitution_id for fall in line.falls} | {one.substitution_id for one in back}:
        lost = sum(fall.amount for fall in line.falls if fall.substitution_id == name)
        given = sum(one.amount for one in back if one.substitution_id == name)
        if lost != given:
            yield f"line {line.line_id} fell by {lost}, and {given} went back"
    if line.grams is not None and line.unit_grams and len(line.falls) <= 1:
        units = line.falls[0].units if line.falls else line.quantity - line.refunded_quantity
        weighed = min(line.grams, line.unit_grams * units) * line.unit_price // line.unit_grams
        lighter = line.unit_price * units - weighed
        # Units that went back after the weighing had been weighed too.
        there = line.falls[0].goods if line.falls else 0
        if (line.falls and there != lighter) or (not line.falls and lighter and not line.refunded_quantity):
            yield f"line {line.line_id} is lighter by {lighter}, and its price fell by {there}"


def _answers(part: Part, refunds: list[Refund]) -> Iterator[str]:
    """A substitute that was taken lowers the price by what it is cheaper; one that was not is paid back."""
    lines = {line.line_id: line for line in part.lines}
    for proposal in part.proposals:
        line = lines[proposal.line_id]
        falls = [fall for fall in line.falls if fall.substitution_id == proposal.substitution_id]
        if proposal.status == "accepted":
            cheaper = max(line.unit_price - proposal.unit_price, 0) * proposal.quantity
            if [(fall.units, fall.goods) for fall in falls] != [(proposal.quantity, cheaper)]:
                yield f"substitution {proposal.substitution_id} is cheaper by {cheaper}: {falls}"
        elif falls:
            yield f"substitution {proposal.substitution_id} is {proposal.status} and changed a price"
        if proposal.status == "proposed":
            yield f"substitution {proposal.substitution_id} was never answered"
        name = derived_id("refund", "substitution", proposal.substitution_id)
        units = sum(back.quantity for r in refunds if r.refund_id == name for back in r.lines)
        if units != (proposal.quantity if proposal.status == "declined" else 0):
            yield f"substitution {proposal.substitution_id} is {proposal.status}: {units} units went back"


def cases_are_paid_once(case: Case) -> Verdict:
    """No unit is claimed twice; a case pays back its own units, at the cost of whose fault it was."""
    by_command: dict[str, list[Refund]] = defaultdict(list)
    for refund in case.books.refunds:
        by_command[refund.command_id].append(refund)
    claimed: Counter[str] = Counter()
    wrong: list[str] = []
    for one in case.books.cases:
        paid = by_command.get(derived_id("refund", "case", one.case_id), [])
        units = Counter[str]()
        for refund in paid:
            for back in refund.lines:
                units[back.line_id] += back.quantity
        due = Counter({claim.line_id: claim.left for claim in one.claims if claim.left})
        if one.status != "refunded":
            if paid:
                wrong.append(f"order {one.order_id}: case {one.case_id} is {one.status} and paid back")
        elif units != due or any(refund.store_order_id not in {one.store_order_id, None} for refund in paid):
            wrong.append(f"order {one.order_id}: case {one.case_id} is about {due}, {units} went back")
        elif one.refunded != sum(refund.amount for refund in paid):
            wrong.append(f"order {one.order_id}: case {one.case_id} says that {one.refunded} went back")
        elif {refund.borne_by for refund in paid} != {one.borne_by}:
            wrong.append(f"order {one.order_id}: case {one.case_id} is at the cost of {one.borne_by}, not so")
        if one.status in _GOING_ON:
            claimed.update({claim.line_id: claim.left for claim in one.claims})
    for order in case.books.orders.values():
        for part in order.parts:
            for line in part.lines:
                if claimed[line.line_id] > line.quantity - line.refunded_quantity:
                    wrong.append(f"order {order.order_id}: {claimed[line.line_id]} of {line} are claimed")
    kinds = Counter(one.status for one in case.books.cases)
    remark = ", ".join(f"{count} {status}" for status, count in sorted(kinds.items()))
    return verdict("cases-are-paid-once", len(case.books.cases), wrong, remark)


def completion_waits_for_cases(case: Case) -> Verdict:
    """An order is completed when its window has closed and none of its cases goes on."""
    orders = case.books.orders
    completed = {name: order for name, order in orders.items() if order.completed_at is not None}

    def wrong() -> Iterator[str]:
        for order in orders.values():
            at = order.completed_at
            if (order.status == "completed") != (at is not None):
                yield f"order {order.order_id} is {order.status}, and was completed at {at}"
            elif at is not None and (order.delivered_at is None or order.delivered_at > at):
                yield f"order {order.order_id} was completed before it was delivered"
        for one in case.books.cases:
            at = completed[one.order_id].completed_at if one.order_id in completed else None
            so_far = [status for moved, status in one.steps if at is not None and moved <= at]
            if so_far and so_far[-1] in _GOING_ON:
                yield f"order {one.order_id} was completed while its case {one.case_id} was {so_far[-1]}"

    return verdict("completion-waits-for-cases", len(completed), wrong())


CHECKS = (prices_only_fall, cases_are_paid_once, completion_waits_for_cases)
