"""Telling idle couriers where they had better wait, now and then."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from services.dispatch.application.turns import Turns
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.planning.problem import Plan
from services.dispatch.domain.planning.travel import minutes_between
from services.dispatch.domain.planning.waiting import Idler, Post, WaitingHabits, where_to_wait
from services.dispatch.domain.wait import WaitAt

TURNS = Turns(every=timedelta(minutes=2))
HABITS = WaitingHabits()
# Who has not come by then does not want to.
_LATE = timedelta(minutes=3)
_THERE = 0.5


def is_on(state: ZoneState) -> bool:
    """Whether anybody here may be told where to wait at all."""
    return state.zone.settings.wait_minutes > 0 and not state.paused and bool(state.demand.shops)


def advise(
    state: ZoneState, plan: Plan, bound: Collection[str], now: datetime, habits: WaitingHabits = HABITS
) -> Mapping[str, WaitAt]:
    """What couriers are told who had better wait elsewhere; ``bound`` are about to be asked or changed.

    Who was told before and is on the way stays so. It only depends on what is given.
    """
    if not is_on(state):
        return {}
    idlers = [
        idler
        for courier in state.couriers.values()
        if courier.courier_id not in bound and (idler := _idler(state, plan, courier, now, habits))
    ]
    settings = state.zone.settings
    posts = where_to_wait(
        idlers,
        state.demand,
        farthest=settings.wait_minutes,
        metres_per_minute=settings.metres_per_minute,
        habits=habits,
    )
    return {
        courier_id: _told(post, now)
        for courier_id, post in posts.items()
        if not _is_told(state.couriers[courier_id], post)
    }


def _idler(
    state: ZoneState, plan: Plan, courier: Courier, now: datetime, habits: WaitingHabits
) -> Idler | None:
    if not courier.may_be_asked(now) or state.offer_to(courier.courier_id) is not None:
        return None
    shift, planned = courier.on_shift(), plan.routes.get(courier.courier_id, ())
    route = state.promised(courier)
    if len(planned) > len(route):
        return None
    if route:
        if not planned or planned[-1].finish > habits.soon:
            return None
        last = state.deliveries[planned[-1].basket_id].stop(planned[-1].stop_id)
        return Idler(
            courier_id=courier.courier_id,
            place=last.place,
            free_at=planned[-1].finish,
            movable=False,
            speed_factor=shift.speed_factor,
        )
    seen = state.sightings.get(courier.courier_id)
    place = seen.place if seen else courier.place
    if place is None:
        return None
    left = _left(state, courier, place)
    if left and courier.waits is not None and now < _expected(courier.waits):
        place = courier.waits.place
    else:
        left = 0.0
    return Idler(
        courier_id=courier.courier_id,
        place=place,
        free_at=left,
        movable=not left and shift.ends_at - now >= timedelta(minutes=habits.staying),
        speed_factor=shift.speed_factor,
    )


def _left(state: ZoneState, courier: Courier, place: Position) -> float:
    """How many minutes the courier still is from where to wait."""
    if courier.waits is None:
        return 0.0
    pace = state.zone.settings.metres_per_minute * courier.on_shift().speed_factor
    if place.metres_to(courier.waits.place) < _THERE * pace:
        return 0.0
    return minutes_between(place, courier.waits.place, pace)


def _expected(wait: WaitAt) -> datetime:
    return wait.since + timedelta(minutes=wait.minutes) + _LATE


def _is_told(courier: Courier, post: Post) -> bool:
    return courier.waits is not None and courier.waits.shop_id == post.shop.shop_id


def _told(post: Post, now: datetime) -> WaitAt:
    return WaitAt(
        shop_id=post.shop.shop_id,
        name=post.shop.name,
        place=post.shop.place,
        minutes=post.away,
        since=now,
        why=_why(post),
    )


def _why(post: Post) -> str:
    if math.isinf(post.other):
        return "Orders are likely here and nearby, and no other courier is free."
    minutes = max(1, round(post.other))
    return (
        "Orders are likely here and nearby, and the nearest courier who is free is "
        f"{minutes} minute{'s' if minutes > 1 else ''} away."
    )
