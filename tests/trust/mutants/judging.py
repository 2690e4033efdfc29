"""What is newly wrong on a stage that earlier mutants have damaged already."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg2

from linli.day.quiet import databases_at, undone
from tests.trust.books import Books, Told
from tests.trust.client_log import read_log
from tests.trust.mutants.ground import Ground
from tests.trust.oracle import NOT_JUDGED, Case, Verdict, judge
from tests.trust.reading import read_books, read_depths, told
from tests.trust.reading_terms import read_audit
from tests.trust.replayed import read_stream

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# What is wrong twice with other figures is wrong once.
_FIGURE = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class State:
    """What is wrong now, by invariant, and which orders and events there are."""

    wrong: Mapping[str, frozenset[str]]
    known: frozenset[str]
    events: Mapping[str, str]
    """Each event's subject."""
    undone: Mapping[str, int]

    def and_also(self, other: State) -> State:
        """What is wrong in both."""
        return replace(
            self,
            wrong={name: found & other.wrong.get(name, frozenset()) for name, found in self.wrong.items()},
        )


def look(ground: Ground, before: State | None = None) -> State:
    """Let the oracle judge the stage as it is; what was undone ``before`` is not new unrest."""
    stage, load = ground.stage, ground.load
    with databases_at(stage.platform.database_urls) as databases:
        left = undone(databases)
        books = read_books(databases)
    _read_broker(books, stage.servers.amqp_url)
    read_audit(books, stage.platform.database_urls["commission"])
    days = load.hood.day
    case = Case(
        wishes=read_log(load.log.path),
        books=books,
        supplied={load.town.cast.listing_ids[one.listing]: one.stock for one in load.hood.goods},
        injected=ground.injected,
        now=stage.clock.now(),
        deadline=timedelta(minutes=days.rules.maximum_click_to_door_minutes),
        left_undone=_unrest(left, before),
    )
    return State(
        wrong={verdict.name: _keys(verdict) for verdict in judge(case)},
        known=frozenset(books.orders) | frozenset(books.outbox),
        events={event_id: event.subject for event_id, event in books.outbox.items()},
        undone=left,
    )


def newly_wrong(before: State, after: State) -> dict[str, list[str]]:
    """The invariants that were broken in between, each with its offenders.

    Whatever is said of an order or event that was there before, or of later news of such an order, is the
    old damage getting worse.
    """
    known = before.known | {event for event, subject in after.events.items() if subject in before.known}
    found = {}
    for name, offenders in after.wrong.items():
        new = [
            offender
            for offender in sorted(offenders - before.wrong.get(name, frozenset()))
            if not known.intersection(_ID.findall(offender))
        ]
        if new:
            found[name] = new
    return found


def not_judged(state: State) -> dict[str, list[str]]:
    """The invariants whose checks died: these would notice nothing, on whatever ground."""
    return {
        name: sorted(offenders)
        for name, offenders in state.wrong.items()
        if any(offender.startswith(NOT_JUDGED) for offender in offenders)
    }


def wait_until_calm(urls: Mapping[str, str], before: Mapping[str, int], patience: float) -> float:
    """Wait until no more is undone than ``before``; returns the seconds it took, at most ``patience``."""
    began = time.monotonic()
    calm = 0
    while calm < 3 and time.monotonic() - began < patience:
        try:
            with databases_at(urls) as databases:
                calm = 0 if _more(undone(databases), before) else calm + 1
        except psycopg2.Error:
            calm = 0
        time.sleep(0.3)
    return time.monotonic() - began


def _unrest(left: Mapping[str, int], before: State | None) -> dict[str, int]:
    return _more(left, before.undone if before else {})


def _more(left: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {what: count for what, count in left.items() if count > before.get(what, 0)}


def _keys(verdict: Verdict) -> frozenset[str]:
    return frozenset(_key(offender) for offender in verdict.offenders)


def _key(offender: str) -> str:
    """The offender without its figures, but with every id in it."""
    ids = _ID.findall(offender)
    return " ".join([_FIGURE.sub("#", _ID.sub("…", offender)), *ids])


def _read_broker(books: Books, amqp_url: str) -> None:
    """As :func:`tests.trust.reading.read_broker`, without waiting for a message that does not come."""
    held = read_depths(books, amqp_url)
    books.stream = {}
    for message in read_stream(amqp_url, held):
        said = Told(source=message.source, type=message.type, data=told(message.body))
        books.stream.setdefault(message.event_id, said)
