"""Which machine runs the bundling kernel: plain Python, or the same source compiled by numba."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from services.dispatch.engine.bundling import cover, kernel
from services.dispatch.engine.bundling.rows import Town
from services.dispatch.engine.problem import Floats, Ints


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The kernel's entries and the rows they take. What ``enter`` answers stands for its argument."""

    name: str
    ints: Callable[[Iterable[int]], Ints]
    floats: Callable[[Iterable[float]], Floats]
    enter: Callable[[Town], Any]
    serve: Callable[..., float]
    plan: Callable[..., None]
    drop_bundle: Callable[..., None]
    delays: Callable[..., None]
    better_place: Callable[..., int]


PLAIN = Machine(
    name="plain",
    ints=list,
    floats=list,
    enter=lambda town: town,
    serve=kernel.serve,
    plan=kernel.plan,
    drop_bundle=kernel.drop_bundle,
    delays=cover.delays,
    better_place=cover.better_place,
)


def fastest() -> Machine:
    """The compiled kernel where there is numba, which takes some seconds the first time; or plain Python."""
    try:
        from services.dispatch.engine.bundling.compiled import machine
    except ImportError:
        return PLAIN
    return machine()
