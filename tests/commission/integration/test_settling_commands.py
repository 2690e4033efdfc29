"""`linli ledger statement` and `linli ledger reconcile`, on a real database, with honest exit codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from linli.cli.ledger import app
from linli.failures import Failure
from services.commission.domain.payee import Maturity
from shared.kernel.clock import to_wire
from tests.commission.builders import a_shop_opened, an_order
from tests.commission.integration.conftest import Platform

Run = Callable[..., Result]
HEADING = "kind,provider_id,reference_id,amount,currency,at\n"


@pytest.fixture
def run(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LINLI_COMMISSION_DATABASE_URL", platform.database.url)
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


def settled(platform: Platform) -> str:
    """The statement of a bakery that sold bread for 18.00."""
    given = platform.service.settings
    platform.service.settings = replace(given, rules=replace(given.rules, maturity=Maturity.DELIVERY))
    order = an_order()
    platform.hears(a_shop_opened("bakery"), order.paid(), order.delivered())
    platform.clock.advance(timedelta(days=1))
    platform.service.settle_due()
    ((statement_id,),) = platform.rows("SELECT statement_id FROM statement WHERE payee_id = 'bakery'")
    return str(statement_id)


def test_statements_are_listed_shown_and_written(platform: Platform, run: Run, tmp_path: Path) -> None:
    statement_id = settled(platform)
    listed = run("statement", "list", "--payee", "shop:bakery")
    assert listed.exit_code == 0, listed.output
    assert statement_id in listed.output
    shown = run("statement", "show", statement_id)
    assert shown.exit_code == 0
    assert "opening 0.00 + earned 17.10 - paid out 0.00 = closing 17.10 CNY" in shown.output
    assert "18.00 x 5 % = 0.90 CNY" in " ".join(shown.output.split())
    for kind, begin in (("pdf", b"%PDF-"), ("csv", "\ufeffstatement_id".encode())):
        file = tmp_path / f"statement.{kind}"
        written = run("statement", kind, statement_id, str(file), "--title", "老王面包店")
        assert written.exit_code == 0, written.output
        assert file.read_bytes().startswith(begin)


def test_what_is_no_statement_or_payee_is_said(run: Run) -> None:
    for arguments in (["show", "nothing"], ["list", "--payee", "bakery"]):
        found = run("statement", *arguments)
        assert isinstance(found.exception, Failure), found.output


def test_a_file_is_reconciled_and_the_exit_code_says_whether_it_matches(
    platform: Platform, run: Run, tmp_path: Path
) -> None:
    order = an_order()
    platform.hears(order.paid())
    file = tmp_path / "charges.csv"
    row = f"charge,charge-1,payment-of-{order.order_id},{order.total},CNY,{to_wire(order.paid_at)}\n"
    file.write_text(HEADING + row)
    clean = run("reconcile", str(file))
    assert clean.exit_code == 0, clean.output
    assert "1 match" in clean.output
    file.write_text(HEADING + row.replace("8000", "7999"))
    wrong = run("reconcile", str(file))
    assert wrong.exit_code == 1
    assert "different_amount" in wrong.output
    kept = platform.rows("SELECT file, made_by, rows, matched FROM reconciliation ORDER BY made_at")
    assert [(file_, rows, matched) for file_, _, rows, matched in kept] == [
        ("charges.csv", 1, 1),
        ("charges.csv", 1, 0),
    ]
    assert all(str(made_by).startswith("cli:") for _, made_by, _, _ in kept)


def test_a_file_that_cannot_be_read_is_refused_with_its_lines(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "charges.csv"
    file.write_text(HEADING + "charge,charge-1,payment-1,ten,CNY,2026-01-05T04:00:00Z\n")
    found = run("reconcile", str(file))
    assert isinstance(found.exception, Failure)
    assert found.exception.exit_code == 2
    assert "line 2" in str(found.exception)
    missing = run("reconcile", str(tmp_path / "nowhere.csv"))
    assert isinstance(missing.exception, Failure)
