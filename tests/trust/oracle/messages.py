"""Invariants of goods and messages: units and events are neither lost nor made up on the way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.trust.books import Parked
from tests.trust.fault import Injected
from tests.trust.oracle.case import Case, Verdict, verdict


def stock_adds_up(case: Case) -> Verdict:
    """Per listing: supplied − sold + returned = current, nothing held, nothing below zero."""
    sold: Counter[str] = Counter()
    listing_of: dict[str, str] = {}
    for order in case.books.orders.values():
        for part in order.parts:
            for line in part.lines:
                listing_of[line.line_id] = line.listing_id
                if order.paid_at is not None:
                    sold[line.listing_id] += line.quantity
            for proposal in part.proposals:
                # What is missing was sold and is not there; what takes its place comes off the shelf.
                if proposal.status == "accepted" and proposal.listing_id is not None:
                    sold[proposal.listing_id] += proposal.quantity
    for refund in case.books.refunds:
        if refund.restock:
            for back in refund.lines:
                sold[back.listing_id or listing_of.get(back.line_id, back.line_id)] -= back.quantity

    def wrong() -> Iterator[str]:
        for listing_id, supplied in case.supplied.items():
            level = case.books.levels.get(listing_id)
            if level is None:
                yield f"listing {listing_id} is not there"
            elif level.stock < 0 or level.reserved or level.short:
                yield f"listing {listing_id}: {level}"
            elif level.stock != supplied - sold[listing_id]:
                yield (
                    f"listing {listing_id}: {supplied} came, {sold[listing_id]} are sold, {level.stock} left,"
                    f" storefront counts {case.books.units_sold.get(listing_id, 0)} sold"
                )
        for order_id in case.books.open_reservations:
            yield f"order {order_id} still holds goods"

    return verdict("stock-adds-up", len(case.supplied), wrong(), f"{sold.total()} units sold")


def outbox_equals_stream(case: Case) -> Verdict:
    if case.books.stream is None:
        return verdict("outbox-equals-stream", 0, [], "there is no stream")
    made_up = _ids(case)
    outbox, stream = case.books.outbox.keys(), case.books.stream.keys() - made_up
    wrong = [f"{_named(case, one)} never reached the stream" for one in sorted(outbox - stream)]
    wrong += [
        f"{case.books.stream[one].type} {one} is in the stream and in no outbox"
        for one in sorted(stream - outbox)
    ]
    wrong += [f"{_named(case, name)} was not sent" for name, x in case.books.outbox.items() if not x.sent]
    return verdict("outbox-equals-stream", len(outbox), wrong)


def outbox_equals_inbox(case: Case) -> Verdict:
    """Per subscription, both ways: what was published for it took effect or is parked, and nothing else."""
    books, made_up = case.books, _ids(case)
    parked: dict[str, set[str]] = defaultdict(set)
    for letter in books.parked:
        if letter.event_id is not None:
            parked[letter.subscription].add(letter.event_id)
    published: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event_id, event in books.outbox.items():
        published[event.source, event.type].add(event_id)

    def wrong() -> Iterator[str]:
        for name, (source, types) in books.subscriptions.items():
            wanted = set().union(*(published[source, type_] for type_ in types))
            done = books.inbox.get(name, set())
            for event_id in sorted(wanted - done - parked[name]):
                yield f"{_named(case, event_id)} had no effect on {name}"
            for event_id in sorted(done - wanted - made_up):
                yield f"{event_id} took effect on {name} and is in no outbox"
        for name, event_id in books.waiting:
            yield f"{event_id} still waits for another attempt at {name}"

    return verdict("outbox-equals-inbox", sum(map(len, books.inbox.values())), wrong())


def parked_is_what_was_injected(case: Case) -> Verdict:
    unmatched = list(case.injected)
    wrong: list[str] = []
    seen: set[tuple[str, str]] = set()
    for letter in case.books.parked:
        match = next((one for one in unmatched if _is_of(letter, one)), None)
        if match is not None:
            unmatched.remove(match)
            seen.add((letter.subscription, letter.body))
        # The same message may be parked again when its reader died before it acknowledged.
        elif (letter.subscription, letter.body) not in seen:
            wrong.append(f"{letter.subscription} parked {letter.event_id}: {letter.reason[:160]}")
    wrong += [f"{one.subscription} did not park {one.event_id or one.body[:80]}" for one in unmatched]
    return verdict("parked-is-what-was-injected", len(case.injected) + len(case.books.parked), wrong)


def nothing_is_unroutable(case: Case) -> Verdict:
    wrong = [f"{count} messages in {name}" for name, count in case.books.depths.items() if count]
    return verdict("nothing-is-unroutable", len(case.books.depths), wrong)


def balances_follow_from_stream(case: Case) -> Verdict:
    """Rebuilt from the stream's first message: who is owed what, what orders kept, what customers bought."""
    owed: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    bought: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for event in (case.books.stream or {}).values():
        data = event.data
        if event.type == "SettlementPosted":
            owed[_account(data["payee"])] += int(data["amount"]["amount"])
        elif event.type == "OrderPaid":
            kept[str(data["order_id"])] += int(data["total"]["amount"])
        elif event.type == "RefundIssued":
            kept[str(data["order_id"])] -= int(data["amount"]["amount"])
            if data["store_order_id"] is not None:
                bought[data["shop_id"], data["customer_id"]][1] += int(data["amount"]["amount"])
        elif event.type == "StoreOrderSplit":
            bought[data["shop_id"], data["customer_id"]][0] += int(data["paid"]["amount"])
    booked: Counter[str] = Counter()
    for entry in case.books.entries:
        if entry.account.startswith(("payable:shop:", "payable:courier:", "revenue:delivery_fee")):
            booked[entry.account] -= entry.amount

    def wrong() -> Iterator[str]:
        for account in sorted(owed.keys() | booked.keys()):
            if owed[account] != booked[account]:
                yield f"{account}: {owed[account]} by the stream, {booked[account]} in the ledger"
        for order in case.books.orders.values():
            due = order.total - order.refunded if order.paid_at is not None else 0
            if kept[order.order_id] != due:
                yield f"order {order.order_id}: kept {kept[order.order_id]} by the stream, {due} in the books"
        for pair in sorted(bought.keys() | case.books.tallies.keys()):
            told, counted = tuple(bought.get(pair, (0, 0))), case.books.tallies.get(pair, (0, 0))
            if told != counted:
                yield f"customer {pair[1]} at shop {pair[0]}: {told} by the stream, {counted} in crm"

    return verdict("balances-follow-from-stream", len(owed) + len(kept) + len(bought), wrong())


CHECKS = (
    stock_adds_up,
    outbox_equals_stream,
    outbox_equals_inbox,
    parked_is_what_was_injected,
    nothing_is_unroutable,
    balances_follow_from_stream,
)


def _ids(case: Case) -> set[str]:
    return {one.event_id for one in case.injected if one.event_id is not None}


def _named(case: Case, event_id: str) -> str:
    event = case.books.outbox.get(event_id)
    return f"{event.type} {event_id} of {event.subject}" if event else event_id


def _is_of(letter: Parked, injected: Injected) -> bool:
    if letter.subscription != injected.subscription:
        return False
    if injected.event_id is not None:
        return letter.event_id == injected.event_id
    return letter.event_id is None and injected.body in letter.body


def _account(payee: Mapping[str, Any]) -> str:
    kind = payee["kind"]
    return "revenue:delivery_fee" if kind == "platform" else f"payable:{kind}:{payee['id']}"
