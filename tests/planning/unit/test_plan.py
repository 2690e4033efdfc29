"""`linli plan`: what a request may say, and what the answer means."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest

from linli.failures import Failure
from linli.planning.commands import Mode, answer_to
from linli.stack.state import ROOT

SAMPLE = json.loads((ROOT / "samples" / "plan" / "noon.json").read_text(encoding="utf-8"))
# Places 0 to 9 on a line, a hundred seconds apart.
LINE = {"car": {"durations": [[100 * abs(a - b) for a in range(10)] for b in range(10)]}}


def a_task(number: int, index: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "location_index": index} | fields


def a_request(*shipments: dict[str, Any], **vehicle: Any) -> dict[str, Any]:
    return {
        "vehicles": [{"id": 1, "start_index": 0, "capacity": [4]} | vehicle],
        "shipments": list(shipments),
        "matrices": LINE,
    }


def a_shipment(number: int = 1, start: int = 2, goal: int = 5, **fields: Any) -> dict[str, Any]:
    pickup, delivery = a_task(10 * number, start), a_task(10 * number + 1, goal)
    return {"amount": [1], "pickup": pickup, "delivery": delivery} | fields


def stops(answer: dict[str, Any], route: int = 0) -> list[tuple[str, int, int]]:
    steps = answer["routes"][route]["steps"][1:-1]
    return [(step["type"], step["id"], step["arrival"]) for step in steps]


def refusal(request: Any) -> str:
    with pytest.raises(Failure) as refused:
        answer_to(request)
    assert refused.value.exit_code == 2
    return str(refused.value)


def test_a_shipment_is_fetched_and_brought_in_seconds() -> None:
    answer = answer_to(a_request(a_shipment()))
    assert stops(answer) == [("pickup", 10, 200), ("delivery", 11, 500)]
    assert [step["load"] for step in answer["routes"][0]["steps"]] == [[0], [1], [0], [0]]
    assert answer["summary"]["duration"] == 500
    assert answer["unassigned"] == []


def test_one_delivery_may_have_several_pickups() -> None:
    shipment = {
        "pickups": [a_task(1, 6, amount=[1]), a_task(2, 3, amount=[2], time_windows=[[500, 900]])],
        "delivery": a_task(3, 7),
    }
    assert stops(answer_to(a_request(shipment))) == [
        ("pickup", 2, 300),
        ("pickup", 1, 800),
        ("delivery", 3, 900),
    ]


def test_what_is_on_board_stays_with_its_vehicle() -> None:
    shipment = {"pickups": [], "onboard": [3], "locked_to": 1, "delivery": a_task(3, 7)}
    answer = answer_to(a_request(shipment))
    assert stops(answer) == [("delivery", 3, 700)]
    assert [step["load"] for step in answer["routes"][0]["steps"]] == [[3], [0], [0]]


def test_due_is_soft_and_counted_and_a_window_is_hard() -> None:
    late = answer_to(a_request(a_shipment(due=450)))
    assert late["summary"]["late"] == 50
    shut = a_shipment(delivery=a_task(11, 5, time_windows=[[0, 450]]))
    assert answer_to(a_request(shut))["routes"] == []


@pytest.mark.parametrize(
    ("shipment", "vehicle", "reason"),
    [
        (a_shipment(amount=[5]), {}, "capacity"),
        (a_shipment(), {"time_window": [0, 400]}, "time"),
        (a_shipment(locked_to=1), {"time_window": [0, 400]}, "locked"),
    ],
)
def test_what_is_left_out_says_why(shipment: Any, vehicle: Any, reason: str) -> None:
    answer = answer_to(a_request(shipment, **vehicle))
    assert [(entry["id"], entry["reason"]) for entry in answer["unassigned"]] == [(10, reason), (11, reason)]


def test_what_only_others_keep_out_says_so() -> None:
    answer = answer_to(a_request(a_shipment(1), a_shipment(2, 3, 0), time_window=[0, 600]))
    assert {entry["reason"] for entry in answer["unassigned"]} == {"others"}


def test_checking_times_the_steps_and_names_what_they_break() -> None:
    steps = [{"type": "delivery", "id": 11}, {"type": "pickup", "id": 10}]
    request = a_request(a_shipment(amount=[5]), a_shipment(2), steps=steps, time_window=[0, 700])
    answer = answer_to(request, mode=Mode.check)
    assert stops(answer) == [("delivery", 11, 500), ("pickup", 10, 800)]
    causes = [violation["cause"] for violation in answer["summary"]["violations"]]
    assert causes == ["precedence", "delay"]
    assert {entry["reason"] for entry in answer["unassigned"]} == {"steps"}
    request["vehicles"][0] |= {"steps": steps[::-1], "time_window": [0, 900]}
    assert [v["cause"] for v in answer_to(request, mode=Mode.check)["summary"]["violations"]] == ["load"]


def test_what_was_planned_passes_the_check() -> None:
    planned = answer_to(SAMPLE)
    assert planned["unassigned"] == []
    request = deepcopy(SAMPLE)
    for vehicle in request["vehicles"]:
        for route in planned["routes"]:
            if route["vehicle"] == vehicle["id"]:
                vehicle["steps"] = [
                    {key: step[key] for key in ("type", "id") if key in step} for step in route["steps"]
                ]
    checked = answer_to(request, mode=Mode.check)
    assert checked == planned


def test_the_same_request_and_seed_give_the_same_plan() -> None:
    assert answer_to(SAMPLE, seed=3, rounds=60) == answer_to(SAMPLE, seed=3, rounds=60)


def test_nothing_is_served_in_a_break() -> None:
    pause = {"id": 1, "time_windows": [[100, 900]]}
    assert stops(answer_to(a_request(a_shipment(), breaks=[pause])))[0] == ("pickup", 10, 200)
    (start, pickup, *_) = answer_to(a_request(a_shipment(), breaks=[pause]))["routes"][0]["steps"]
    assert pickup["waiting_time"] == 700
    assert start["waiting_time"] == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"vehicles": []}, "vehicles: shorter than minimum length 1"),
        ({"fleet": []}, "fleet: there is no such field"),
        ({"jobs": []}, "jobs: a task of one stop is not known here"),
        ({"matrices": {"car": {"durations": [[0, 1]]}}}, "matrices.car.durations: it is not square"),
        ({"matrices": {}}, "the pickup 10: location is missing"),
        ({"shipments": [a_shipment(locked_to=7)]}, "shipments[0].locked_to: there is no vehicle 7"),
        ({"shipments": [a_shipment(onboard=[1])]}, "shipments[0].locked_to"),
        ({"shipments": [a_shipment(amount=[1, 1])]}, "shipments[0].amount: it has 2 dimensions"),
        ({"shipments": [a_shipment(due="soon")]}, "shipments[0].due: not a valid integer"),
        ({"shipments": [a_shipment(delivery=a_task(1, 99))]}, "the matrix has no row 99"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(a_request(a_shipment()) | change)


def test_something_else_than_a_request_is_refused() -> None:
    assert "not an object" in refusal([])


@pytest.mark.parametrize(
    ("text", "arguments", "code", "said"),
    [
        (json.dumps(SAMPLE), ["--json"], 0, '"routes"'),
        (json.dumps(SAMPLE), ["--mode", "check"], 1, "Unassigned"),
        ("{", [], 2, "is not JSON"),
    ],
)
def test_the_command_reads_the_standard_input(text: str, arguments: list[str], code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "linli", "plan", "-", *arguments],
        input=text,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
