"""Invariants of planning: a zone is one planner's at a time, and every question is put and answered once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.trust.history import Change
from tests.trust.oracle.case import Case, Verdict, verdict

OPEN = "open"


def zones_have_one_planner(case: Case) -> Verdict:
    """Tokens and plan versions of a zone only grow, and plans come from whoever has the lease alone."""
    steps = _of(case, "zone_plan")
    of_backend: dict[int, set[str]] = defaultdict(set)

    def wrong() -> Iterator[str]:
        for step in steps:
            if step.before is None:
                continue
            where = f"zone {step.after['zone_id']}, token {step.after['token']}"
            if step.after["token"] < step.before["token"]:
                yield f"{where}: the token was {step.before['token']} before"
            if step.after["plan_version"] < step.before["plan_version"]:
                yield f"{where}: plan {step.after['plan_version']} came after {step.before['plan_version']}"
            if is_claim(step):
                of_backend[step.backend].add(step.after["holder"])
                if step.after["token"] != step.before["token"] + 1:
                    yield f"{where}: {step.after['holder']} got a token out of turn"
            if not step.changed("planned_at"):
                continue
            if step.before["holder"] is None:
                yield f"{where}: a plan was kept that nobody had the lease for"
                continue
            of_backend[step.backend].add(step.before["holder"])
            if step.after["plan_version"] != step.before["plan_version"]:
                if step.after["plan_version"] != step.before["plan_version"] + 1:
                    yield f"{where}: plan {step.after['plan_version']} left some out"
                if datetime.fromisoformat(step.before["leased_until"]) < step.began:
                    yield f"{where}: a plan was kept after its lease had run out"
        for backend, holders in of_backend.items():
            if len(holders) > 1:
                yield f"connection {backend} worked under the leases of {' and '.join(sorted(holders))}"
        newest = {step.after["zone_id"]: step.after["plan_version"] for step in steps}
        for zone, version in sorted(case.books.recorded_plans.items()):
            if version > newest.get(zone, version):
                yield f"zone {zone}: plan {version} is on record and was never kept"

    seen = leases_in(steps)
    remark = f"{seen.plans} plans in {seen.leases} leases, {seen.takeovers} takeovers"
    return verdict("zones-have-one-planner", len(steps), wrong(), remark)


@dataclass(frozen=True, kw_only=True)
class Leases:
    """What happened to zones, counted."""

    plans: int
    leases: int
    takeovers: int
    """Leases of zones that another planner had before and kept no plan for."""
    taken_away: int


def leases_in(history: Sequence[Change]) -> Leases:
    steps = [step for step in history if step.table == "zone_plan"]
    return Leases(
        plans=sum(step.changed("plan_version") for step in steps if step.before is not None),
        leases=sum(map(is_claim, steps)),
        takeovers=_takeovers(steps),
        taken_away=sum(map(is_revoked, steps)),
    )


def is_claim(step: Change) -> bool:
    """A planner got the zone."""
    return step.before is not None and step.changed("token") and step.after["holder"] is not None


def _takeovers(steps: Sequence[Change]) -> int:
    count = 0
    planning: dict[str, str] = {}
    for step in steps:
        zone_id = step.after["zone_id"]
        if is_claim(step):
            count += planning.get(zone_id, step.after["holder"]) != step.after["holder"]
            planning[zone_id] = step.after["holder"]
        elif step.changed("planned_at"):
            planning.pop(zone_id, None)
    return count


def is_revoked(step: Change) -> bool:
    """The lease was taken from a planner who had it."""
    return (
        step.before is not None
        and step.changed("token")
        and step.before["holder"] is not None
        and step.after["holder"] is None
    )


def offers_come_from_plans(case: Case) -> Verdict:
    """What couriers are asked is kept together with the plan that asks, of a zone that is theirs and runs."""
    kept = {
        (step.tx, step.after["zone_id"], step.after["plan_version"])
        for step in _of(case, "zone_plan")
        if step.changed("plan_version")
    }
    asked = 0
    wrong: list[str] = []
    paused: set[str] = set()
    zone_of: dict[str, str | None] = {}
    for step in case.books.history:
        row = step.after
        if step.table == "zone_pause":
            (paused.add if row["resumed_at"] is None else paused.discard)(row["zone_id"])
        elif step.table == "courier":
            zone_of[row["courier_id"]] = row["zone_id"]
        elif step.table == "offer" and step.before is None:
            asked += 1
            offer = f"offer {row['offer_id']} of plan {row['plan_version']} in zone {row['zone_id']}"
            if (step.tx, row["zone_id"], row["plan_version"]) not in kept:
                wrong.append(f"{offer} was kept without that plan")
            if row["zone_id"] in paused:
                wrong.append(f"{offer} was made while the zone was paused")
            if zone_of.get(row["courier_id"], row["zone_id"]) != row["zone_id"]:
                wrong.append(f"{offer} asks a courier of zone {zone_of[row['courier_id']]}")
    wrong += [f"zone {zone_id} is still paused" for zone_id in sorted(paused)]
    pauses = sum(step.table == "zone_pause" and step.before is None for step in case.books.history)
    return verdict("offers-come-from-plans", asked, wrong, f"{pauses} pauses")


def one_question_at_a_time(case: Case) -> Verdict:
    """Nobody is asked for an order while another is, a courier is asked one thing, an offer ends once."""
    ends: Counter[str] = Counter()
    asked_for: dict[str, str] = {}
    asking: dict[str, str] = {}
    wrong: list[str] = []
    for step in _of(case, "offer"):
        row = step.after
        offer_id, courier_id = row["offer_id"], row["courier_id"]
        if step.was("status") not in {None, OPEN} and step.changed("status"):
            wrong.append(f"offer {offer_id} was {step.was('status')} and became {row['status']}")
        if step.changed("status") and row["status"] != OPEN:
            ends[row["status"]] += 1
            for order_id in row["order_ids"]:
                if asked_for.get(order_id) == offer_id:
                    del asked_for[order_id]
            if asking.get(courier_id) == offer_id:
                del asking[courier_id]
        if step.before is None and row["status"] == OPEN:
            for order_id in row["order_ids"]:
                if order_id in asked_for:
                    wrong.append(f"order {order_id} was asked for in {asked_for[order_id]} and {offer_id}")
                asked_for[order_id] = offer_id
            if courier_id in asking:
                wrong.append(f"courier {courier_id} was asked {asking[courier_id]} and {offer_id} at once")
            asking[courier_id] = offer_id
    wrong += [f"offer {offer_id} to {courier_id} never ended" for courier_id, offer_id in asking.items()]
    remark = ", ".join(f"{count} {status}" for status, count in sorted(ends.items()))
    return verdict("one-question-at-a-time", ends.total(), wrong, remark)


CHECKS = (zones_have_one_planner, offers_come_from_plans, one_question_at_a_time)


def _of(case: Case, table: str) -> list[Change]:
    return [step for step in case.books.history if step.table == table]
