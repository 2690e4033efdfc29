"""Virtual time, and tasks that take turns: whose turn it is, and who dies, is drawn from the seed alone.

A task is a greenlet that runs until it waits. Nothing sleeps, nothing runs beside anything else, and no
time or chance comes from outside; so the same seed takes the same steps.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

import greenlet

DAWN = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


class Died(BaseException):
    """The process that runs this was killed. No code of the platform can catch it."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How unkind a world is: probabilities at each opportunity, and spans in seconds."""

    crash: float = 0.0
    power: float = 0.0
    dawdle: float = 0.2
    lose: float = 0.0
    double: float = 0.0
    late: float = 0.0
    latest: float = 0.0

    @classmethod
    def drawn(cls, chance: Random) -> Faults:
        """A kind of bad day; some are calm, so that what only happens in peace is seen, too."""
        mood = chance.random()
        if mood < 0.1:
            return cls()
        harsh = 1.0 if mood < 0.6 else 3.0
        return cls(
            crash=chance.choice((0.0, 0.003, 0.01)) * harsh,
            power=chance.choice((0.0, 0.05, 0.3)),
            dawdle=chance.choice((0.05, 0.25)),
            lose=chance.choice((0.0, 0.01, 0.04)) * harsh,
            double=chance.choice((0.0, 0.03, 0.1)) * harsh,
            late=chance.choice((0.0, 0.05, 0.2)),
            latest=chance.choice((5.0, 60.0, 400.0)),
        )


def _nothing(_process: Process) -> None:
    pass


@dataclass(eq=False)
class Process:
    """Something that can be killed, and starts again after a while: ``begin`` starts its tasks."""

    name: str
    begin: Callable[[], None] = lambda: None
    mortal: bool = True
    alive: bool = False
    tasks: dict[int, Task] = field(default_factory=dict)


@dataclass(eq=False)
class Task:
    process: Process
    name: str
    number: int
    thread: Any = None
    over: bool = False
    turn: int = 0


class Signal:
    """Something to wait for; it stays up until it is taken down."""

    __slots__ = ("raised", "waiting")

    def __init__(self) -> None:
        self.raised = False
        self.waiting: list[tuple[Task, int]] = []


class Scheduler:
    """The one clock and the one source of chance of a world."""

    def __init__(self, seed: int, faults: Faults | None = None, *, traced: bool = False) -> None:
        self.chance = Random(seed)
        self.faults = faults or Faults.drawn(self.chance)
        self.seconds = 0.0
        self.steps = 0
        self.troubled = True
        self.counts: dict[str, int] = {}
        self.failures: list[str] = []
        self.trace: list[str] | None = [] if traced else None
        self.on_power_cut: Callable[[Process], None] = _nothing
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self._running: Task | None = None
        self._hub = greenlet.getcurrent()

    # -- the clock (shared.kernel.clock.Clock) -------------------------------------------------------

    def now(self) -> datetime:
        return DAWN + timedelta(seconds=self.seconds)

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()

    # -- what happens when ---------------------------------------------------------------------------

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self._number += 1
        heappush(self._due, (self.seconds + seconds, self._number, act))

    def run(self, until: float) -> None:
        """Let happen what is due by ``until``, which is the time afterwards."""
        due = self._due
        while due and due[0][0] <= until:
            self.seconds, _, act = heappop(due)
            self.steps += 1
            act()
        self.seconds = max(self.seconds, until)

    def run_dry(self) -> None:
        """Let happen all that is due at any time."""
        while self._due:
            self.run(self._due[0][0])

    # -- tasks ---------------------------------------------------------------------------------------

    def spawn(self, process: Process, name: str, work: Callable[[], None], delay: float = 0.0) -> Task:
        self._number += 1
        task = Task(process, name, self._number)
        process.tasks[task.number] = task

        def body() -> None:
            try:
                work()
            except Died:
                pass
            except Exception as error:
                self.fail(f"{process.name}/{name} raised {error!r}\n{traceback.format_exc()}")
            finally:
                task.over = True
                process.tasks.pop(task.number, None)

        task.thread = greenlet.greenlet(body, self._hub)
        self._later(task, delay)
        return task

    def pause(self, seconds: float) -> None:
        """Let others go on for so long."""
        task = self._current()
        self._later(task, seconds)
        self._hub.switch()

    def wait(self, signal: Signal, seconds: float | None = None) -> bool:
        """Wait until ``signal`` is raised, at most ``seconds``; true when it was."""
        if not signal.raised:
            task = self._current()
            task.turn += 1
            signal.waiting.append((task, task.turn))
            if seconds is not None:
                self._later(task, max(0.0, seconds), keep=True)
            self._hub.switch()
        return signal.raised

    def signal(self, signal: Signal) -> None:
        signal.raised = True
        for task, turn in signal.waiting:
            if task.turn == turn:
                self._later(task, 0.0, keep=True)
        signal.waiting.clear()

    def _later(self, task: Task, seconds: float, *, keep: bool = False) -> None:
        if not keep:
            task.turn += 1
        turn = task.turn

        def go_on() -> None:
            # Of several reasons to go on, the first counts.
            if not task.over and task.turn == turn:
                task.turn += 1
                self._switch(task, None)

        self.after(seconds, go_on)

    def _switch(self, task: Task, error: BaseException | None) -> None:
        before, self._running = self._running, task
        try:
            if error is None:
                task.thread.switch()
            elif task.thread:
                task.thread.throw(error)
        finally:
            self._running = before

    def _current(self) -> Task:
        if self._running is None:
            raise RuntimeError("only a task can wait")
        return self._running

    # -- dying ---------------------------------------------------------------------------------------

    def start(self, process: Process) -> None:
        if not process.alive:
            process.alive = True
            self.note(f"{process.name} starts")
            process.begin()

    def kill(self, process: Process) -> None:
        """Kill every task of ``process`` where it stands; it starts again after a while."""
        self.count("crash")
        process.alive = False
        for task in list(process.tasks.values()):
            if not task.over:
                self._switch(task, Died())
                task.over = True
        process.tasks.clear()
        self.after(self.chance.choice((0.2, 2.0, 20.0)), lambda: self.start(process))

    def end(self, processes: Iterable[Process]) -> None:
        """End every task, so that nothing keeps this world in memory."""
        self._due.clear()
        self.troubled = False
        for process in processes:
            for task in list(process.tasks.values()):
                self._switch(task, Died())
            process.tasks.clear()

    def may_die(self, where: str, danger: float = 1.0) -> None:
        """The task's process may be killed here, or its whole database may lose power.

        ``danger`` makes up for how seldom a task comes by.
        """
        if not self.troubled or self._running is None:
            return
        process = self._running.process
        if process.mortal and self.chance.random() < self.faults.crash * danger:
            cut = self.chance.random() < self.faults.power
            self.note(f"{process.name} dies {where}" + (", with its database" if cut else ""))
            self.count(f"died {where}")
            # Before anything else that is due at this moment: what it has not committed is seen by nobody.
            self._number += 1
            heappush(self._due, (self.seconds, -self._number, lambda: self._fall(process, cut)))
            self._hub.switch()

    def _fall(self, process: Process, cut: bool) -> None:
        if process.alive:
            self.kill(process)
        if cut:
            self.on_power_cut(process)

    def step(self, where: str, danger: float = 1.0) -> None:
        """The task's process may die here, and others may go on before the task does."""
        self.may_die(where, danger)
        if self._running is not None and self.chance.random() < self.faults.dawdle:
            self.pause(self.chance.choice((0.001, 0.01, 0.5)))

    # -- luck ----------------------------------------------------------------------------------------

    def happens(self, probability: float, what: str) -> bool:
        """Whether a fault of that kind happens now."""
        if self.troubled and probability and self.chance.random() < probability:
            self.count(what)
            return True
        return False

    def travel(self) -> float:
        """How long a message is under way."""
        if self.troubled and self.faults.late and self.chance.random() < self.faults.late:
            self.count("late")
            return self.chance.random() * self.faults.latest
        return 0.002 + self.chance.random() * 0.05

    # -- remembering ---------------------------------------------------------------------------------

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def note(self, what: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.seconds:10.3f}  {what}")

    def fail(self, what: str) -> None:
        self.note(f"FAILED {what}")
        self.failures.append(what)
