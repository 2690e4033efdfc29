"""Sealing: a chain over the journal, and the totals that balances are read from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.commission.domain.chain import (
    NOTHING_SEALED,
    Head,
    Written,
    WrittenEntry,
    canonical,
    hash_after,
    seals_after,
)
from services.commission.domain.totals import Span, Total, totals_of

NOON = datetime(2026, 1, 5, 4, tzinfo=UTC)


def an_entry(entry_id: int, account: str, amount: int, **changes: object) -> WrittenEntry:
    entry = WrittenEntry(
        entry_id=entry_id,
        account=account,
        amount=amount,
        currency="CNY",
        kind="payment",
        order_id="o-1",
        store_order_id=None,
        promotion_link_id=None,
        rate_bp=None,
        base=None,
        note=None,
        reverses=None,
        posted_at=NOON,
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def a_transaction(number: int = 1, **changes: object) -> Written:
    written = Written(
        transaction_id=f"t-{number}",
        natural_key=f"event:{number}",
        event_type="OrderPaid",
        order_id="o-1",
        currency="CNY",
        rate_plan=1,
        occurred_at=NOON,
        posted_at=NOON,
        entries=(
            an_entry(2 * number, "cash:provider", 500),
            an_entry(2 * number + 1, "liability:orders", -500),
        ),
    )
    return replace(written, **changes)  # type: ignore[arg-type]


def test_content_is_written_down_in_one_way_for_good() -> None:
    # What was sealed once has to read the same for ever: another form needs another number.
    assert canonical(a_transaction()).decode() == (
        '[1,"t-1","event:1","OrderPaid","o-1","CNY",1,"2026-01-05T04:00:00.000000+00:00",'
        '"2026-01-05T04:00:00.000000+00:00",['
        '[2,"cash:provider",500,"CNY","payment","o-1",null,null,null,null,null,null,'
        '"2026-01-05T04:00:00.000000+00:00"],'
        '[3,"liability:orders",-500,"CNY","payment","o-1",null,null,null,null,null,null,'
        '"2026-01-05T04:00:00.000000+00:00"]]]'
    )


def test_the_time_zone_that_a_moment_is_told_in_does_not_matter() -> None:
    elsewhere = NOON.astimezone(datetime.strptime("+0800", "%z").tzinfo)
    assert canonical(a_transaction(occurred_at=elsewhere)) == canonical(a_transaction())


@pytest.mark.parametrize(
    "change",
    [
        {"natural_key": "event:9"},
        {"event_type": "RefundIssued"},
        {"order_id": None},
        {"rate_plan": 2},
        {"occurred_at": NOON + timedelta(microseconds=1)},
        {"posted_at": NOON + timedelta(days=1)},
        {"entries": (an_entry(2, "cash:provider", 501), an_entry(3, "liability:orders", -501))},
        {"entries": (an_entry(2, "cash:bank", 500), an_entry(3, "liability:orders", -500))},
        {"entries": (an_entry(2, "cash:provider", 500, note="x"), an_entry(3, "liability:orders", -500))},
    ],
)
def test_whatever_is_changed_changes_the_hash(change: dict[str, object]) -> None:
    before = hash_after(NOTHING_SEALED.hash, a_transaction())
    assert hash_after(NOTHING_SEALED.hash, a_transaction(**change)) != before


def test_each_seal_depends_on_all_before_it() -> None:
    honest = seals_after(NOTHING_SEALED, [a_transaction(1), a_transaction(2), a_transaction(3)])
    forged = seals_after(
        NOTHING_SEALED, [a_transaction(1, event_type="x"), a_transaction(2), a_transaction(3)]
    )
    assert [seal.position for seal in honest] == [1, 2, 3]
    assert all(mine.hash != theirs.hash for mine, theirs in zip(honest, forged, strict=True))


def test_sealing_in_parts_is_sealing_at_once() -> None:
    all_of_them = [a_transaction(number) for number in range(1, 6)]
    first = seals_after(NOTHING_SEALED, all_of_them[:2])
    rest = seals_after(Head(position=2, hash=first[-1].hash), all_of_them[2:])
    assert [*first, *rest] == seals_after(NOTHING_SEALED, all_of_them)


def test_totals_count_each_entry_by_its_month_and_its_day() -> None:
    later = NOON + timedelta(days=1)
    back = a_transaction(
        2,
        posted_at=later,
        entries=(
            an_entry(4, "cash:provider", -200, kind="refund", posted_at=later),
            an_entry(5, "liability:orders", 200, kind="refund", posted_at=later),
        ),
    )
    totals = totals_of([a_transaction(1), back])
    month, day = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
    cash = {key[2:]: total for key, total in totals.items() if key[0] == "cash:provider"}
    assert cash == {
        (Span.MONTH, month, "payment"): Total(debit=500, entries=1, first_entry=2, last_entry=2),
        (Span.MONTH, month, "refund"): Total(credit=200, entries=1, first_entry=4, last_entry=4),
        (Span.DAY, day, "payment"): Total(debit=500, entries=1, first_entry=2, last_entry=2),
        (Span.DAY, day + timedelta(days=1), "refund"): Total(
            credit=200, entries=1, first_entry=4, last_entry=4
        ),
    }


def test_totals_of_parts_make_the_total_of_the_whole() -> None:
    first, second = a_transaction(1), a_transaction(2)
    parts, whole = (totals_of([first]), totals_of([second])), totals_of([first, second])
    assert {key: parts[0][key].with_all_of(parts[1][key]) for key in whole} == whole
