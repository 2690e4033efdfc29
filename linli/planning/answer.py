"""Routes as VROOM writes them: steps with times and loads, what is violated, why something is left out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from linli.planning.question import Question
from services.dispatch.engine.model import Job, Vehicle
from services.dispatch.engine.problem import IMPOSSIBLE, Problem
from services.dispatch.engine.search import Search
from services.dispatch.engine.timing import Served, timed

REASONS = {
    "locked": "The vehicle it is locked to cannot take it, even with nothing else to do.",
    "capacity": "It is too big for every vehicle.",
    "time": "No vehicle can do it within its hours, breaks and the time windows, even by itself.",
    "others": "There is no room for it beside what was given away.",
    "steps": "No vehicle's steps have all of its tasks.",
}


def answer_of(
    question: Question, search: Search, routes: Sequence[Sequence[int]], *, checked: bool
) -> dict[str, Any]:
    """The whole answer for ``routes``, of the engine's stops by vehicle."""
    p = search.p
    told = [_route(question, p, number, stops) for number, stops in enumerate(routes) if stops]
    left = [job for job in range(p.jobs) if not _is_served(p, job, routes)]
    costs = [_cost(search, number, stops) for number, stops in enumerate(routes) if stops]
    summary = {
        "cost": round(sum(costs)),
        "routes": len(told),
        "unassigned": len(left),
        **{name: sum(route[name] for route in told) for name in ("service", "duration", "waiting_time")},
        "late": sum(max(0, step.get("late", 0)) for route in told for step in route["steps"]),
        "violations": [violation for route in told for violation in route["violations"]],
    }
    if question.distances is not None:
        summary["distance"] = sum(route["distance"] for route in told)
    return {
        "code": 0,
        "summary": summary,
        "unassigned": [entry for job in left for entry in _left(question, search, job, checked)],
        "routes": told,
    }


def _is_served(p: Problem, job: int, routes: Sequence[Sequence[int]]) -> bool:
    wanted = set(range(p.first[job], p.drop[job] + 1))
    return any(wanted <= set(route) for route in routes)


def _cost(search: Search, vehicle: int, route: Sequence[int]) -> float:
    """What the route costs by its times, whether a hard rule holds or not."""
    search.cost(vehicle, route)
    return float(search.s.cost[search.p.vehicles])


def _route(question: Question, p: Problem, number: int, route: Sequence[int]) -> dict[str, Any]:
    vehicle, times = question.vehicles[number], timed(p, number, route)
    load = list(p.load[number * p.dimensions : (number + 1) * p.dimensions])
    begin = p.free_at[number]
    steps: list[dict[str, Any]] = [_end("start", begin, load, 0)]
    riding = 0.0
    for at, (stop, served) in enumerate(zip(route, times, strict=True)):
        load = [held + p.amount[stop * p.dimensions + d] for d, held in enumerate(load)]
        riding += served.leg
        steps.append(_step(question, p, number, stop, served, load, riding, set(route[:at])))
    last = p.place[route[-1]] if len(route) else p.start[number]
    leg = p.travel[last * p.places + p.end[number]] * p.slowness[number] if p.end[number] >= 0 else 0.0
    over = (times[-1].finish if times else begin) + leg
    steps.append(_end("end", over, load, riding + leg))
    if over > p.until[number] + 0.5:
        steps[-1]["violations"] = [{"cause": "delay", "duration": round(over - p.until[number])}]
    told = {
        "vehicle": vehicle["id"],
        "steps": steps,
        "service": round(sum(served.finish - served.start for served in times)),
        "duration": round(riding + leg),
        "waiting_time": round(sum(served.start - served.arrive for served in times)),
        "violations": [violation for step in steps for violation in step["violations"]],
    }
    if question.distances is not None:
        places = [p.start[number], *(p.place[stop] for stop in route)]
        places += [p.end[number]] if p.end[number] >= 0 else []
        legs = itertools.pairwise(places)
        told["distance"] = round(sum(question.distances[a * p.places + b] for a, b in legs))
    return told


def _end(kind: str, minute: float, load: Sequence[int], riding: float) -> dict[str, Any]:
    return {
        "type": kind,
        "arrival": round(minute),
        "duration": round(riding),
        "service": 0,
        "waiting_time": 0,
        "load": [int(amount) for amount in load],
        "violations": [],
    }


def _step(
    question: Question,
    p: Problem,
    number: int,
    stop: int,
    served: Served,
    load: Sequence[int],
    riding: float,
    before: set[int],
) -> dict[str, Any]:
    kind, task = question.tasks[stop]
    job = p.job_of[stop]
    step: dict[str, Any] = {
        "type": kind,
        "id": task["id"],
        "arrival": round(served.arrive),
        "duration": round(riding),
        "service": round(served.finish - served.start),
        "waiting_time": round(served.start - served.arrive),
        "load": [int(amount) for amount in load],
        "violations": [],
    }
    broken = step["violations"]
    if served.start > p.closes[stop] + 0.5:
        broken.append({"cause": "delay", "duration": round(served.start - p.closes[stop])})
    if any(held > p.capacity[number * p.dimensions + d] for d, held in enumerate(load)) and kind == "pickup":
        broken.append({"cause": "load"})
    if kind == "delivery":
        if not set(range(p.first[job], stop)) <= before:
            broken.append({"cause": "precedence"})
        if served.finish > p.due[job] + 0.5:
            step["late"] = round(served.finish - p.due[job])
    if 0 <= p.holder[job] != number:
        broken.append({"cause": "locked_to"})
    if "description" in task:
        step["description"] = task["description"]
    return step


def _left(question: Question, search: Search, job: int, checked: bool) -> list[dict[str, Any]]:
    reason = "steps" if checked else _why(question, job)
    told = []
    for stop in range(search.p.first[job], search.p.drop[job] + 1):
        kind, task = question.tasks[stop]
        entry = {"id": task["id"], "type": kind, "reason": reason, "sentence": REASONS[reason]}
        if "location" in task:
            entry["location"] = task["location"]
        told.append(entry)
    return told


def _why(question: Question, number: int) -> str:
    """What keeps the job from being done, tried with nothing else to do."""
    model = question.model
    job: Job = replace(model.jobs[number], holder=None)
    allowed: list[Vehicle] = list(model.vehicles)
    held = model.jobs[number].holder
    if held is not None:
        allowed = [model.vehicles[held]]
    allowed = [replace(vehicle, load=job.on_board) for vehicle in allowed]
    if _can(question, job, allowed):
        return "others"
    if held is not None:
        return "locked"
    roomy = [replace(v, capacity=tuple(10**15 for _ in v.capacity)) for v in allowed]
    return "capacity" if _can(question, job, roomy) else "time"


def _can(question: Question, job: Job, vehicles: Sequence[Vehicle]) -> bool:
    alone = replace(question.model, jobs=(replace(job, penalty=IMPOSSIBLE),), vehicles=tuple(vehicles))
    return not Search(alone).run(rounds=0).unassigned
