"""`linli bench mdrp`: days played online, solutions written and read, and judged apart from the policy."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from linli.bench import bench
from linli.bench.mdrp.files import read_solution, write_solution
from linli.bench.mdrp.instance import Instance, read_instance
from linli.bench.mdrp.judging import figures, violations
from linli.bench.mdrp.playing import USUAL, Assignment, Drop, Ride, Solution, play
from linli.failures import Failure
from services.dispatch.engine.bundling.machine import PLAIN

PARAMETERS = (
    "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\t"
    "maximum click-to-door\tpay per order\tguaranteed pay per hour\n300\t4\t4\t40\t90\t10\t15\n"
)


def write_instance(folder: Path, seed: int = 1, orders: int = 30, couriers: int = 6) -> Path:
    chance = random.Random(seed)

    def point() -> str:
        return f"{chance.randrange(6000)}\t{chance.randrange(6000)}"

    folder.mkdir(parents=True)
    (folder / "instance_parameters.txt").write_text(PARAMETERS)
    (folder / "restaurants.txt").write_text(
        "restaurant\tx\ty\n" + "".join(f"r{n}\t{point()}\n" for n in range(1, 6))
    )
    lines = []
    for n in range(1, orders + 1):
        placed = chance.randrange(100, 220)
        ready = placed + chance.randrange(1, 30)
        lines.append(f"o{n}\t{point()}\t{placed}\tr{chance.randrange(1, 6)}\t{ready}\n")
    (folder / "orders.txt").write_text(
        "order\tx\ty\tplacement_time\trestaurant\tready_time\n" + "".join(lines)
    )
    shifts = [(90, 260) if n % 2 else (120, 300) for n in range(couriers)]
    (folder / "couriers.txt").write_text(
        "courier\tx\ty\ton_time\toff_time\n"
        + "".join(f"c{n}\t{point()}\t{on}\t{off}\n" for n, (on, off) in enumerate(shifts, start=1))
    )
    return folder


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return read_instance(write_instance(tmp_path_factory.mktemp("mdrp") / "day"))


@pytest.fixture(scope="module")
def solution(instance: Instance) -> Solution:
    return play(instance)


@pytest.mark.parametrize("uncertain", [False, True])
@pytest.mark.parametrize("couriers", [1, 6])
def test_every_day_that_is_played_keeps_the_rules(tmp_path: Path, couriers: int, uncertain: bool) -> None:
    for seed in range(3):
        instance = read_instance(write_instance(tmp_path / str(seed), seed, couriers=couriers))
        solution = play(instance, uncertain=uncertain)
        assert violations(instance, solution) == []
        assert len(solution.drops) >= 4
        assert figures(instance, solution).click_to_door > figures(instance, solution).floor


def test_with_couriers_enough_everything_is_delivered_and_pickups_come_soon(
    instance: Instance, solution: Solution
) -> None:
    found = figures(instance, solution)
    assert found.undelivered == 0
    assert found.ready_to_pickup < 8
    assert found.cost_per_order >= 10


def test_nothing_is_assigned_or_moved_for_an_order_before_it_is_known(instance: Instance) -> None:
    """The day up to an hour is the same, whatever comes later."""
    early = replace(instance, orders=tuple(order for order in instance.orders if order.placed < 160))
    for uncertain in (False, True):
        # Mean preparation times are told beforehand, so they have to be the same.
        means = instance.mean_preparations()
        both = [
            play(_with_means(one, means) if uncertain else one, uncertain=uncertain)
            for one in (instance, early)
        ]
        before = [
            (
                [one for one in day.assignments if one.assigned < 160],
                {courier: [r for r in rides if r.departs < 160] for courier, rides in day.rides.items()},
            )
            for day in both
        ]
        assert before[0] == before[1]


def _with_means(instance: Instance, means: list[float]) -> Instance:
    class Told(Instance):
        def mean_preparations(self) -> list[float]:
            return means

    return Told(**{name: getattr(instance, name) for name in Instance.__dataclass_fields__})


def test_the_same_seed_gives_the_same_day_on_either_machine(instance: Instance, solution: Solution) -> None:
    short = replace(instance, orders=instance.orders[:10])
    plain = play(short, on=PLAIN, habits=replace(USUAL, rounds=10))
    compiled = play(short, habits=replace(USUAL, rounds=10))
    assert (plain.assignments, plain.rides) == (compiled.assignments, compiled.rides)
    assert play(instance).assignments == solution.assignments


def test_a_solution_is_read_as_it_was_written(tmp_path: Path, instance: Instance, solution: Solution) -> None:
    write_solution(tmp_path, instance, solution)
    again = read_solution(tmp_path)
    assert (again.assignments, again.drops) == (solution.assignments, solution.drops)
    assert again.rides == {courier: rides for courier, rides in solution.rides.items() if rides}


def test_the_evaluators_words_are_used(tmp_path: Path, instance: Instance, solution: Solution) -> None:
    name = solution.assignments[0].orders[0]
    lost = replace_drops(solution, {k: v for k, v in solution.drops.items() if k != name})
    write_solution(tmp_path, instance, lost)
    heads = {file.name: file.read_text().splitlines()[0] for file in tmp_path.iterdir()}
    assert heads == {
        "solution_info_assignments.txt": "assignment_time pickup_time courier bundle",
        "solution_info_orders.txt": "order placement_time ready_time pickup_time dropoff_time courier",
        "solution_info_couriers.txt": "courier departure_time origin destination",
    }
    rows = (tmp_path / "solution_info_orders.txt").read_text().splitlines()
    (row,) = [row for row in rows if row.startswith(f"{name} ")]
    assert row.endswith(" NA NA NA")
    rides = (tmp_path / "solution_info_couriers.txt").read_text().splitlines()[1:]
    firsts = {ride.split()[0]: ride.split()[2] for ride in reversed(rides)}
    assert set(firsts.values()) == {"0"}, "the first move of each begins where the shift does"


def replace_drops(solution: Solution, drops: dict[str, Drop]) -> Solution:
    return replace(solution, drops=drops)


def _first(solution: Solution) -> Assignment:
    return solution.assignments[0]


def _changed(solution: Solution, **fields: object) -> Solution:
    first = replace(_first(solution), **fields)  # type: ignore[arg-type]
    return replace(solution, assignments=[first, *solution.assignments[1:]])


def _early(solution: Solution) -> Solution:
    one = _first(solution)
    drops = {
        name: replace(drop, picked_up=one.picked_up - 40) if name in one.orders else drop
        for name, drop in solution.drops.items()
    }
    return replace_drops(_changed(solution, picked_up=one.picked_up - 40, assigned=one.assigned - 40), drops)


def _teleported(solution: Solution) -> Solution:
    rides = dict(solution.rides)
    courier = _first(solution).courier
    rides[courier] = [Ride(departs=1, origin=courier, destination="o1"), *rides[courier]]
    return replace(solution, rides=rides)


def _hurried(solution: Solution) -> Solution:
    rides = dict(solution.rides)
    courier = _first(solution).courier
    rides[courier] = [replace(ride, departs=ride.departs - 3) for ride in rides[courier]]
    return replace(solution, rides=rides)


FALSE: list[tuple[str, Callable[[Solution], Solution]]] = [
    ("assigned before it was placed", lambda s: _changed(s, assigned=0)),
    ("picked up before it was assigned or ready", _early),
    ("in 2 assignments", lambda s: replace(s, assignments=[*s.assignments, _first(s)])),
    ("dropped off, and in no assignment", lambda s: replace(s, assignments=s.assignments[1:])),
    ("its row says otherwise", lambda s: _changed(s, courier=s.assignments[-1].courier)),
    ("of something that is not there", lambda s: _changed(s, orders=("o999",))),
    ("its row says otherwise", lambda s: replace_drops(s, {})),
    ("and was at", _teleported),
    ("is not at", _hurried),
    ("is not at", lambda s: replace(s, rides={})),
]


@pytest.mark.parametrize(("sentence", "falsified"), FALSE)
def test_what_breaks_a_rule_is_found_by_the_judge(
    instance: Instance, solution: Solution, sentence: str, falsified: Callable[[Solution], Solution]
) -> None:
    assert any(sentence in wrong for wrong in violations(instance, falsified(solution)))


def test_the_command_prints_figures_beside_published_ones_and_writes_solutions(tmp_path: Path) -> None:
    write_instance(tmp_path / "set" / "one", seed=5)
    write_instance(tmp_path / "set" / "two", seed=6)
    (tmp_path / "reference.csv").write_text("instance,prototype_click_to_door\none,100\ntwo,\n")
    result = CliRunner().invoke(
        bench,
        [
            *("mdrp", str(tmp_path / "set"), "--uncertain", "--solutions", str(tmp_path / "out")),
            *("--reference", str(tmp_path / "reference.csv")),
        ],
        env={"COLUMNS": "250"},
    )
    assert result.exit_code == 0, result.output
    assert "mean over 2 instances" in result.output
    assert "prototype, on 1 of them: 100.000 min" in result.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"one", "two"}


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("orders.txt", None, "there is no such file"),
        ("orders.txt", "order\tx\n", "the header has to be"),
        ("restaurants.txt", "restaurant\tx\ty\nr1\t0\tnorth\n", "line 2: y is no number: north"),
        ("couriers.txt", "courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t10\n", "line 2: 4 columns, not 5"),
        ("couriers.txt", "courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t10\t5\n", "c1 goes off before on"),
        ("couriers.txt", "courier\tx\ty\ton_time\toff_time\n", "nothing to play"),
        ("restaurants.txt", "restaurant\tx\ty\nr9\t0\t0\n", "which is not there"),
        ("instance_parameters.txt", PARAMETERS.replace("300", "0"), "couriers have to move"),
    ],
)
def test_a_broken_instance_is_refused_with_the_file_and_the_line(
    tmp_path: Path, file: str, content: str | None, sentence: str
) -> None:
    folder = write_instance(tmp_path / "day")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(Failure, match=sentence):
        read_instance(folder)
