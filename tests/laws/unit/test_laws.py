"""The laws hold over random lives, and notice every fault that is planted."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.laws.acts import ACTS, finish, step
from tests.laws.backends import InMemory
from tests.laws.faults import FAULTS, Fault
from tests.laws.laws import LawBroken, check, check_at_rest
from tests.laws.life import Act, Life
from tests.laws.living import live
from tests.laws.still_world import StillWorld

_CHANCE = st.randoms(use_true_random=False)


class AnyLife(RuleBasedStateMachine):
    """What Hypothesis makes of a life: it chooses what happens, and shortens what breaks a law."""

    life: Life

    @initialize(chance=_CHANCE)
    def begins(self, chance: Random) -> None:
        world = StillWorld()
        self.life = Life("any", InMemory(world), world, chance)

    @rule(act=st.sampled_from(ACTS), chance=_CHANCE)
    def happens(self, act: Act, chance: Random) -> None:
        self.life.do(act, chance)
        check(self.life)

    @rule(chance=_CHANCE)
    def what_fits_happens(self, chance: Random) -> None:
        step(self.life, chance)
        check(self.life)

    def teardown(self) -> None:
        finish(self.life, Random(0))
        check_at_rest(self.life)


AnyLife.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyLifeThatHypothesisThinksOf = AnyLife.TestCase


def test_a_thousand_random_lives_keep_every_law() -> None:
    for number in range(1000):
        live(f"1-{number}")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.replace("_", " "))
def test_the_laws_notice(fault: Fault) -> None:
    with fault(), pytest.raises(AssertionError):
        for number in range(1000):
            live(f"2-{number}")


def test_a_broken_law_tells_the_life_and_its_steps() -> None:
    with FAULTS[0](), pytest.raises(LawBroken, match=r"life 2-\d+: .*(?s:.)*after: "):
        for number in range(1000):
            live(f"2-{number}")
