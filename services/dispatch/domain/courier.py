"""A courier: registered, approved, on a shift, on a route, and asked for one thing at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.dispatch.domain.errors import CourierNotApproved, NoShift, ShiftRunning, WrongState
from services.dispatch.domain.events import CourierOffShift, CourierOnShift, LoanEvent, ShiftEvent
from services.dispatch.domain.loan import Loan, LoanStatus, event_of
from services.dispatch.domain.places import Position
from services.dispatch.domain.stop import StopKind
from services.dispatch.domain.vehicle import ANY, USUAL_VEHICLE, Capacity, Vehicle
from services.dispatch.domain.wait import WaitAt

MISSED_BEFORE_PAUSE = 3
PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class RouteStop:
    """A stop in its place on a route, and when the courier is expected there."""

    stop_id: str
    order_id: str
    kind: StopKind
    eta: datetime


@dataclass(frozen=True, kw_only=True)
class PlannedBreak:
    """A break that is agreed on before the shift begins."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, kw_only=True)
class Shift:
    """From when to when, where and on what a courier works. An ``ending`` one only finishes what is on board.

    From ``break_asked_at`` on nothing new is taken, and once the route is done the courier rests; in one of
    the planned ``breaks`` nothing is planned to be served. ``capacity`` counts pickups, ``room`` bounds what
    the goods of all of them take.
    """

    shift_id: str
    zone_id: str
    started_at: datetime
    ends_at: datetime
    capacity: int
    ending: bool = False
    break_asked_at: datetime | None = None
    vehicle: Vehicle = USUAL_VEHICLE
    speed_factor: float = 1.0
    room: Capacity = ANY
    breaks: tuple[PlannedBreak, ...] = ()

    @property
    def carries(self) -> Capacity:
        return replace(self.room, pickups=self.capacity)


@dataclass(frozen=True, kw_only=True)
class Rest:
    """A break that was asked for and is over; without an end it went on until the shift was over."""

    shift_id: str
    asked_at: datetime
    ended_at: datetime | None


class Break(StrEnum):
    """How far a break has come."""

    ASKED = "asked"
    ON = "on"


class Readiness(StrEnum):
    """How far a courier is from being asked to ride."""

    UNKNOWN = "unknown"
    REGISTERED = "registered"
    APPROVED = "approved"


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """Where a courier was seen, and when."""

    place: Position
    at: datetime


@dataclass(kw_only=True)
class Courier:
    """Who rides, and the stops promised to them. ``place`` is where the last leg ended.

    ``loan`` is the one that runs; ``changed_loans`` collects what has newly become of loans, for saving, and
    ``rests`` the breaks that are newly over. ``waits`` is where a planner said to wait since the courier was
    saved last; saving ends it.
    """

    courier_id: str
    version: int = 0
    registered_at: datetime | None = None
    approved_at: datetime | None = None
    shift: Shift | None = None
    route: tuple[RouteStop, ...] = ()
    place: Position | None = None
    missed_offers: int = 0
    paused_until: datetime | None = None
    loan: Loan | None = None
    waits: WaitAt | None = None
    changed_loans: list[Loan] = field(default_factory=list)
    rests: list[Rest] = field(default_factory=list)
    events: list[ShiftEvent | LoanEvent] = field(default_factory=list)

    @property
    def readiness(self) -> Readiness:
        if self.approved_at is not None:
            return Readiness.APPROVED
        return Readiness.UNKNOWN if self.registered_at is None else Readiness.REGISTERED

    def register(self, at: datetime) -> None:
        """An account with this role exists. The earliest such news is kept."""
        if self.registered_at is None or at < self.registered_at:
            self.registered_at = at

    def approve(self, at: datetime) -> None:
        """An operator lets this courier ride, be it before or after the account is heard of."""
        if self.approved_at is None:
            self.approved_at = at

    def start_shift(self, shift: Shift, place: Position) -> None:
        """Go on shift. The same shift again changes nothing; another while one runs is refused."""
        if self.shift is not None:
            if self.shift.shift_id == shift.shift_id:
                return
            raise ShiftRunning
        if self.approved_at is None:
            raise CourierNotApproved
        self.shift, self.place, self.route = shift, place, ()
        self.missed_offers, self.paused_until = 0, None
        self.events.append(
            CourierOnShift(
                courier_id=self.courier_id,
                zone_id=shift.zone_id,
                shift_id=shift.shift_id,
                started_at=shift.started_at,
                ends_at=shift.ends_at,
                vehicle=shift.vehicle.value,
            )
        )

    def wind_down(self, finishing: set[str]) -> None:
        """Stop taking work; only the stops of the orders in ``finishing`` stay on the route."""
        self._note_rest(None)
        self.shift = replace(self.on_shift(), ending=True, break_asked_at=None)
        self.route = tuple(stop for stop in self.route if stop.order_id in finishing)

    def go_home_if_done(self, at: datetime) -> bool:
        """End an ending shift once nothing is left on the route; true when it has ended."""
        if self.shift is None or not self.shift.ending or self.route:
            return False
        home = self.shift.zone_id
        if self.loan is not None:
            home = self.loan.from_zone_id
            self.note_loan(self.loan.end(at))
        self.events.append(
            CourierOffShift(
                courier_id=self.courier_id,
                zone_id=home,
                shift_id=self.shift.shift_id,
                ended_at=at,
            )
        )
        self.shift = None
        return True

    def note_loan(self, loan: Loan) -> None:
        """The running loan is as ``loan`` says from now on; one that is returned runs no more."""
        self.loan = None if loan.status is LoanStatus.RETURNED else loan
        self.changed_loans.append(loan)
        self.events.append(event_of(loan))

    def ask_for_break(self, at: datetime) -> None:
        """Take nothing new from now on; raises :class:`WrongState` when the shift is ending anyway."""
        shift = self.on_shift()
        if shift.ending:
            raise WrongState("This shift is ending; there is no break any more.")
        if shift.break_asked_at is None:
            self.shift = replace(shift, break_asked_at=at)

    def end_break(self, at: datetime) -> None:
        self._note_rest(at)
        self.shift = replace(self.on_shift(), break_asked_at=None)

    def _note_rest(self, ended_at: datetime | None) -> None:
        shift = self.on_shift()
        if shift.break_asked_at is not None:
            self.rests.append(Rest(shift_id=shift.shift_id, asked_at=shift.break_asked_at, ended_at=ended_at))

    @property
    def rest(self) -> Break | None:
        """Asked for as long as there are stops to make, then on."""
        if self.shift is None or self.shift.break_asked_at is None:
            return None
        return Break.ASKED if self.route else Break.ON

    def on_shift(self) -> Shift:
        """The running shift; raises :class:`NoShift` when there is none."""
        if self.shift is None:
            raise NoShift
        return self.shift

    def follow(self, route: Sequence[RouteStop]) -> None:
        """The promised stops, in a new order or with new ones among them."""
        self.route = tuple(route)

    def leave_out(self, stop_ids: set[str]) -> None:
        self.route = tuple(stop for stop in self.route if stop.stop_id not in stop_ids)

    def ride_to(self, place: Position) -> int:
        """The metres from where the last leg ended to ``place``, where the next one starts."""
        metres = 0 if self.place is None else round(self.place.metres_to(place))
        self.place = place
        return metres

    def answered(self) -> None:
        self.missed_offers, self.paused_until = 0, None

    def missed(self, at: datetime) -> None:
        """Somebody who lets offer after offer run out is left in peace for a while."""
        self.missed_offers += 1
        if self.missed_offers >= MISSED_BEFORE_PAUSE:
            self.missed_offers, self.paused_until = 0, at + PAUSE

    def leave_alone(self, until: datetime) -> None:
        """Ask for nothing before ``until``."""
        self.missed_offers, self.paused_until = 0, until

    def may_be_asked(self, now: datetime) -> bool:
        if self.shift is None or self.shift.ending or now >= self.shift.ends_at or self.rest is not None:
            return False
        if any(pause.covers(now) for pause in self.shift.breaks):
            return False
        if self.loan is not None and self.loan.is_moving(now):
            return False
        return self.paused_until is None or now >= self.paused_until
