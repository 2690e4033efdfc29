"""What messaging could not do by itself is seen, and mended, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from linli import mail
from linli.cli import app
from linli.failures import Failure
from shared.persistence import Database

_BODY = json.dumps({"type": "OrderPaid", "id": "e1"})


@pytest.fixture
def crm(service_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> Database:
    """A crm that has given up on one event, as the environment names it."""
    database = service_database("crm")
    with database.transaction() as tx:
        tx.connection.execute(
            text(
                "INSERT INTO parked (id, subscription, event_id, attempts, reason, body)"
                " OVERRIDING SYSTEM VALUE VALUES"
                " (17, 'crm.from.ordering', 'e1', 9, 'ValueError(''no'')', :body)"
            ),
            {"body": _BODY},
        )
    monkeypatch.setenv("LINLI_CRM_DATABASE_URL", database.url)
    return database


def test_dead_letters_are_listed_with_their_reason_and_an_exit_code(crm: Database) -> None:
    listed = CliRunner().invoke(app, ["dead-letters", "list"], env={"COLUMNS": "200"})
    assert listed.exit_code == 1
    assert "crm/17" in listed.output
    assert "ValueError('no')" in listed.output
    shown = CliRunner().invoke(app, ["dead-letters", "show", "crm/17"])
    assert shown.exit_code == 0
    assert '"type": "OrderPaid"' in shown.output


def test_a_requeued_letter_is_due_again_with_all_attempts_before_it(crm: Database) -> None:
    done = CliRunner().invoke(app, ["dead-letters", "requeue", "crm/17"])
    assert done.exit_code == 0, done.output
    with crm.read() as connection:
        due = connection.execute(text("SELECT event_id, attempt, body FROM inbox_retry")).one()
        assert tuple(due) == ("e1", 0, _BODY)
        assert connection.scalar(text("SELECT count(*) FROM parked")) == 0


def test_a_dropped_letter_is_gone_for_good(crm: Database) -> None:
    kept = CliRunner().invoke(app, ["dead-letters", "drop", "crm/17"], input="n\n")
    assert kept.exit_code == 1
    gone = CliRunner().invoke(app, ["dead-letters", "drop", "crm/17", "--yes"])
    assert gone.exit_code == 0
    assert CliRunner().invoke(app, ["dead-letters", "list"]).exit_code == 0


def test_a_letter_that_is_not_there_is_a_sentence(crm: Database) -> None:
    with pytest.raises(Failure, match="no dead letter crm/99"):
        mail.dead_letter({"crm": crm.url}, "crm/99")
    with pytest.raises(Failure, match="as `list` shows it"):
        mail.dead_letter({"crm": crm.url}, "99")


def test_an_event_that_waits_too_long_ends_the_lag_with_1(crm: Database) -> None:
    assert CliRunner().invoke(app, ["outbox", "lag"]).exit_code == 0
    with crm.transaction() as tx:
        tx.publish("Tagged", "s1", {})
    with crm.transaction() as tx:
        tx.connection.execute(text("UPDATE outbox SET written_at = now() - interval '1 minute'"))
    late = CliRunner().invoke(app, ["outbox", "lag"])
    assert late.exit_code == 1
    assert "crm" in late.output
    assert next(mail.outbox_lag({"crm": crm.url}))[:2] == ("crm", 1)
