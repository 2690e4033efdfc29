"""The kernel compiled by numba: its source as it is, its rows as arrays, one pointer for each tuple of them.

Handing on the tuples themselves would copy some hundred words with every call, which makes the code ten times
slower and takes numba minutes to compile.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import numba
import numpy as np
from numba.experimental import structref
from numba.extending import register_jitable

from services.dispatch.engine import insertion, kernel, moves, near, problem
from services.dispatch.engine.machine import Machine
from services.dispatch.engine.problem import Floats, Ints, Problem, State

_INNER = (
    *(kernel.begin, kernel.at_door, kernel.home, kernel._look_back, kernel.refresh, kernel.tail, kernel.fits),
    *(insertion.pair, insertion.single, insertion.put, insertion.copy_row, insertion._order_pickups),
    *(
        insertion.best_insertion,
        insertion.recalled_insertion,
        near.apart,
        near.relatives,
        near._distance,
        near._look_around,
    ),
    *(near.candidates, moves.draw, moves.share, moves.touch, moves.accept, moves._is_relative, moves.total),
    *(moves._ruin, moves._take_out, moves._recreate, moves._insert, moves._undo, moves.keep_best),
)

_TYPES = {int: numba.int64, float: numba.float64, Ints: numba.int64[::1], Floats: numba.float64[::1]}


@structref.register
class ProblemType(numba.types.StructRef):
    """The compiler's name for what a :class:`Problem` is held in."""


@structref.register
class StateType(numba.types.StructRef):
    """The compiler's name for what a :class:`State` is held in."""


class HeldProblem(structref.StructRefProxy):
    """A :class:`Problem` as the compiled kernel takes it."""


class HeldState(structref.StructRefProxy):
    """A :class:`State` as the compiled kernel takes it."""


structref.define_boxing(ProblemType, HeldProblem)
structref.define_boxing(StateType, HeldState)


def machine() -> Machine:
    """The machine; what it compiles when first called is kept beside the source, where one may write."""
    folder = cache_folder((problem, kernel, insertion, near, moves))
    numba.config.CACHE_DIR = str(folder)
    for function in _INNER:
        register_jitable(function)
    hold_problem = holder(ProblemType, Problem, folder)
    hold_state = holder(StateType, State, folder)
    measured = entry(_measured)

    def enter(p: Problem, s: State) -> tuple[Any, Any]:
        return hold_problem(*p), hold_state(*s)

    def travel(x: Floats, y: Floats) -> Any:
        return measured(floats(x), floats(y))

    return Machine(
        name="compiled",
        ints=ints,
        floats=floats,
        same=_same,
        travel=travel,
        enter=enter,
        refresh=entry(kernel.refresh),
        start_group=entry(moves.start_group),
        insert_next=entry(moves.insert_next),
        improve=entry(moves.improve),
        best_insertion=entry(insertion.best_insertion),
        total=entry(moves.total),
    )


def entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled, when it is first called, without the interpreter's lock."""
    made: Callable[..., Any] = numba.njit(nogil=True, cache=True)(function)
    return made


def holder(kind: Any, rows: Any, folder: Path) -> Callable[..., Any]:
    """A function that puts the fields of ``rows`` into one thing; it is kept because its source is a file."""
    fields = [(name, _TYPES[hint]) for name, hint in get_type_hints(rows).items()]
    names = [name for name, _ in fields]
    lines = [f"def hold({', '.join(names)}):", "    held = new(held_type)"]
    lines += [f"    held.{name} = {name}" for name in names]
    source = "\n".join([*lines, "    return held", ""])
    file = folder / f"{kind.__name__}.py"
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists() or file.read_text() != source:
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(source)
        part.rename(file)
    name = f"{__name__}.{kind.__name__}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    module.__dict__.update(new=structref.new, held_type=kind(fields))
    spec.loader.exec_module(module)
    return entry(module.hold)


def ints(numbers: Iterable[int]) -> Any:
    """A row of whole numbers."""
    return np.array(numbers, dtype=np.int64)


def floats(numbers: Iterable[float]) -> Any:
    """A row of numbers."""
    return np.array(numbers, dtype=np.float64)


def _same(number: float, count: int) -> Any:
    """A row of the same number: whole ones of a whole one."""
    return np.full(count, number, dtype=np.int64 if isinstance(number, int) else np.float64)


def _measured(x: Any, y: Any) -> Any:
    """What plain Python's ``over_plane`` says, gone through once: a big zone has a million legs."""
    points = len(x)
    travel = np.empty(points * points)
    for here in range(points):
        row = travel[here * points : (here + 1) * points]
        for there in range(points):
            east, north = x[here] - x[there], y[here] - y[there]
            row[there] = np.ceil(np.sqrt(east * east + north * north) - 1e-9) + 0.0
    return travel


def cache_folder(modules: Iterable[ModuleType]) -> Path:
    """One folder for each state of the source and of the compiler, so that nothing old is taken for new."""
    here = Path(__file__).parent
    files = [module.__file__ or "" for module in modules]
    sources = [Path(file).read_bytes() for file in (*files, __file__)]
    digest = hashlib.sha256(b"".join(sources) + numba.__version__.encode()).hexdigest()[:16]
    beside = here / "__pycache__"
    writable = os.access(beside if beside.is_dir() else here, os.W_OK)
    parent = beside if writable else Path(tempfile.gettempdir()) / f"linli-{os.getuid()}"
    return parent / f"kernel-{digest}"
