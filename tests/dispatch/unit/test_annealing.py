"""A long search: the best that it has seen, the same on either machine."""

from __future__ import annotations

import random

import pytest

from services.dispatch.engine import machine
from services.dispatch.engine.annealing import Cooling, anneal
from services.dispatch.engine.model import Job, Model, Stop, Vehicle
from services.dispatch.engine.search import Search

# Places on a line, a minute apart.
LINE = [float(abs(a - b)) for a in range(40) for b in range(40)]


def a_model(seed: int = 5) -> Model:
    chance = random.Random(3)
    jobs = tuple(
        Job(
            pickups=(Stop(place=chance.randrange(40), amount=(1,)),),
            drop=Stop(place=chance.randrange(40)),
            waiting=1.0,
            due=60.0,
        )
        for _ in range(14)
    )
    vehicles = tuple(Vehicle(start=start, capacity=(2,)) for start in (0, 20, 39))
    return Model(jobs=jobs, vehicles=vehicles, travel=LINE, late=3.0, riding=0.15, seed=seed)


# So hot that nearly everything is kept, however dear.
HOT = Cooling(hot=50.0, cold=50.0)


def test_a_long_search_answers_the_best_that_it_has_seen_however_far_it_has_gone_since() -> None:
    model = a_model()
    built = Search(model, machine.PLAIN).run(rounds=0)
    found = anneal(Search(model, machine.PLAIN), 60, cooling=HOT)
    assert found.rounds == 60
    assert found.cost <= built.cost
    search = Search(model, machine.PLAIN)
    assert sum(search.cost(*known) for known in enumerate(found.stops)) == pytest.approx(found.cost)
    cold = anneal(Search(model, machine.PLAIN), 200)
    assert cold.cost < built.cost


def test_a_long_search_starts_from_what_is_wished() -> None:
    model = a_model()
    found = anneal(Search(model, machine.PLAIN), 60)
    again = anneal(Search(model, machine.PLAIN), 0, wished=enumerate(found.stops))
    assert (again.stops, again.cost) == (found.stops, pytest.approx(found.cost))
    hot = anneal(Search(model, machine.PLAIN), 20, wished=enumerate(found.stops), cooling=HOT)
    assert hot.cost <= found.cost + 1e-6


def test_a_long_search_is_the_same_on_either_machine() -> None:
    model = a_model()
    plain = anneal(Search(model, machine.PLAIN), 60, cooling=HOT)
    assert anneal(Search(model, machine.PLAIN), 60, cooling=HOT) == plain
    if not machine.warm_up():
        pytest.skip("numba is not installed")
    assert anneal(Search(model, machine.machine()), 60, cooling=HOT) == plain


def test_a_long_search_ends_with_its_time() -> None:
    assert anneal(Search(a_model(), machine.PLAIN), 1_000, spent=lambda: 1.0).rounds == 0
