"""The bundling kernel compiled by numba, in the way of :mod:`services.dispatch.engine.compiled`."""

from __future__ import annotations

from functools import cache

import numba
from numba.experimental import structref
from numba.extending import register_jitable

from services.dispatch.engine.bundling import cover, kernel, rows
from services.dispatch.engine.bundling.machine import Machine
from services.dispatch.engine.compiled import cache_folder, entry, floats, holder, ints

_INNER = (
    *(kernel.ride, kernel._serve_alone, kernel.copy_row, kernel._swap, kernel.join, kernel.leave),
    *(kernel.serve, kernel.drop_bundle, kernel.best_way, kernel.give, kernel.take, kernel.keep_possible),
    *(kernel.draw, kernel.share, kernel._touch, kernel._undo, kernel._give_out, kernel._choose),
    *(kernel._improve, kernel._engaged, cover._late, cover.spared),
)


@structref.register
class TownType(numba.types.StructRef):
    """The compiler's name for what a :class:`~services.dispatch.engine.bundling.rows.Town` is held in."""


class HeldTown(structref.StructRefProxy):
    """A town as the compiled kernel takes it."""


structref.define_boxing(TownType, HeldTown)


@cache
def machine() -> Machine:
    """The machine; what it compiles when first called is kept beside the source, where one may write."""
    folder = cache_folder((rows, kernel, cover))
    numba.config.CACHE_DIR = str(folder)
    for function in _INNER:
        register_jitable(function)
    hold = holder(TownType, rows.Town, folder)
    return Machine(
        name="compiled",
        ints=ints,
        floats=floats,
        enter=lambda town: hold(*town),
        serve=entry(kernel.serve),
        plan=entry(kernel.plan),
        drop_bundle=entry(kernel.drop_bundle),
        delays=entry(cover.delays),
        better_place=entry(cover.better_place),
    )
