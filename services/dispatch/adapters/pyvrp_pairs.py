"""Errands planned by PyVRP: what plans slots hours ahead, and a yardstick for the engine.

PyVRP is optional (``make setup-slots``). Its search lets other threads run.
"""

from __future__ import annotations

import logging
import math
import time
import warnings
from importlib.util import find_spec
from typing import Any

from services.dispatch.domain.planning.pairs import Call, Pairs, Rounds
from services.dispatch.domain.planning.slots import Planned, SlotWork, as_pairs, from_rounds

# It reckons in whole numbers: so many are a unit of time.
_SCALE = 1000
_NEVER = 2**50
# Dearer than all the riding that one vehicle less could cost, and not so dear that riding counts for nothing.
_VEHICLE = 100
# In vehicles: an errand is left out where no vehicle could do it, and for no other reason.
_LEFT_OUT = 3


def is_there() -> bool:
    """Whether PyVRP is installed."""
    return find_spec("pyvrp") is not None


class PyVrpPairs:
    """:class:`services.dispatch.domain.planning.pairs.PairSolver`."""

    name = "pyvrp"

    def solve(self, pairs: Pairs, seconds: float, seed: int) -> Rounds | None:
        import pyvrp

        # What it says goes to the standard output, where others answer in JSON.
        logging.getLogger("pyvrp").setLevel(logging.WARNING)
        end = time.thread_time() + seconds

        def is_over(best_cost: int) -> bool:  # noqa: ARG001
            return time.thread_time() >= end

        data = _data(pyvrp, pairs)
        with warnings.catch_warnings():
            # What it warns of is that it may find nothing, and then nothing is what is answered.
            warnings.simplefilter("ignore", pyvrp.exceptions.PenaltyBoundWarning)
            found = pyvrp.solve(data, stop=is_over, seed=seed, collect_stats=False, display=False)
        if not found.best.is_feasible():
            return None
        rounds = tuple(
            tuple((call.idx, call.is_delivery()) for call in route if call.is_shipment())
            for route in found.best.routes()
        )
        done = {errand for one in rounds for errand, _ in one}
        return Rounds(
            rounds=tuple(one for one in rounds if one),
            left_out=tuple(errand for errand in range(len(pairs.errands)) if errand not in done),
            tries=found.num_iterations,
        )


class PyVrpSlots:
    """:class:`services.dispatch.domain.planning.slots.SlotSolver`: each order's shops are one pickup."""

    name = "pyvrp"

    def solve(self, work: SlotWork, seconds: float, seed: int) -> Planned:
        found = PyVrpPairs().solve(as_pairs(work), seconds, seed)
        if found is None:
            late = tuple(one.order_id for one in work.booked)
            return Planned(rounds=(), late=late, solver=self.name)
        return from_rounds(work, found, self.name)


def _data(pyvrp: Any, pairs: Pairs) -> Any:
    # Times are rounded up, so that what is in time here is in time; whole ones stay what they are.
    travel = [[_up(minutes) for minutes in row] for row in pairs.travel]
    locations = [pyvrp.Location(x=0, y=0) for _ in travel]
    vehicle = _VEHICLE * max((max(row) for row in travel), default=1)
    shipments = [
        pyvrp.Shipment(
            pickup_location=errand.pickup.place,
            delivery_location=errand.drop.place,
            **_window("pickup", errand.pickup),
            **_window("delivery", errand.drop),
            amount=[errand.amount],
            prize=0 if pairs.all else _LEFT_OUT * vehicle,
            required=pairs.all,
        )
        for errand in pairs.errands
    ]
    fleet = pyvrp.VehicleType(
        num_available=pairs.vehicles,
        capacity=[pairs.capacity],
        start_depot=0,
        end_depot=1,
        fixed_cost=vehicle,
        tw_early=_up(pairs.begins),
        tw_late=_down(pairs.ends),
    )
    depots = [pyvrp.Depot(location=pairs.start), pyvrp.Depot(location=pairs.end)]
    return pyvrp.ProblemData(locations, [], depots, [fleet], [travel], [travel], [], shipments)


def _window(end: str, call: Call) -> dict[str, int]:
    return {
        f"{end}_tw_early": _up(max(0.0, call.opens)),
        f"{end}_tw_late": _down(call.closes),
        f"{end}_service_duration": _up(call.service),
    }


def _up(value: float) -> int:
    return _NEVER if value == math.inf else math.ceil(value * _SCALE - 1e-6)


def _down(value: float) -> int:
    return _NEVER if value == math.inf else math.floor(value * _SCALE + 1e-6)
