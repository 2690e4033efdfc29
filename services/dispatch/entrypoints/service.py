"""Dispatch on the wire: parse, hand over, answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from services.dispatch.adapters.experience import REMEMBERED, Experience
from services.dispatch.adapters.forgetting import forget_plans
from services.dispatch.adapters.proofs import Codes
from services.dispatch.adapters.store import SqlHolds, SqlSightings, SqlStore
from services.dispatch.adapters.views import Views
from services.dispatch.adapters.zones import KnownZones, SqlZoneMap
from services.dispatch.application import (
    holding,
    lending,
    looking,
    operating,
    orders,
    overriding,
    pausing,
    resting,
    riding,
)
from services.dispatch.contracts import answers, consumed, figures_answers, recorded, requests
from services.dispatch.domain.commands import Hold
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.places import Position
from services.dispatch.domain.stop import Stop
from services.dispatch.entrypoints.dependencies import (
    CodesProvider,
    ExperienceProvider,
    KnownZonesProvider,
    SettingsProvider,
)
from services.dispatch.entrypoints.proofs import ProvesHandovers
from services.dispatch.entrypoints.second_tries import TriesAgain
from services.dispatch.entrypoints.slots import JudgesSlots
from services.dispatch.settings import Settings
from shared.kernel.clock import Clock, to_wire
from shared.messaging.context import current
from shared.messaging.dependencies import ClockProvider, DatabaseProvider
from shared.messaging.envelope import Event
from shared.messaging.parked import ShowsDeadLetters
from shared.messaging.rpc import answer
from shared.messaging.subscription import subscribe
from shared.messaging.timer import every
from shared.persistence import Database, Transaction

Result = TypeVar("Result")
Wire = dict[str, Any]


class DispatchService(JudgesSlots, TriesAgain, ProvesHandovers, ShowsDeadLetters):
    """Who brings what, when, on which way. Routes are planned by a process of its own."""

    name = "dispatch"

    database: Database = DatabaseProvider("dispatch")
    clock: Clock = ClockProvider()
    settings: Settings = SettingsProvider()
    known_zones: KnownZones = KnownZonesProvider()
    experience: Experience = ExperienceProvider()
    codes: Codes = CodesProvider()

    _facts: WeakKeyDictionary[Transaction, list[orders.Fact]] = WeakKeyDictionary()

    # -- for ordering --------------------------------------------------------------------------------------

    @answer
    def hold(self, **request: Any) -> Wire:
        command = requests.hold(request)
        held = self._hold_at_once(command)
        if held is None:
            held = self._do(lambda store: holding.hold(command, store=store, clock=self.clock))
        return answers.hold(held)

    def _hold_at_once(self, command: Hold) -> Delivery | None:
        # What a connection in autocommit is told is a transaction of its own: no BEGIN, no COMMIT.
        with self.database.read() as connection:
            zones, holds = SqlZoneMap(connection, self.known_zones), SqlHolds(connection)
            return holding.hold_at_once(command, zones=zones, holds=holds, clock=self.clock)

    @answer
    def release_hold(self, **request: Any) -> Wire:
        asked = requests.load(requests.RELEASE, request)
        reason = asked["reason"] or "released"
        self._do(lambda store: holding.release_hold(asked["order_id"], reason, store=store, clock=self.clock))
        return {"order_id": asked["order_id"], "released": True}

    @subscribe("ordering", *consumed.FROM_ORDERING)
    def on_ordering(self, tx: Transaction, event: Event) -> None:
        fact = orders.Fact(type=event.type, data=consumed.read(event.type, event.data), cause=current())
        facts = self._facts.get(tx)
        if facts is None:
            facts = self._facts[tx] = []
            # However many messages share the transaction, their deliveries are read and written once.
            tx.before_commit(lambda: orders.take_facts(facts, store=SqlStore(tx), clock=self.clock))
        facts.append(fact)

    @subscribe("gateway", *consumed.FROM_GATEWAY)
    def on_gateway(self, tx: Transaction, event: Event) -> None:
        orders.take_account(consumed.read(event.type, event.data), store=SqlStore(tx))

    @every(seconds=5)
    def give_back(self) -> None:
        """What was held for orders that nobody paid, and what was paid without a hold."""
        grace = self.settings.expiry_grace(self.clock)
        self._do(lambda store: holding.release_expired(store=store, clock=self.clock, grace=grace))
        self._do(lambda store: holding.fail_unheld(store=store, clock=self.clock, grace=grace))

    @every(seconds=3600)
    def forget(self) -> None:
        """How things went long ago says little of how they will go."""
        before = self.clock.now() - REMEMBERED
        self._do(lambda store: store.forget(before))

    @every(seconds=60)
    def forget_plans(self) -> None:
        """What has been on record for long enough, or is more than there is room for."""
        kept = timedelta(hours=self.settings.record_hours)
        with self.database.transaction() as tx:
            forget_plans(tx.connection, self.clock.now() - kept, self.settings.record_megabytes)

    # -- for customers -------------------------------------------------------------------------------------

    @answer
    def slots(self, **request: Any) -> Wire:
        """The slots of a place. The opening hours of shops are the storefront's to check."""
        asked = requests.load(requests.SLOTS, request)
        place = Position(lat=asked["lat"], lon=asked["lon"])
        with self._views() as views:
            found = looking.slots(place, views=views, clock=self.clock)
        return {"items": [answers.slot(slot) for slot in found], "asap": True, "next_cursor": None}

    @answer
    def tracking(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_ORDER, request)
        with self._views() as views:
            found = looking.tracking(asked["actor"], asked["order_id"], views=views, clock=self.clock)
            trips = [self._tracked(views, seen) for seen in found]
        return trips[0] | {"trips": trips}

    def _tracked(self, views: Views, seen: looking.TrackingView) -> Wire:
        code = self.codes.of(views.connection, seen.told_to) if seen.told_to else None
        return answers.tracking(seen.delivery, seen.seen, seen.pause, seen.window, code)

    # -- for operators -------------------------------------------------------------------------------------

    @answer
    def open_zone(self, **request: Any) -> Wire:
        command = requests.load(requests.OPEN_ZONE, request)
        return answers.zone(self._do(lambda store: operating.open_zone(command, store=store)))

    @answer
    def zones(self) -> Wire:
        with self._views() as views:
            pauses = views.pauses()
            zones = [answers.zone(zone, pauses.get(zone.zone_id)) for zone in views.zones()]
        return {"items": zones, "next_cursor": None}

    @answer
    def pause_zone(self, **request: Any) -> Wire:
        asked = requests.load(requests.PAUSE, request)
        act = partial(pausing.pause_zone, asked["actor"], asked["zone_id"], asked["reason"])
        return answers.pause(asked["zone_id"], self._do(lambda store: act(store=store, clock=self.clock)))

    @answer
    def resume_zone(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_ZONE, request)
        act = partial(pausing.resume_zone, asked["actor"], asked["zone_id"])
        return answers.pause(asked["zone_id"], self._do(lambda store: act(store=store, clock=self.clock)))

    @answer
    def override(self, **request: Any) -> Wire:
        command = requests.load(requests.OVERRIDE, request)
        act = partial(overriding.override, command)
        return answers.override(self._do(lambda store: act(store=store, clock=self.clock)))

    @answer
    def overrides(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_ZONE, request)
        with self._views() as views:
            found = looking.overrides(asked["actor"], asked["zone_id"], views=views)
        return {"items": [answers.override(one) for one in found], "next_cursor": None}

    @answer
    def approve_courier(self, **request: Any) -> Wire:
        asked = requests.load(requests.APPROVE, request)
        return answers.courier(
            self._do(
                lambda store: operating.approve_courier(
                    asked["actor"], asked["courier_id"], store=store, clock=self.clock
                )
            )
        )

    @answer
    def board(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_ZONE, request)
        with self._views() as views:
            found = looking.board(asked["actor"], asked["zone_id"], views=views)
        return {"zone_id": asked["zone_id"], "at": to_wire(self.clock.now())} | found

    @answer
    def explain_offer(self, **request: Any) -> Wire:
        command = requests.load(requests.OFFER, request)
        with self._views() as views:
            found = looking.explanation(command.actor, command.offer_id, views=views)
            return answers.explanation(*found)

    @answer
    def lend_courier(self, **request: Any) -> Wire:
        act = partial(lending.lend_courier, requests.load(requests.LEND, request))
        return answers.loan(self._do(lambda store: act(store=store, clock=self.clock)))

    @answer
    def recall_courier(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_LOAN, request)
        act = partial(lending.recall_courier, asked["actor"], asked["loan_id"])
        return answers.loan(self._do(lambda store: act(store=store, clock=self.clock)))

    @answer
    def loans(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_ZONE, request)
        with self._views() as views:
            found = looking.loans(asked["actor"], asked["zone_id"], views=views)
        return {"items": [answers.loan(one) for one in found], "next_cursor": None}

    @answer
    def figures(self, **request: Any) -> Wire:
        asked = requests.load(requests.FIGURES, request)
        with self._views() as views:
            found = looking.figures(
                asked["actor"], asked["zone_id"], asked["hours"], views=views, clock=self.clock
            )
        return figures_answers.figures(asked["zone_id"], *found)

    @answer
    def recorded_plan(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_ORDER, request)
        with self._views() as views:
            record = looking.recorded_plan(asked["actor"], asked["order_id"], views=views)
        return {"order_id": asked["order_id"], **recorded.to_wire(record)}

    # -- for couriers --------------------------------------------------------------------------------------

    @answer
    def start_shift(self, **request: Any) -> Wire:
        command = requests.load(requests.START_SHIFT, request)
        started = self._do(lambda store: riding.start_shift(command, store=store, clock=self.clock))
        return answers.shift(*started)

    @answer
    def end_shift(self, **request: Any) -> Wire:
        courier_id = requests.load(requests.NOTHING, request)["actor"].must_ride()
        ended = self._do(lambda store: riding.end_shift(courier_id, store=store, clock=self.clock))
        return answers.shift(*ended)

    @answer
    def start_break(self, **request: Any) -> Wire:
        courier_id = requests.load(requests.NOTHING, request)["actor"].must_ride()
        act = partial(resting.start_break, courier_id, clock=self.clock)
        return answers.shift(*self._do(lambda store: act(store=store)))

    @answer
    def end_break(self, **request: Any) -> Wire:
        courier_id = requests.load(requests.NOTHING, request)["actor"].must_ride()
        return answers.shift(
            *self._do(lambda store: resting.end_break(courier_id, store=store, clock=self.clock))
        )

    @answer
    def position(self, **request: Any) -> Wire:
        command = requests.load(requests.POSITION, request)
        # The next report comes in a few seconds: this one need not wait for the disk.
        with self.database.relaxed() as connection:
            riding.report_position(command, sightings=SqlSightings(connection), clock=self.clock)
        return {"accepted": True}

    @answer
    def route(self, **request: Any) -> Wire:
        courier_id = requests.load(requests.NOTHING, request)["actor"].must_ride()
        with self._views() as views:
            seen = looking.route(courier_id, views=views, clock=self.clock)
        shift = answers.shift(seen.courier, seen.courier.shift) if seen.courier.shift else None
        return answers.route(seen.courier, shift, seen.offers, seen.deliveries)

    @answer
    def accept_offer(self, **request: Any) -> Wire:
        command = requests.load(requests.OFFER, request)
        accepted = self._do(lambda store: riding.accept_offer(command, store=store, clock=self.clock))
        return answers.offer(*accepted)

    @answer
    def decline_offer(self, **request: Any) -> Wire:
        command = requests.load(requests.OFFER, request)
        declined = self._do(lambda store: riding.decline_offer(command, store=store, clock=self.clock))
        return answers.offer(declined)

    @answer
    def arrive(self, **request: Any) -> Wire:
        return self._at_stop(riding.arrive, request)

    @answer
    def fail(self, **request: Any) -> Wire:
        return self._at_stop(riding.fail, request)

    def _at_stop(self, act: Callable[..., tuple[Delivery, Stop]], request: Wire) -> Wire:
        command = requests.load(requests.AT_STOP, request)
        return answers.at_stop(*self._do(lambda store: act(command, store=store, clock=self.clock)))

    def _do(self, act: Callable[[SqlStore], Result]) -> Result:
        """In one transaction, again when it only lost a race for locks."""
        return self.database.run(lambda tx: act(SqlStore(tx)))

    @contextmanager
    def _views(self) -> Iterator[Views]:
        with self.database.read() as connection:
            yield Views(connection, self.experience)
