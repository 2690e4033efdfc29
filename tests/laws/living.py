"""Leading lives by seed, one or a hundred thousand."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

from tests.laws.acts import finish, step
from tests.laws.backends import Backend, InMemory
from tests.laws.laws import LawBroken, check, check_at_rest
from tests.laws.life import Life
from tests.laws.still_world import StillWorld

MOST_STEPS = 30


def live(seed: str, *, backend: Backend | None = None, world: StillWorld | None = None) -> Counter[str]:
    """One life, checked after each step; answers how often what happened. Raises :class:`LawBroken`."""
    world = world or StillWorld()
    world.pass_by(timedelta(days=1))
    random = Random(seed)
    life = Life(seed, backend or InMemory(world), world, random)
    for _ in range(random.randint(4, MOST_STEPS)):
        step(life, random)
        _checked(life, seed)
    finish(life, random)
    try:
        check_at_rest(life)
    except LawBroken as broken:
        raise LawBroken(f"life {seed}: {broken}") from broken
    return Counter([*life.steps, f"ends {life.order.status}"])


def _checked(life: Life, seed: str) -> None:
    try:
        check(life)
    except LawBroken as broken:
        raise LawBroken(f"life {seed}: {broken}") from broken
