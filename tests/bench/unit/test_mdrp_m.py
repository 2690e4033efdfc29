"""`linli bench mdrp-m`: what is played keeps the rules, and the judge sees what does not."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from typer.testing import CliRunner

from linli.bench import bench, solutions
from linli.bench.baskets import Instance, case_of, floor, is_possible, read
from linli.bench.mdrp_m import policy_named, score_of
from linli.failures import Failure
from linli.simulation.assigning import assign
from linli.simulation.playing import Playing
from tests.bench.instances import NAME, write_instance


@pytest.fixture(name="given")
def an_instance(tmp_path: Path) -> Instance:
    return read(*write_instance(tmp_path))


@pytest.mark.parametrize("policy", ["rolling", "matching"])
def test_a_played_day_keeps_the_rules_and_everything_is_delivered(
    given: Instance, tmp_path: Path, policy: str
) -> None:
    score = score_of(given, policy_named(policy, rounds=2), tmp_path / "out")
    assert score.wrong == ()
    assert (score.delivered, score.split, score.rings) == (14, 0, 1.0)
    assert score.over_floor >= 0
    assert 0 < score.kilometres < 20


def test_the_same_seed_plays_the_same_day(given: Instance) -> None:
    case = case_of(given)
    played = [Playing(case, policy_named("rolling", 2)(case), seed=4).play() for _ in range(2)]
    assert played[0].moves == played[1].moves
    assert played[0].fates == played[1].fates


def test_one_courier_carries_baskets_of_different_shops_at_a_time(given: Instance) -> None:
    case = case_of(given)
    case = replace(case, couriers=case.couriers[:2])
    record = Playing(case, policy_named("rolling", 2)(case)).play()
    together = 0
    for one, other in permutations([fate for fate in record.fates.values() if fate.door is not None], 2):
        if one.courier_id == other.courier_id and one.door is not None:
            together += min(one.picked.values()) < min(other.picked.values()) < one.door
    assert together > 0


FALSIFIED = {
    "before it is ready": ("baskets", 4, lambda value: str(float(value) - 90)),
    "carried by": ("baskets", 6, lambda value: "c1" if value != "c1" else "c2"),
    "dropped off twice": ("baskets", 5, lambda value: str(float(value) + 1)),
    "no such pickup": ("baskets", 2, lambda value: "r8" if value != "r8" else "r7"),
    "is assigned before it is placed": ("assignments", 0, lambda _: "0"),
    "without being there": ("couriers", 1, lambda value: str(float(value) - 40)),
    "is not free or not there": ("couriers", 3, lambda value: "r1" if value != "r1" else "r2"),
    "does not exist": ("couriers", 3, lambda _: "nowhere"),
    "not of this instance": ("assignments", 1, lambda _: "c99"),
}


@pytest.mark.parametrize("sentence", FALSIFIED)
def test_a_falsified_solution_is_found_out(given: Instance, tmp_path: Path, sentence: str) -> None:
    score_of(given, policy_named("matching", 0), tmp_path)
    table, column, change = FALSIFIED[sentence]
    file = tmp_path / f"solution_info_{table}.txt"
    header, *lines = file.read_text().splitlines()
    rows = [line.split() for line in lines]
    chosen = next(row for row in rows if table != "baskets" or sum(r[0] == row[0] for r in rows) > 1)
    chosen[column] = change(chosen[column])
    file.write_text("\n".join([header, *(" ".join(row) for row in rows), ""]))
    wrong = solutions.judge(tmp_path, given).wrong
    assert any(sentence in one for one in wrong), wrong


def test_a_basket_without_one_of_its_pickups_and_one_after_the_shift_are_found_out(
    given: Instance, tmp_path: Path
) -> None:
    score_of(given, policy_named("matching", 0), tmp_path)
    file = tmp_path / "solution_info_baskets.txt"
    lines = file.read_text().splitlines()
    names = [line.split()[0] for line in lines]
    cut = next(number for number, name in enumerate(names) if names.count(name) > 1)
    file.write_text("\n".join(lines[:cut] + lines[cut + 1 :]))
    assert any("without everything" in one for one in solutions.judge(tmp_path, given).wrong)
    early = replace(given, couriers=tuple(replace(courier, off=60.0) for courier in given.couriers))
    assert any("after the shift" in one for one in solutions.judge(tmp_path, early).wrong)


def test_the_floor_is_the_best_order_with_a_courier_there_and_nobody_is_faster(
    given: Instance, tmp_path: Path
) -> None:
    case = case_of(given)
    single = next(basket for basket in case.baskets if len(basket.parcels) == 1)
    (parcel,) = single.parcels
    raw = next(basket for basket in given.baskets if basket.name == single.basket_id)
    shop = given.restaurants[raw.pickups[0][0]]
    ride = math.ceil(math.hypot(shop[0] - raw.door[0], shop[1] - raw.door[1]) / 320)
    assert floor(case, single) == parcel.ready + 2 + ride + 2 - single.placed
    score_of(given, policy_named("rolling", 2), tmp_path)
    minutes = solutions.judge(tmp_path, given).click_to_door
    assert all(minutes[basket.basket_id] >= floor(case, basket) for basket in case.baskets)


def test_what_nobody_could_pick_up_in_time_is_told_apart(given: Instance) -> None:
    case = case_of(given)
    assert all(is_possible(case, basket) for basket in case.baskets)
    basket = case.baskets[0]
    late = replace(basket, parcels=tuple(replace(parcel, ready=400.0) for parcel in basket.parcels))
    assert not is_possible(case, late)


def test_rows_are_assigned_to_columns_at_the_least_total() -> None:
    chance = random.Random(2)
    for _ in range(60):
        rows, columns = chance.randrange(1, 6), chance.randrange(1, 6)
        costs = [[chance.randrange(20) for _ in range(columns)] for _ in range(rows)]
        found = assign(costs)
        used = [column for column in found if column >= 0]
        assert len(used) == len(set(used)) == min(rows, columns)
        most = max(rows, columns)
        square = [[row[c] if c < columns else 0 for c in range(most)] for row in costs]
        square += [[0] * most] * (most - rows)
        best = min(sum(square[r][c] for r, c in enumerate(order)) for order in permutations(range(most)))
        assert sum(costs[row][column] for row, column in enumerate(found) if column >= 0) == best
    assert assign([]) == []
    assert assign([[], []]) == [-1, -1]


def test_the_command_prints_both_policies_and_keeps_the_solutions(tmp_path: Path) -> None:
    file, instances = write_instance(tmp_path, baskets=8)
    result = CliRunner().invoke(
        bench,
        [
            "mdrp-m",
            str(file),
            "--instances",
            str(instances),
            "--solutions",
            str(tmp_path / "out"),
            "--rounds",
            "5",
        ],
    )
    assert result.exit_code == 0, result.output
    assert "rolling" in result.output
    assert "matching" in result.output
    assert (tmp_path / "out" / "rolling" / NAME / "solution_info_couriers.txt").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda row: row.pop("x"), "'x' is missing"),
        (lambda row: row.update(pickups=[]), "has no pickups"),
        (lambda row: row["pickups"][0].update(restaurant=99), "there is no restaurant 99"),
        (lambda row: row.update(placed="noon"), "line 1"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(
    tmp_path: Path, change: object, sentence: str
) -> None:
    file, instances = write_instance(tmp_path, baskets=2)
    first, *rest = file.read_text().splitlines()
    row = json.loads(first)
    change(row)  # type: ignore[operator]
    file.write_text("\n".join([json.dumps(row), *rest]))
    with pytest.raises(Failure, match=sentence) as refused:
        read(file, instances)
    assert refused.value.exit_code == 2


def test_files_that_are_not_there_are_said_to_be_missing(tmp_path: Path) -> None:
    file, instances = write_instance(tmp_path, baskets=2)
    with pytest.raises(Failure, match="--instances"):
        read(file, tmp_path)
    with pytest.raises(Failure, match="line 1"):
        file.write_text("not json")
        read(file, instances)
    (instances / NAME / "couriers.txt").write_text("header\nc1 1 2\n")
    with pytest.raises(Failure, match="3 values where 5"):
        read(file, instances)
