from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from linli.day.api import Person, Traffic
from linli.day.audit import Audit
from linli.day.figures import figures_of, groups_of, percentile
from linli.day.format import Day
from linli.day.importing import Cast
from linli.day.invariants import Finding
from linli.day.made_up import Size, write_day
from linli.day.reader import read_day
from linli.day.replay import Outcome
from linli.day.report import show, write
from linli.day.town import CourierRecord, Record


@pytest.fixture
def day(tmp_path: Path) -> Day:
    write_day(tmp_path / "made-up", 7, Size(orders=4, couriers=2))
    return read_day(tmp_path / "made-up")


def money(amount: int) -> dict:
    return {"amount": amount, "currency": "CNY"}


@pytest.fixture
def outcome_and_audit(day: Day) -> tuple[Outcome, Audit]:
    records = {order.order: Record(order=order, status="delivered") for order in day.orders}
    for number, record in enumerate(records.values()):
        record.placed_at, record.delivered_at = 10.0, 10.0 + 20 * (number + 1)
        record.order_id = f"id-{number}"
    names = list(records)
    records[names[3]].status = "cancelled"
    audit = Audit(
        orders={
            name: {
                "order_id": record.order_id,
                "status": record.status,
                "paid_at": "2026-01-05T08:00:00.000Z",
                "total": money(1000),
                "refunded": money(0),
                "store_orders": [],
            }
            for name, record in records.items()
        },
        accounts=[
            {"account": "cash:provider", "balance": money(2700), "currency": "CNY"},
            {"account": "payable:shop:a", "balance": money(-1200), "currency": "CNY"},
            {"account": "payable:shop:b", "balance": money(-1500), "currency": "CNY"},
        ],
    )
    audit.orders[names[3]] = {**audit.orders[names[3]], "refunded": money(1000)}
    audit.orders[names[0]] = {**audit.orders[names[0]], "refunded": money(300)}
    outcome = Outcome(
        day=day,
        cast=Cast(zone_id="z", operator=Person("o", "p")),
        records=records,
        couriers={"c1": CourierRecord(courier="c1", on_at=0.0, off_at=120.0, metres=5000.0)},
        surprises=Counter({"a shop met wrong-state": 1}),
        traffic=Traffic(requests=42),
        seconds_of_import=1.0,
        seconds_of_day=2.0,
        speed=240.0,
    )
    return outcome, audit


def test_the_figures_count_what_was_delivered_late_and_given_back(outcome_and_audit):
    figures = figures_of(*outcome_and_audit)
    assert (figures.orders, figures.delivered, figures.cancelled) == (4, 3, 1)
    assert figures.click_to_door_mean == 40.0
    assert figures.click_to_door_p90 == 60.0
    assert figures.late == 1
    assert (figures.refunded_in_part, figures.refunded_in_full) == (1, 1)
    assert figures.gross_sales == 4000
    assert figures.refunds == 1300
    assert figures.kilometres == 5.0
    assert figures.courier_hours == 2.0
    assert figures.orders_per_courier_hour == 1.5


def test_accounts_of_many_owners_are_shown_as_one_group(outcome_and_audit):
    figures = figures_of(*outcome_and_audit)
    assert groups_of(figures.accounts) == [("cash:provider", 1, 2700), ("payable:shop:*", 2, -2700)]


def test_the_report_is_written_as_json_or_as_markdown_and_shown(outcome_and_audit, tmp_path: Path):
    figures = figures_of(*outcome_and_audit)
    findings = [Finding(name="nothing is lost", holds=False, evidence="1 of 4")]
    write(tmp_path / "report.json", figures, findings)
    written = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert written["figures"]["delivered"] == 3
    assert written["invariants"] == [{"name": "nothing is lost", "holds": False, "evidence": "1 of 4"}]
    write(tmp_path / "report.md", figures, findings)
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "| `payable:shop:b` | -15.00 |" in text
    assert "| nothing is lost | FALSE | 1 of 4 |" in text
    console = Console(record=True, width=120)
    show(console, figures, findings)
    assert "click-to-door p90" in console.export_text()


def test_a_percentile_is_a_value_that_was_seen():
    assert percentile([], 0.9) == 0.0
    assert percentile([5.0], 0.5) == 5.0
    assert percentile([float(x) for x in range(1, 11)], 0.9) == 9.0
