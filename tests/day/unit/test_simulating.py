"""`linli simulate`: a day offline, as it was and as it would be."""

from __future__ import annotations

import random
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from linli.cli import needing
from linli.cli.simulating import simulate
from linli.day.figures import percentile
from linli.day.made_up import Size, write_day
from linli.day.reader import read_day
from linli.failures import Failure
from linli.simulation.case import Case, SimulatedBasket
from linli.simulation.days import Change, WhatIf, case_of_day, changed
from linli.simulation.figures import figures_of, use_of_couriers
from linli.simulation.hindsight import finished_day
from linli.simulation.matching import Matching
from linli.simulation.playing import Playing
from linli.simulation.policies import Rolling
from linli.simulation.record import Record
from linli.simulation.waiting import Waits
from services.dispatch.domain.planning.hindsight import in_hindsight
from services.dispatch.domain.planning.problem import Snapshot
from services.dispatch.domain.planning.waiting import WaitingHabits

SMALL = Size(orders=12, couriers=4, minutes=60)


@pytest.fixture(name="folder")
def a_folder(tmp_path: Path) -> Path:
    write_day(tmp_path / "day", seed=5, size=SMALL)
    return tmp_path / "day"


@pytest.fixture(name="case")
def a_case(folder: Path) -> Case:
    return case_of_day(read_day(folder))


def run(folder: Path, *options: str) -> Result:
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner().invoke(app, [str(folder), "--rounds", "2", *options])


def rows_of(result: Result) -> dict[str, list[str]]:
    lines = [line.split("│") for line in result.output.splitlines() if "│" in line]
    return {line[1].strip(): line[2:5] for line in lines}


def test_a_what_if_is_answered_by_a_table_and_pictures(folder: Path, tmp_path: Path) -> None:
    result = run(folder, "--couriers", "-50%", "--speed", "0.8", "--out", str(tmp_path / "pictures"))
    assert result.exit_code == 0, result.output
    rows = rows_of(result)
    hours = [float(cell) for cell in rows["courier hours on shift"]]
    assert hours[2] < 0
    assert hours[0] + hours[2] == pytest.approx(hours[1], abs=0.11)
    assert float(rows["click to door, mean (min)"][2]) > 0
    drawn = sorted(file.name for file in (tmp_path / "pictures").iterdir())
    assert drawn == ["click_to_door.png", "courier_use.png", "late_drops.png"]
    assert all((tmp_path / "pictures" / name).read_bytes().startswith(b"\x89PNG") for name in drawn)


def test_the_same_seed_gives_the_same_table_and_nothing_changed_gives_the_same_day(folder: Path) -> None:
    first = run(folder, "--couriers", "-1", "--orders", "+2", "--unsure", "4", "--seed", "3")
    assert first.exit_code == 0, first.output
    assert (
        run(folder, "--couriers", "-1", "--orders", "+2", "--unsure", "4", "--seed", "3").output
        == first.output
    )
    same = [line.split("│")[4].strip() for line in run(folder).output.splitlines() if "│" in line]
    assert {float(change) for change in same} == {0.0}


def test_both_days_are_looked_back_at_and_hindsight_is_never_slower(folder: Path) -> None:
    result = run(folder, "--couriers", "-50%", "--hindsight", "20")
    rows = rows_of(result)
    for column in (0, 1):
        lived = float(rows["click to door, mean (min)"][column])
        known = float(rows["hindsight: click to door (min)"][column])
        gap = float(rows["gap to hindsight (min)"][column])
        assert gap >= 0
        assert lived - known == pytest.approx(gap, abs=0.11)
        assert float(rows["gap to hindsight (%)"][column]) == pytest.approx(100 * gap / known, abs=0.3)
        assert float(rows["hindsight: undelivered"][column]) == 0
        assert float(rows["hindsight: kilometres"][column]) > 0
    assert "hindsight" not in run(folder, "--hindsight", "0").output


def test_hindsight_starts_from_the_day_as_it_was_played(case: Case) -> None:
    record = Playing(case, Rolling(rounds=2)).play()
    day = finished_day(case, record)
    found = in_hindsight(day, rounds=0)
    figures = figures_of(case, record)
    assert found.lived.click_to_door == pytest.approx(figures.click_to_door)
    assert found.lived.kilometres == pytest.approx(figures.kilometres)
    assert (found.baskets, found.lived.undelivered) == (figures.orders, figures.undelivered)
    assert found.gap is not None
    assert found.gap >= 0, "the same routes, begun earlier"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--couriers", "half"), "--couriers half is not a change: write -10%, +25%, -2 or +3."),
        (("--orders", "-1.5"), "--orders -1.5 is not a change"),
        (("--couriers", "-100%"), "Nobody and nothing would be left"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(folder: Path, options: tuple[str, ...], sentence: str) -> None:
    result = run(folder, *options)
    assert isinstance(result.exception, Failure)
    assert sentence in str(result.exception)
    assert result.exception.exit_code == 2


def test_a_broken_day_and_a_missing_extra_end_with_2(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "shops.jsonl").unlink()
    broken = run(folder)
    assert isinstance(broken.exception, Failure)
    assert broken.exception.exit_code == 2
    monkeypatch.setattr(needing, "find_spec", lambda name: None if name == "matplotlib" else find_spec(name))
    missing = run(folder, "--out", str(tmp_path))
    assert str(missing.exception) == "This needs matplotlib: run `make setup-analysis` first."


def test_changes_are_shares_or_numbers_and_copies_are_like_what_they_copy(case: Case) -> None:
    assert Change.read("-10%", "couriers").of(25) == -3
    assert Change.read("+25%", "couriers").of(10) == 3
    assert Change.read("-2", "couriers").of(25) == -2
    fewer = changed(case, WhatIf(couriers=Change(number=-1)), seed=1)
    assert set(fewer.couriers) < set(case.couriers)
    more = changed(case, WhatIf(couriers=Change(share=1.5), orders=Change(number=3)), seed=1)
    assert len(more.couriers) == 10
    assert len({courier.courier_id for courier in more.couriers}) == 10
    assert {courier.place for courier in more.couriers} == {courier.place for courier in case.couriers}
    assert len(more.baskets) == 15
    for basket in more.baskets:
        like = next(one for one in case.baskets if one.basket_id == basket.basket_id.split("+")[0])
        assert abs(basket.placed - like.placed) <= 15
        assert [p.ready - basket.placed for p in basket.parcels] == [
            p.ready - like.placed for p in like.parcels
        ]
    slow = changed(case, WhatIf(speed=0.5), seed=1)
    assert slow.metres_per_minute == case.metres_per_minute / 2


class _Looking(Rolling):
    """Plans as usual, and keeps what it was shown."""

    def decide(self, snapshot: Snapshot, now: float):  # type: ignore[no-untyped-def]
        self.__dict__.setdefault("shown", []).append((now, snapshot))
        return super().decide(snapshot, now)


def test_a_policy_knows_of_a_basket_once_it_is_placed_and_when_it_is_ready_once_it_is(case: Case) -> None:
    unsure = changed(case, WhatIf(unsure=6.0), seed=2)
    policy = _Looking(rounds=0)
    record = Playing(unsure, policy).play()
    baskets = {basket.basket_id: basket for basket in unsure.baskets}
    misjudged = 0
    for now, snapshot in policy.__dict__["shown"]:
        for basket in snapshot.baskets:
            known = baskets[basket.basket_id]
            assert known.placed <= now
            for visit in basket.pickups:
                parcel = known.parcels[int(visit.stop_id.split("/")[1])]
                under_way = visit.service < unsure.handling.pickup
                if now < parcel.ready and not under_way:
                    assert visit.ready + now == max(parcel.estimate, now)
                    misjudged += parcel.estimate != parcel.ready
    assert misjudged > 0
    for fate in record.fates.values():
        for number, minute in fate.picked.items():
            assert minute >= baskets[fate.basket_id].parcels[number].ready


@pytest.mark.parametrize("policy", ["rolling", "matching"])
def test_shifts_speeds_and_the_order_of_stops_hold(case: Case, policy: str) -> None:
    made = Rolling(rounds=2) if policy == "rolling" else Matching(minutes=case.minutes)
    record = Playing(case, made).play()
    couriers = {courier.courier_id: courier for courier in case.couriers}
    assert figures_of(case, record).delivered == len(case.baskets)
    at = {courier.courier_id: (courier.place, courier.on) for courier in case.couriers}
    for move in sorted(record.moves, key=lambda move: move.leaves):
        place, free = at[move.courier_id]
        assert (move.start, move.leaves >= free) == (place, True)
        assert move.arrives == move.leaves + case.minutes(move.start, move.end)
        assert move.ends <= couriers[move.courier_id].off + 20
        at[move.courier_id] = move.end, move.ends
    for fate in record.fates.values():
        assert fate.door is not None
        assert all(minute < fate.door for minute in fate.picked.values())


def test_figures_are_counted_from_the_record(case: Case) -> None:
    record = Playing(case, Rolling(rounds=0)).play()
    figures = figures_of(case, record)
    assert 0 < figures.hours_used < figures.hours_on
    assert figures.utilisation == figures.hours_used / figures.hours_on
    some = next(iter(record.fates.values()))
    some.door = None
    assert figures_of(case, record).undelivered == 1
    tight = replace(case, target=1.0)
    assert figures_of(tight, record).late_share == 1.0
    rows = use_of_couriers(case, record)
    assert max(busy for _, _, busy in rows) <= len(case.couriers)
    numbers = [random.Random(1).random() for _ in range(9)]
    assert percentile(numbers, 1.0) == max(numbers)
    assert percentile([3, 1, 2], 0.5) == 2


def test_idle_couriers_wait_where_orders_are_likely_and_their_way_counts(case: Case) -> None:
    case = replace(case, baskets=tuple(_ready_at_once(basket) for basket in case.baskets))
    habits = WaitingHabits(staying=5.0)

    def played() -> Record:
        waits = Waits(farthest=15.0, slack=case.slack or 0.0, habits=habits)
        return Playing(case, Rolling(rounds=2, waits=waits)).play()

    record = played()
    ways = [case.minutes(move.start, move.end) for move in record.moves if not move.stop_id]
    assert ways
    assert max(ways) <= 15.0
    shops = {parcel.place for basket in case.baskets for parcel in basket.parcels}
    assert {move.end for move in record.moves if not move.stop_id} <= shops
    served = sum(case.metres(move.start, move.end) for move in record.moves if move.stop_id)
    assert figures_of(case, record).kilometres > served / 1000
    assert played().moves == record.moves


def _ready_at_once(basket: SimulatedBasket) -> SimulatedBasket:
    """A courier who waits in the shop is worth something only if goods are ready before others come."""
    parcels = (replace(one, ready=basket.placed, estimate=basket.placed) for one in basket.parcels)
    return replace(basket, parcels=tuple(parcels))


def test_nobody_is_sent_anywhere_where_waiting_is_out_of_the_question(folder: Path) -> None:
    result = run(folder, "--wait", "0")
    assert result.exit_code == 0, result.output
    assert "wait 0" in " ".join(result.output.split())
