"""Invariants of who has what: orders in couriers' hands, couriers in zones, bookings in slots."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.trust.oracle.case import Case, Verdict, verdict
from tests.trust.oracle.trips import keys_of, order_of

_ASSIGNED, _TAKEN = "CourierAssigned", "CourierUnassigned"
_BY_COURIER = ("PickupCompleted", "TripCompleted", "DeliveryCompleted")
_AFTER = {
    None: {"offered", "lent", "returned"},
    "offered": {"lent", "returned"},
    "lent": {"recalled", "returned"},
    "recalled": {"returned"},
}


def one_hand_at_a_time(case: Case) -> Verdict:
    """An order, or each trip of one that was split, is in one courier's hands at a time, and leaves them
    for a reason that is told."""
    moved = 0
    wrong: list[str] = []
    for order_id, told in _hands(case).items():
        hand: str | None = None
        for type_, data in told:
            courier_id = str(data.get("courier_id"))
            if type_ == _ASSIGNED:
                if hand is not None:
                    wrong.append(f"order {order_id} was given to {courier_id} while {hand} had it")
                hand = courier_id
            elif type_ == _TAKEN:
                moved += 1
                if hand != courier_id:
                    wrong.append(f"order {order_id} was taken from {courier_id} while {hand} had it")
                if not data.get("reason"):
                    wrong.append(f"order {order_id} was taken from {courier_id} for no reason")
                hand = None
            elif hand != courier_id:
                wrong.append(f"order {order_id}: {type_} by {courier_id} while {hand} had it")
        delivery = case.books.deliveries.get(order_id)
        if delivery is None or delivery.courier_id != hand:
            wrong.append(f"order {order_id} was last given to {hand}, and dispatch says {delivery}")
    return verdict("one-hand-at-a-time", len(_hands(case)), wrong, f"{moved} taken from a courier again")


def nobody_is_given_unasked(case: Case) -> Verdict:
    """Who has an order said yes to it, or was given it by an operator; and what operators did was told."""
    agreed: Counter[tuple[str, str, int]] = Counter()
    for step in case.books.history:
        row = step.after
        if step.table == "offer" and row["status"] == "accepted" and step.changed("status"):
            agreed.update((order_id, row["courier_id"], row["plan_version"]) for order_id in row["order_ids"])
    given: Counter[tuple[str, str]] = Counter()
    taken: Counter[tuple[str, str]] = Counter()
    for act in case.books.by_hand:
        if act.to_courier_id is not None:
            given[act.order_id, act.to_courier_id] += 1
        # Who keeps the rest of an order that is split is asked nothing.
        if act.from_courier_id is not None and act.kind != "split":
            taken[act.order_id, act.from_courier_id] += 1
    wrong = [
        f"order {act.order_id}: {act.kind} for no reason" for act in case.books.by_hand if not act.reason
    ]
    looked = 0
    for key, told in _hands(case).items():
        order_id = order_of(case.books, key)
        for type_, data in told:
            who = order_id, str(data.get("courier_id"))
            if type_ == _ASSIGNED:
                looked += 1
                version = int(data.get("plan_version") or 0)
                if version == 0:
                    given[who] -= 1
                    if not data.get("reason"):
                        wrong.append(f"order {order_id} was given to {who[1]} by hand for no reason")
                elif agreed[key, who[1], version] != 1:
                    wrong.append(
                        f"order {order_id} was given to {who[1]} by plan {version}, who said yes"
                        f" {agreed[key, who[1], version]} times"
                    )
            elif type_ == _TAKEN and data.get("reason") in {"operator", "transferred"}:
                taken[who] -= 1
    for acts, verb in ((given, "given to"), (taken, "taken from")):
        wrong += [
            f"order {order_id} was {verb} {courier_id} by hand, {count:+} times more than was told"
            for (order_id, courier_id), count in acts.items()
            if count
        ]
    kinds = Counter(act.kind for act in case.books.by_hand)
    remark = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return verdict("nobody-is-given-unasked", looked, wrong, remark)


def loans_come_home(case: Case) -> Verdict:
    """A courier is of one zone at a time, changes it with a loan alone, and every loan is returned."""
    running: dict[str, str] = {}
    status: dict[str, str] = {}
    moves: set[tuple[int, str, str, str]] = set()
    for step in case.books.history:
        if step.table == "loan":
            row = step.after
            moves.add((step.tx, row["courier_id"], row["from_zone_id"], row["to_zone_id"]))

    def wrong() -> Iterator[str]:
        for step in case.books.history:
            row = step.after
            if step.table == "courier" and step.before is not None:
                was, now = step.before["zone_id"], row["zone_id"]
                both = {(step.tx, row["courier_id"], was, now), (step.tx, row["courier_id"], now, was)}
                if was is not None and now is not None and not both & moves:
                    yield f"courier {row['courier_id']} went from zone {was} to {now} without a loan"
            if step.table != "loan":
                continue
            loan_id, courier_id, became = row["loan_id"], row["courier_id"], row["status"]
            if step.changed("status") and became not in _AFTER.get(step.was("status"), set()):
                yield f"loan {loan_id} was {step.was('status')} and became {became}"
            status[loan_id] = became
            if became != "returned" and running.setdefault(courier_id, loan_id) != loan_id:
                yield f"courier {courier_id} was lent in {running[courier_id]} and {loan_id} at once"
            if became == "returned" and running.get(courier_id) == loan_id:
                del running[courier_id]
        yield from (f"loan {loan_id} is {now}" for loan_id, now in status.items() if now != "returned")
        yield from case.books.couriers_away

    found = list(wrong())
    went = {
        s.after["loan_id"] for s in case.books.history if s.table == "loan" and s.after["status"] == "lent"
    }
    return verdict("loans-come-home", len(status), found, f"{len(went)} went to another zone")


def slots_keep_their_word(case: Case) -> Verdict:
    """Capacities are told in order, nobody books beyond the one of that moment, and bookings add up."""
    versions: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event_id, event in (case.books.stream or {}).items():
        if event.type == "SlotCapacityChanged":
            sequence = case.books.outbox[event_id].sequence if event_id in case.books.outbox else 0
            versions[str(event.data["slot_id"])].append((sequence, int(event.data["version"])))
    booked = Counter(d.slot_id for d in case.books.deliveries.values() if d.slot_taken)
    kept = Counter(d.slot_id for d in case.books.deliveries.values() if d.kept_by_payment)
    beyond: Counter[str] = Counter()
    last: dict[str, Mapping[str, Any]] = {}
    wrong: list[str] = []
    bookings = 0
    for step in case.books.history:
        if step.table != "slot":
            continue
        row, slot_id = step.after, step.after["slot_id"]
        more = row["taken"] - (step.was("taken") or 0)
        bookings += max(0, more)
        last[slot_id] = row
        beyond[slot_id] += min(max(0, more), max(0, row["taken"] - row["capacity"]))
        if row["taken"] < 0:
            wrong.append(f"slot {slot_id} has {row['taken']} bookings")
        if row["version"] < (step.was("version") or 0):
            wrong.append(f"slot {slot_id}: version {row['version']} came after {step.was('version')}")
    for slot_id, count in beyond.items():
        if count > kept[slot_id]:
            wrong.append(f"slot {slot_id} took {count} more than was offered")
    for slot_id, row in last.items():
        if row["taken"] != booked[slot_id]:
            wrong.append(f"slot {slot_id} counts {row['taken']} bookings, {booked[slot_id]} orders have it")
    for slot_id, told in versions.items():
        order = [version for _, version in sorted(told)]
        if order != sorted(set(order)):
            wrong.append(f"slot {slot_id} told its versions as {order}")
    remark = f"{bookings} bookings, {sum(map(len, versions.values()))} capacities told"
    return verdict("slots-keep-their-word", len(last), wrong, remark)


CHECKS = (one_hand_at_a_time, nobody_is_given_unasked, loans_come_home, slots_keep_their_word)


def _hands(case: Case) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
    """Per order, or trip of one, what was told of who has it, in the order in which it happened."""
    found: dict[str, list[tuple[int, str, Mapping[str, Any]]]] = defaultdict(list)
    key_of = keys_of(case.books)
    for event_id, event in (case.books.stream or {}).items():
        if event.source == "dispatch" and event.type in {_ASSIGNED, _TAKEN, *_BY_COURIER}:
            number = case.books.outbox[event_id].sequence if event_id in case.books.outbox else 0
            found[key_of(event.data)].append((number, event.type, event.data))
    return {
        order_id: [(type_, data) for _, type_, data in sorted(told, key=lambda one: one[0])]
        for order_id, told in found.items()
    }
