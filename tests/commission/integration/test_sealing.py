"""Sealing on a real database, and whatever somebody with all rights may do to it afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from linli.cli import app
from linli.stack import databases
from linli.stack.postgres import PrivatePostgres
from services.commission.adapters.chain_sql import SqlChain
from services.commission.adapters.seals_sql import SqlSeals
from services.commission.application import sealing
from services.commission.application.verification import Verification, verify
from services.commission.domain.chain import Head
from tests.commission.builders import an_order, operator
from tests.commission.integration.conftest import Platform

Meddle = Callable[[str], None]


@pytest.fixture
def meddle(platform: Platform, postgres_server: PrivatePostgres) -> Meddle:
    """Do something as a superuser, whom no trigger stops."""

    def act(statement: str) -> None:
        name = platform.database.engine.url.database or ""
        with (
            closing(databases.connect(postgres_server.url(name))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(statement)

    return act


def busy(platform: Platform, orders: int = 3) -> None:
    for _ in range(orders):
        order = an_order()
        platform.hears(order.paid(), order.delivered(), order.trip())


def sealed(platform: Platform) -> Head:
    platform.service.seal()
    with platform.database.read() as connection:
        return SqlSeals(connection).head()


def verified(platform: Platform, *anchors: Head) -> Verification:
    with platform.database.snapshot() as connection:
        return verify(SqlChain(connection), anchors)


def test_what_was_posted_is_sealed_in_the_order_of_its_entries(platform: Platform) -> None:
    busy(platform)
    assert len(platform.rows("SELECT * FROM ledger_unsealed")) == 9
    head = sealed(platform)
    assert head.position == 9
    assert platform.rows("SELECT * FROM ledger_unsealed") == []
    first = platform.rows("SELECT first_entry FROM ledger_seal ORDER BY position")
    assert first == sorted(first)
    found = verified(platform, head)
    assert found.holds, found
    assert (found.sealed, found.head, found.unsealed, found.anchors) == (9, head, 0, 1)


def test_sealing_again_goes_on_where_it_ended(platform: Platform) -> None:
    busy(platform, 1)
    first = sealed(platform)
    assert sealed(platform) == first
    busy(platform, 1)
    assert sealed(platform).position == 6
    assert verified(platform, first).holds


def test_what_waits_to_be_sealed_breaks_nothing(platform: Platform) -> None:
    busy(platform, 1)
    head = sealed(platform)
    busy(platform, 1)
    found = verified(platform, head)
    assert found.holds
    assert (found.sealed, found.unsealed) == (3, 3)


def test_one_seals_at_a_time_and_nobody_who_posts_waits_for_it(platform: Platform) -> None:
    busy(platform, 1)
    with platform.database.transaction() as tx:
        assert sealing.seal(seals=SqlSeals(tx.connection), clock=platform.clock) == 3
        with platform.database.transaction() as other:
            assert sealing.seal(seals=SqlSeals(other.connection), clock=platform.clock) == 0
        busy(platform, 1)
    assert sealed(platform).position == 6
    assert verified(platform).holds


def test_a_sealer_that_dies_has_sealed_nothing(platform: Platform) -> None:
    busy(platform, 1)

    def die() -> None:
        with platform.database.transaction() as tx:
            sealing.seal(seals=SqlSeals(tx.connection), clock=platform.clock)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        die()
    assert platform.rows("SELECT * FROM ledger_seal UNION ALL SELECT * FROM ledger_seal") == []
    assert platform.rows("SELECT * FROM ledger_total") == []
    assert sealed(platform).position == 3
    assert platform.is_sound()


@pytest.mark.parametrize(
    ("meddling", "position", "problem"),
    [
        (
            "UPDATE ledger_entry SET amount = amount * 2 WHERE transaction_id = {4}",
            4,
            "it does not say what was sealed",
        ),
        ("UPDATE ledger_entry SET account = 'cash:bank' WHERE account = 'cash:provider'", 1, "not say"),
        ("UPDATE ledger_entry SET note = 'x' WHERE transaction_id = {5}", 5, "not say"),
        ("UPDATE ledger_transaction SET event_type = 'x' WHERE transaction_id = {3}", 3, "not say"),
        ("UPDATE ledger_transaction SET posted_at = now() WHERE transaction_id = {2}", 2, "not say"),
        ("DELETE FROM ledger_transaction WHERE transaction_id = {4}", 4, "the transaction is gone"),
        ("DELETE FROM ledger_entry WHERE transaction_id = {6}", 6, "0 of its"),
        ("DELETE FROM ledger_seal WHERE position = 5", 5, "the seal is gone; the next one is 6"),
        ("UPDATE ledger_seal SET hash = sha256('x') WHERE position = 7", 7, "not say"),
    ],
)
def test_what_was_changed_is_found_at_its_first_broken_link(
    platform: Platform, meddle: Meddle, meddling: str, position: int, problem: str
) -> None:
    busy(platform)
    sealed(platform)
    rows = platform.rows("SELECT position, transaction_id FROM ledger_seal")
    ids = {f"{{{place}}}": f"'{transaction_id}'" for place, transaction_id in rows}
    for place, transaction_id in ids.items():
        meddling = meddling.replace(place, transaction_id)
    meddle(meddling)
    found = verified(platform)
    assert found.broken is not None
    assert found.broken.position == position
    assert problem in found.broken.problem


def test_what_was_added_to_a_sealed_transaction_is_found(platform: Platform, meddle: Meddle) -> None:
    busy(platform, 1)
    sealed(platform)
    meddle(
        "INSERT INTO ledger_entry (transaction_id, account, amount, currency, kind, order_id, posted_at)"
        " SELECT transaction_id, account, amount, currency, kind, order_id, posted_at"
        " FROM ledger_entry LIMIT 2"
    )
    found = verified(platform)
    assert not found.holds
    assert len(found.strangers) == 2
    assert "was added to it" in found.strangers[0][1]


def test_a_transaction_that_nobody_posted_is_found(platform: Platform, meddle: Meddle) -> None:
    busy(platform, 1)
    sealed(platform)
    meddle(
        "INSERT INTO ledger_transaction"
        " (transaction_id, natural_key, event_type, currency, occurred_at, posted_at)"
        " VALUES ('mine', 'mine', 'Mine', 'CNY', now(), now())"
    )
    assert verified(platform).strangers == [("mine", "it is neither sealed nor waits for it")]


def test_what_was_taken_out_before_it_was_sealed_is_found(platform: Platform, meddle: Meddle) -> None:
    busy(platform, 1)
    meddle("DELETE FROM ledger_entry WHERE kind = 'courier_pay'")
    platform.service.seal()
    assert [problem for _, problem in verified(platform).strangers] == [
        "it waits to be sealed and is not whole"
    ]


def test_a_last_part_that_was_cut_off_is_found_by_an_anchor(platform: Platform, meddle: Meddle) -> None:
    busy(platform)
    anchor = sealed(platform)
    meddle(
        "DELETE FROM ledger_entry WHERE transaction_id IN"
        " (SELECT transaction_id FROM ledger_seal WHERE position > 6);"
        "DELETE FROM ledger_transaction WHERE transaction_id IN"
        " (SELECT transaction_id FROM ledger_seal WHERE position > 6);"
        "DELETE FROM ledger_seal WHERE position > 6"
    )
    assert verified(platform).holds
    broken = verified(platform, anchor).broken
    assert broken is not None
    assert "the end is missing: the chain ends at 6, an anchor was taken at 9" in broken.problem


def test_a_ledger_that_was_sealed_anew_is_found_by_an_anchor(platform: Platform, meddle: Meddle) -> None:
    busy(platform)
    anchor = sealed(platform)
    meddle(
        "UPDATE ledger_entry SET note = 'never mind';"
        "INSERT INTO ledger_unsealed"
        " SELECT transaction_id, first_entry, last_entry, entries FROM ledger_seal;"
        "DELETE FROM ledger_seal; DELETE FROM ledger_total"
    )
    sealed(platform)
    assert verified(platform).holds
    broken = verified(platform, anchor).broken
    assert broken is not None
    assert "sealed anew" in broken.problem


def test_the_application_cannot_change_seals(platform: Platform) -> None:
    busy(platform, 1)
    sealed(platform)
    for change in ("UPDATE ledger_seal SET position = 9", "DELETE FROM ledger_seal", "TRUNCATE ledger_seal"):
        with (
            pytest.raises(DBAPIError, match=r"append-only|permission denied"),
            platform.database.transaction() as tx,
        ):
            tx.connection.execute(text(change))


def test_the_command_verifies_a_database_from_anywhere(
    platform: Platform, meddle: Meddle, tmp_path: Path
) -> None:
    busy(platform)
    sealed(platform)
    run, at = CliRunner(), ["--database", platform.database.url]
    kept = run.invoke(app, ["ledger", "head", *at])
    assert json.loads(kept.stdout)["position"] == 9
    anchor = tmp_path / "heads.jsonl"
    anchor.write_text(kept.stdout)
    good = run.invoke(app, ["ledger", "verify", "--anchor", str(anchor), *at])
    assert good.exit_code == 0, good.output
    assert "9 transactions with" in good.stdout
    assert "The chain holds." in good.stdout
    meddle("DELETE FROM ledger_seal WHERE position = 9")
    bad = run.invoke(app, ["ledger", "verify", "--anchor", str(anchor), *at])
    assert bad.exit_code == 1
    assert "Broken at position 9" in bad.stdout


def test_the_head_is_told_to_operators(platform: Platform) -> None:
    busy(platform, 1)
    head = sealed(platform)
    busy(platform, 1)
    found = platform.service.ledger_head(actor=operator())
    assert found == {"position": 3, "hash": head.hash.hex(), "unsealed": 3}
