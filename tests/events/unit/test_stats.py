"""The ready questions give the answers that a person works out by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from linli.cli import event_stats, needing
from linli.events import pictures, queries
from linli.events.exporting import Plan
from linli.events.filling import Archive, Filling
from linli.events.layout import Folder
from linli.events.lettering import BUNDLED, Lettering
from linli.failures import Failure
from linli.stack.state import ROOT
from tests.events.fake_stream import MORNING, FakeStream, Silent, event

ZONES = ("019b8d00-0000-7000-8000-0000000000b1", "019b8d00-0000-7000-8000-0000000000b2")
SHOP = "019b8d01-0000-7000-8000-0000000000e1"


class Town:
    """Events of a made-up day, numbered as they come."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def tell(self, type_: str, minutes: float, subject: str, source: str = "ordering", **data: Any) -> None:
        number = len(self.bodies)
        at = MORNING + timedelta(minutes=minutes)
        self.bodies.append(event(number, type=type_, source=source, at=at, subject=subject, data=data))

    def paid(self, order: str, minutes: float, *lines: tuple[str, int, int], currency: str = "CNY") -> None:
        wire = [
            {"category": category, "quantity": units, "goods": {"amount": amount, "currency": currency}}
            for category, units, amount in lines
        ]
        parts = [{"lines": wire[:1]}, {"lines": wire[1:]}]
        self.tell("OrderPaid", minutes, order, order_id=order, store_orders=parts)

    def delivered(self, delivery: str, zone: str, late: float | None) -> None:
        promised = MORNING + timedelta(hours=1)
        ids = {"delivery_id": delivery, "order_id": f"order-of-{delivery}"}
        about = ids | {"zone_id": zone, "promised_at": promised.isoformat()}
        self.tell("DeliveryPlanned", 5, delivery, "dispatch", **about)
        self.tell("DeliveryPlanned", 6, delivery, "dispatch", **about)
        if late is None:
            self.tell("DeliveryFailed", 70, delivery, "dispatch", **ids, failed_at=promised.isoformat())
            return
        at = (promised + timedelta(minutes=late)).isoformat()
        self.tell("DeliveryCompleted", 60 + late, delivery, "dispatch", **ids, zone_id=zone, completed_at=at)

    def commission(self, kind: str, accrual: str, amount: int, promoter: str = SHOP) -> None:
        self.tell(
            f"Commission{kind}",
            9,
            accrual,
            "commission",
            accrual_id=accrual,
            promoter_shop_id=promoter,
            amount={"amount": amount, "currency": "CNY"},
        )

    def answer(self, name: str, path: Path, **asked: Any) -> list[tuple[Any, ...]]:
        return _ask(name, _exported(path, self.bodies), **asked).rows


def _exported(path: Path, bodies: list[bytes]) -> Folder:
    folder = Folder(path)
    with folder.alone():
        Filling(folder, Plan(), Silent()).fill(FakeStream(bodies), Archive())
    return folder


def _ask(name: str, folder: Folder, **asked: Any) -> queries.Answer:
    days = queries.Asked(**asked)
    with queries.opened(folder, days) as connection:
        return queries.ask(connection, queries.query(name), days)


def test_gross_sales_are_the_goods_of_paid_orders_by_local_hour(tmp_path: Path) -> None:
    town = Town()
    town.paid("a", 10, ("fruit", 2, 1000), ("dairy", 1, 350), ("fruit", 1, 250))
    town.paid("b", 59, ("fruit", 1, 100))
    town.paid("c", 61, ("水果", 3, 999))
    town.paid("d", 62, ("fruit", 3, 500), currency="JPY")
    found = [(f"{hour:%Y-%m-%d %H:%M}", *rest) for hour, *rest in town.answer("gross-sales", tmp_path)]
    assert found == [
        ("2026-01-05 16:00", "fruit", "CNY", 2, 4, 13.5),
        ("2026-01-05 16:00", "dairy", "CNY", 1, 1, 3.5),
        ("2026-01-05 17:00", "fruit", "JPY", 1, 3, 500),
        ("2026-01-05 17:00", "水果", "CNY", 1, 3, 9.99),
    ]


def test_a_day_is_a_day_of_the_time_zone(tmp_path: Path) -> None:
    town = Town()
    town.paid("late", 16 * 60 - 1, ("fruit", 1, 100))  # 23:59 UTC, the next morning in China
    town.paid("early", -1, ("fruit", 1, 200))
    asked = {"first": date(2026, 1, 6), "last": date(2026, 1, 6)}
    assert [row[5] for row in town.answer("gross-sales", tmp_path, **asked)] == [1.0]
    folder = Folder(tmp_path)
    assert _ask("gross-sales", folder, zone="UTC", **asked).rows == []


def test_the_funnel_counts_how_far_each_order_got(tmp_path: Path) -> None:
    town = Town()
    steps = (
        "StockReserved",
        "OrderPlaced",
        "OrderPaid",
        "PickupCompleted",
        "OrderDelivered",
        "OrderCompleted",
    )
    for number, reached in enumerate((6, 5, 3, 2, 1)):
        for minutes, step in enumerate(steps[:reached]):
            town.tell(step, minutes * 10, f"{step}-{number}", order_id=f"order-{number}")
            town.tell(step, minutes * 10 + 1, f"{step}-{number}", order_id=f"order-{number}")
    assert town.answer("funnel", tmp_path) == [
        ("stock held", 5, 100.0, None, None),
        ("placed", 4, 80.0, 80.0, None),
        ("paid", 3, 60.0, 75.0, 10.0),
        ("collected", 2, 40.0, 66.7, 20.0),
        ("delivered", 2, 40.0, 100.0, 30.0),
        ("completed", 1, 20.0, 50.0, 40.0),
    ]


def test_late_is_after_the_promise_and_counted_by_zone(tmp_path: Path) -> None:
    town = Town()
    for delivery, zone, late in (
        ("a", ZONES[0], -5),
        ("b", ZONES[0], 0),
        ("c", ZONES[1], 10),
        ("d", ZONES[1], 20),
        ("e", ZONES[1], -3),
        ("f", ZONES[1], None),
    ):
        town.delivered(delivery, zone, late)
    assert town.answer("late-deliveries", tmp_path) == [
        (ZONES[1], 3, 2, 66.7, 15.0, 20.0, 1, 0),
        (ZONES[0], 2, 0, 0.0, None, None, 0, 0),
    ]


def test_commission_is_what_is_accrued_less_what_was_reversed(tmp_path: Path) -> None:
    town = Town()
    town.tell("ShopOpened", 0, SHOP, "storefront", shop_id=SHOP, category="fruit")
    for kind, accrual, amount in (
        ("Accrued", "a", 240),
        ("Reversed", "a", 80),
        ("Released", "a", 160),
        ("Accrued", "b", 100),
    ):
        town.commission(kind, accrual, amount)
    town.commission("Accrued", "c", 500, promoter="another")
    assert town.answer("commission", tmp_path) == [
        ("another", None, "CNY", 1, 5.0, 0.0, 0.0, 5.0),
        (SHOP, "fruit", "CNY", 2, 3.4, 0.8, 1.6, 1.0),
    ]


def test_a_missing_event_is_seen_by_its_number(tmp_path: Path) -> None:
    bodies = [event(n, subject="shop", sequence=n) for n in (1, 2, 4, 5)] + [event(9, subject="other")]
    folder = _exported(tmp_path, bodies)
    assert _ask("completeness", folder).rows == [("ordering", 5, 2, 1, 1)]


def test_every_field_that_a_query_reads_is_in_a_published_event() -> None:
    """The samples are what is published; a field of another name would silently give an empty answer."""
    needed = {
        "OrderPaid": ("order_id", "store_orders.0.lines.0.category", "store_orders.0.lines.0.quantity"),
        "StockReserved": ("order_id",),
        "OrderPlaced": ("order_id",),
        "PickupCompleted": ("order_id",),
        "OrderDelivered": ("order_id",),
        "OrderCompleted": ("order_id",),
        "DeliveryPlanned": ("delivery_id", "zone_id", "promised_at"),
        "DeliveryCompleted": ("delivery_id", "zone_id", "completed_at"),
        "DeliveryFailed": ("delivery_id",),
        "ShopOpened": ("shop_id", "category"),
        "CommissionAccrued": ("accrual_id", "promoter_shop_id", "amount.amount", "amount.currency"),
        "CommissionReleased": ("accrual_id", "promoter_shop_id", "amount.amount", "amount.currency"),
        "CommissionReversed": ("accrual_id", "promoter_shop_id", "amount.amount", "amount.currency"),
    }
    bodies = [json.loads(file.read_text()) for file in ROOT.glob("services/*/contracts/samples/*.json")]
    samples = {body["type"]: body["data"] for body in bodies}
    for type_, fields in needed.items():
        for field in fields:
            found: Any = samples[type_]
            for part in field.split("."):
                found = found[int(part)] if part.isdigit() else found[part]
            assert found is not None, (type_, field)


def _busy_town() -> Town:
    town = Town()
    for number in range(12):
        town.paid(f"order-{number}", number * 30, ("水果", 1, 1000 + number), (f"kind-{number}", 2, 500))
        town.tell("StockReserved", number, f"hold-{number}", "storefront", order_id=f"order-{number}")
        town.tell("OrderPlaced", number, f"place-{number}", order_id=f"order-{number}")
        town.delivered(f"d-{number}", ZONES[number % 2], number - 6)
        town.commission("Accrued", f"a-{number}", 100 * number, promoter=f"{SHOP[:-2]}{number:02d}")
    return town


@pytest.mark.parametrize("name", [query.name for query in queries.QUERIES if query.has_picture])
def test_every_answer_has_a_picture_whose_text_is_not_cut(name: str, tmp_path: Path) -> None:
    folder = _exported(tmp_path / "events", _busy_town().bodies)
    file = tmp_path / "picture.png"
    pictures.draw(queries.query(name), _ask(name, folder), file, "Asia/Shanghai")
    image = imread(file)[:, :, :3]
    edges = [image[:2], image[:, :2], image[:, -2:]]
    assert all(edge.min() == 1 for edge in edges), "something touches the edge"
    assert image.min() < 0.4, "the picture is empty"


def test_letters_that_no_font_has_become_numbers_with_a_key(tmp_path: Path) -> None:
    bundled = _bundled()
    lettering = Lettering(["fruit", "水果", "面包"], fonts={BUNDLED: bundled})
    assert [lettering(name) for name in ("fruit", "水果", "面包")] == ["fruit", "#1", "#2"]
    assert lettering.note is not None
    assert "#1 is 水果, #2 is 面包" in lettering.note
    assert Lettering(["fruit"], fonts={BUNDLED: bundled}).note is None


def _bundled() -> Path:
    from matplotlib import font_manager

    return Path(font_manager.findfont(BUNDLED))


def test_an_empty_answer_is_not_drawn(tmp_path: Path) -> None:
    folder = _exported(tmp_path / "events", [event(1)])
    with pytest.raises(Failure, match="nothing to draw"):
        pictures.draw(queries.query("commission"), _ask("commission", folder), tmp_path / "x.png", "UTC")


def test_a_folder_without_events_says_what_brings_them(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="linli events export"):
        _ask("funnel", Folder(tmp_path))


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = _exported(tmp_path / "it's [all] here? 全部*", [event(1)])
    assert len(_ask("completeness", folder).rows) == 1


def test_the_printed_sql_runs_as_it_is(tmp_path: Path) -> None:
    folder = _exported(tmp_path, _busy_town().bodies)
    for query in queries.QUERIES:
        asked = queries.Asked(first=date(2026, 1, 5))
        script = f"{queries.preparation(folder, asked)}\n{queries.statement(query, asked)}"
        code = "import duckdb, sys; print(len(duckdb.connect().execute(sys.stdin.read()).fetchall()))"
        done = subprocess.run(
            [sys.executable, "-c", code], input=script, capture_output=True, text=True, check=True, timeout=60
        )
        assert int(done.stdout) > 0


@pytest.fixture
def command() -> Any:
    import typer

    app = typer.Typer()
    app.command()(event_stats.stats)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_without_a_name_the_questions_are_listed(command: Any) -> None:
    listed = command()
    assert listed.exit_code == 0
    assert all(query.name in listed.output for query in queries.QUERIES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sales", "x"), "There is no query 'sales'"),
        (("funnel",), "Say which folder"),
        (("funnel", "x", "--from", "monday"), "'monday' is no day"),
        (("funnel", "x", "--zone", "Mars/Olympus"), "no time zone"),
        (("completeness", "x", "--picture", "x.png"), "no picture"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_a_sentence(
    command: Any, arguments: tuple[str, ...], said: str
) -> None:
    refused = command(*arguments).exception
    assert isinstance(refused, Failure)
    assert said in str(refused)
    assert refused.exit_code == 2


def test_without_its_libraries_the_command_says_what_installs_them(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needing, "find_spec", lambda _: None)
    refused = command().exception
    assert isinstance(refused, Failure)
    assert "make setup-analysis" in str(refused)
