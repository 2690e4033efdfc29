from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.day.made_up import Size, made_up_day, write_day
from linli.day.reader import MOST_PROBLEMS, BrokenDay, read_day

FILES = ("day.json", "shops.jsonl", "listings.jsonl", "couriers.jsonl", "orders.jsonl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_day(tmp_path / "made-up", 3, Size(orders=8, couriers=2))
    return tmp_path / "made-up"


def rewrite(folder: Path, file: str, number: int, change: Callable[[dict], object]) -> None:
    """Change the object on line `number` (from 1) of a file of JSON lines, in place."""
    lines = (folder / file).read_text("utf-8").splitlines()
    row = json.loads(lines[number - 1])
    replaced = change(row)
    lines[number - 1] = replaced if isinstance(replaced, str) else json.dumps(row, ensure_ascii=False)
    (folder / file).write_text("\n".join(lines) + "\n", "utf-8")


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(BrokenDay) as caught:
        read_day(folder)
    return [str(problem) for problem in caught.value.problems]


def test_the_sample_day_that_ships_is_sound_and_holds_multi_shop_orders():
    day = read_day(Path(__file__).parents[3] / "samples" / "day")
    assert len(day.shops) == 8
    assert len(day.couriers) == 6
    assert len(day.orders) == 25
    assert sum(order.is_multi_shop for order in day.orders) >= 5
    assert day.currency == "CNY"


def test_the_sample_day_is_what_its_generator_writes(tmp_path: Path):
    write_day(tmp_path, 7, Size())
    shipped = Path(__file__).parents[3] / "samples" / "day"
    for file in FILES:
        assert (tmp_path / file).read_bytes() == (shipped / file).read_bytes()


def test_orders_come_in_the_sequence_in_which_they_are_placed(folder: Path):
    minutes = [order.placed_minute for order in read_day(folder).orders]
    assert minutes == sorted(minutes)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(folder: Path, file: str):
    (folder / file).unlink()
    assert any(problem.startswith(f"{file}: cannot be read") for problem in problems_of(folder))


@pytest.mark.parametrize("file", FILES)
def test_an_empty_file_is_refused(folder: Path, file: str):
    (folder / file).write_bytes(b"")
    assert any("is empty" in problem for problem in problems_of(folder) if problem.startswith(file))


@pytest.mark.parametrize(
    ("file", "field", "value", "words"),
    [
        ("shops.jsonl", "shop", 7, "must be a string, not a number"),
        ("shops.jsonl", "shop", "../x", "must be 1 to 64 letters"),
        ("shops.jsonl", "lat", "31", "must be a number, not a string"),
        ("shops.jsonl", "lat", 91, "must be between -90 and 90"),
        ("shops.jsonl", "lon", True, "must be a number, not true or false"),
        ("listings.jsonl", "stock", 1.5, "must be a whole number"),
        ("listings.jsonl", "stock", -1, "must be between 0 and"),
        ("listings.jsonl", "stock", 10**400, "must be between 0 and"),
        ("listings.jsonl", "name", "  ", "must not be empty"),
        ("listings.jsonl", "name", "\ud800", "halves of characters"),
        ("listings.jsonl", "price", 12.5, "must be an object, not a number"),
        ("listings.jsonl", "shop", "nowhere", "no shop 'nowhere' in shops.jsonl"),
        ("couriers.jsonl", "on_minute", None, "must be a number, not null"),
        ("couriers.jsonl", "off_minute", 0, "must be after on_minute"),
        ("orders.jsonl", "placed_minute", -1, "must be between 0 and"),
        ("orders.jsonl", "lines", [], "must be a list of at least one line"),
        ("orders.jsonl", "lines", {}, "must be a list of at least one line"),
        ("orders.jsonl", "ready_minute", [], "must be an object, not a list"),
    ],
)
def test_a_wrong_value_is_refused_with_file_line_and_field(
    folder: Path, file: str, field: str, value: object, words: str
):
    def change(row: dict) -> str:
        row[field] = value
        return json.dumps(row)

    rewrite(folder, file, 2, change)
    assert any(
        problem.startswith(f"{file}:2: {field}: ") and words in problem for problem in problems_of(folder)
    )


def test_a_line_of_an_order_is_checked_as_closely_as_the_order(folder: Path):
    def change(row: dict) -> None:
        row["lines"].append({"listing": "nothing", "quantity": 0})
        row["lines"].append({"listing": "s1-99", "quantity": 1})
        row["lines"].append(dict(row["lines"][0]))
        row["lines"].append("bread")

    rewrite(folder, "orders.jsonl", 3, change)
    found = problems_of(folder)
    assert any("quantity: must be between 1 and 999" in problem for problem in found)
    assert any("no listing 's1-99' in listings.jsonl" in problem for problem in found)
    assert any("is in this order already" in problem for problem in found)
    assert any("must be an object, not a string" in problem for problem in found)


def test_every_shop_of_an_order_needs_its_ready_minute_and_no_other_shop_has_one(folder: Path):
    def change(row: dict) -> None:
        shop = next(iter(row["ready_minute"]))
        row["ready_minute"] = {"elsewhere": row["ready_minute"][shop]}

    rewrite(folder, "orders.jsonl", 1, change)
    found = problems_of(folder)
    assert any("orders.jsonl:1: ready_minute.elsewhere: no line of this order" in x for x in found)
    assert any(x.startswith("orders.jsonl:1: ready_minute.s") and x.endswith("is missing") for x in found)


def test_goods_are_not_ready_before_the_order_is_placed(folder: Path):
    rewrite(folder, "orders.jsonl", 1, lambda row: row.update(placed_minute=900))
    assert any("must not be before placed_minute (900)" in problem for problem in problems_of(folder))


@pytest.mark.parametrize("file", FILES[1:])
def test_unknown_and_missing_fields_are_refused(folder: Path, file: str):
    key = file.removesuffix("s.jsonl")

    def change(row: dict) -> None:
        row["colour"] = "red"
        del row[key]

    rewrite(folder, file, 1, change)
    found = problems_of(folder)
    assert f"{file}:1: colour: is not a field of this file" in found
    assert f"{file}:1: {key}: is missing" in found


@pytest.mark.parametrize("file", FILES[1:])
def test_the_same_name_twice_is_refused(folder: Path, file: str):
    lines = (folder / file).read_text("utf-8").splitlines()
    (folder / file).write_text("\n".join([*lines, lines[0]]) + "\n", "utf-8")
    assert any("is on line 1 already" in problem for problem in problems_of(folder))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "is empty"),
        (b"{", "is not JSON"),
        (b"[]", "must hold an object, not a list"),
        (b'{"shop": "a", "shop": "b"}', "holds the field 'shop' twice"),
        (b'{"shop": "\xff"}', "is not UTF-8 at byte 11"),
        (b'{"lat": NaN}', "NaN is not a number"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"lat": ' + b"9" * 5000 + b"}", "too many digits"),
    ],
)
def test_a_line_that_cannot_be_decoded_is_refused_with_its_number(folder: Path, line: bytes, words: str):
    content = (folder / "shops.jsonl").read_bytes()
    (folder / "shops.jsonl").write_bytes(content + line + b"\n")
    assert any(x.startswith("shops.jsonl:9: ") and words in x for x in problems_of(folder))


def test_a_day_has_one_currency(folder: Path):
    rewrite(folder, "listings.jsonl", 5, lambda row: row["price"].update(currency="EUR"))
    assert "listings.jsonl:5: price.currency: EUR where the day began in CNY" in problems_of(folder)


def test_day_json_is_checked_too(folder: Path):
    rules = json.loads((folder / "day.json").read_text("utf-8"))
    rules |= {"meters_per_minute": 0, "weather": "fine", "maximum_click_to_door_minutes": 1}
    (folder / "day.json").write_text(json.dumps(rules), "utf-8")
    found = problems_of(folder)
    assert "day.json: meters_per_minute: must be between 1 and 10000, not 0" in found
    assert "day.json: weather: is not a field of this file" in found


def test_a_broken_day_json_names_the_line(folder: Path):
    (folder / "day.json").write_text('{\n "meters_per_minute": 300,\n oops\n}\n', "utf-8")
    assert problems_of(folder)[0].startswith("day.json:3: is not JSON")


def test_all_problems_are_counted_but_only_so_many_are_listed(folder: Path):
    (folder / "shops.jsonl").write_bytes(b"nonsense\n" * 500)
    with pytest.raises(BrokenDay) as caught:
        read_day(folder)
    assert len(caught.value.problems) == MOST_PROBLEMS
    assert caught.value.total >= 500


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_damage_to_a_file_does_worse_than_being_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged") / "made-up"
    write_day(folder, 3, Size(orders=3, couriers=2))
    file = folder / data.draw(st.sampled_from(FILES))
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    file.write_bytes(content)
    with contextlib.suppress(BrokenDay):
        read_day(folder)


def test_the_same_seed_makes_the_same_day_and_another_seed_another():
    assert made_up_day(5, Size()) == made_up_day(5, Size())
    assert made_up_day(5, Size()) != made_up_day(6, Size())
