"""`linli ledger what-if` on a real database."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from linli.cli.ledger import app
from linli.failures import Failure
from tests.commission.builders import NOON, an_order
from tests.commission.integration.conftest import Platform

SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "rates" / "lunch.json"


@pytest.fixture
def busy(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    url = platform.database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("LINLI_COMMISSION_DATABASE_URL", url)
    # One order a day; the last is not paid on the days that are asked for.
    for day in range(3):
        order = an_order(paid_at=NOON + timedelta(days=day))
        platform.hears(order.paid(), order.delivered(), order.trip())
    return platform


def asked(*arguments: str) -> str:
    result = CliRunner().invoke(
        app, ["what-if", str(SAMPLE), "--since", "2026-01-05", "--until", "2026-01-07", *arguments]
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def test_everybody_has_a_row_and_everything_adds_up(busy: Platform, tmp_path: Path) -> None:
    found = json.loads(asked("--json", "--csv", str(tmp_path / "rows.csv")))
    assert found["orders"] == 2
    totals = {row["party"]: row["difference"]["amount"] for row in found["totals"]}
    assert totals["customers"] == 0
    assert sum(totals.values()) == found["sum"]["difference"]["amount"] == 0
    with (tmp_path / "rows.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["party"], row["owner_id"], int(row["difference"])) for row in rows] == [
        (row["party"], row["owner_id"], row["difference"]["amount"]) for row in found["parties"]
    ]
    assert sum(int(row["difference"]) for row in rows) == 0


def test_the_table_says_how_many_orders_were_derived_and_how_fast(
    busy: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    before = busy.sums()
    shown = asked("--rows", "1")
    assert "2 orders, 0 shifts" in shown
    assert "1 more" in shown
    assert "2 orders derived twice" in shown
    assert busy.sums() == before


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ("{", "is no JSON"),
        ('{"take_rate": 5}', "take_rate: Unknown field"),
        ('{"take_rate_bp": 9000}', "exceed the price"),
    ],
)
def test_terms_that_make_no_sense_are_refused_in_a_sentence(
    busy: Platform, tmp_path: Path, terms: str, sentence: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(terms)
    result = CliRunner().invoke(app, ["what-if", str(file), "--since", "2026-01-05"])
    assert isinstance(result.exception, Failure)
    assert sentence in str(result.exception)
