"""Comparing the books with the file of whoever moved the money: what is missing, and what differs."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.commission.domain.errors import FileRefused
from shared.kernel.clock import from_wire
from shared.kernel.errors import InvalidInput
from shared.kernel.ids import derived_id

MOST_ROWS = 200_000


class Source(StrEnum):
    """Whose file it is."""

    PAYMENTS = "payments"
    BANK = "bank"


COLUMNS = ("kind", "provider_id", "reference_id", "amount", "currency", "at")
# The kinds of a source's rows: ``reference_id`` is the id of what each is about, as the platform named it.
KINDS = {Source.PAYMENTS: ("charge", "refund"), Source.BANK: ("payout", "return")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Money that moved, as one side tells it: ``subject_id`` is what it was moved for."""

    kind: str
    subject_id: str
    amount: int
    currency: str
    at: datetime
    provider_id: str = ""
    line: int = 0


class Problem(StrEnum):
    MISSING_IN_FILE = "missing_in_file"
    MISSING_IN_BOOKS = "missing_in_books"
    DIFFERENT_AMOUNT = "different_amount"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """``books`` and ``file`` are what each side says; none where it says nothing."""

    problem: Problem
    kind: str
    subject_id: str
    currency: str
    books: int | None
    file: int | None
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """``given_back`` counts the rows of charges that the books never had and that the provider gave back in
    full itself (second and late successes), with those of what it gave back."""

    rows: int
    matched: int
    given_back: int
    differences: tuple[Difference, ...]

    @property
    def is_clean(self) -> bool:
        return not self.differences


def compare(books: Iterable[Row], file: Sequence[Row]) -> Comparison:
    """Match by what each row is about; the sums of both sides are compared, and everything else is named."""
    ours = {(row.kind, row.subject_id): row for row in books}
    differences: list[Difference] = []
    given_back = _given_back(ours, file)
    seen: set[tuple[str, str]] = set()
    provider_ids: set[tuple[str, str]] = set()
    matched = 0
    for row in file:
        key = row.kind, row.subject_id
        ours_too = ours.get(key)
        if row.line in given_back:
            continue
        if key in seen or (row.kind, row.provider_id) in provider_ids:
            books_amount = ours_too.amount if ours_too else None
            differences.append(_difference(Problem.DUPLICATE, row, books_amount, row.amount))
            continue
        seen.add(key)
        provider_ids.add((row.kind, row.provider_id))
        if ours_too is None:
            differences.append(_difference(Problem.MISSING_IN_BOOKS, row, None, row.amount))
        elif (ours_too.amount, ours_too.currency) != (row.amount, row.currency):
            differences.append(_difference(Problem.DIFFERENT_AMOUNT, row, ours_too.amount, row.amount))
        else:
            matched += 1
    for key, row in ours.items():
        if key not in seen:
            differences.append(_difference(Problem.MISSING_IN_FILE, row, row.amount, None))
    return Comparison(
        rows=len(file), matched=matched, given_back=len(given_back), differences=tuple(differences)
    )


def surplus_refund(charge_id: str) -> str:
    """The id of the refund that gives a surplus charge back: the platform names it after the charge."""
    return derived_id("refund", "surplus", charge_id)


def _given_back(ours: Mapping[tuple[str, str], Row], file: Sequence[Row]) -> set[int]:
    """The lines of charges that are not in the books, and of the refunds that gave them back in full."""
    back = {
        row.subject_id: row for row in file if row.kind == "refund" and (row.kind, row.subject_id) not in ours
    }
    lines: set[int] = set()
    for row in file:
        refund = back.get(surplus_refund(row.provider_id)) if row.kind == "charge" else None
        if refund is not None and (refund.amount, refund.currency) == (row.amount, row.currency):
            lines |= {row.line, refund.line}
    return lines


def _difference(problem: Problem, row: Row, books: int | None, file: int | None) -> Difference:
    return Difference(
        problem=problem,
        kind=row.kind,
        subject_id=row.subject_id,
        currency=row.currency,
        books=books,
        file=file,
        line=row.line or None,
    )


def read_rows(content: str, source: Source) -> list[Row]:
    """The rows of a CSV file; raises :class:`FileRefused` that names every line at fault, up to twenty."""
    reader = csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline=""), strict=True)
    errors: list[dict[str, str]] = []
    rows: list[Row] = []
    try:
        header = reader.fieldnames
        if header is None or sorted(header) != sorted(COLUMNS):
            raise _refused([(1, f"Expected the columns {', '.join(COLUMNS)}.")])
        for record in reader:
            try:
                rows.append(_row(record, KINDS[source], reader.line_num))
            except InvalidInput as refusal:
                errors.append({"field": f"line {reader.line_num}", "message": refusal.detail})
            if len(errors) >= 20 or len(rows) > MOST_ROWS:
                break
    except csv.Error as error:
        raise _refused([(reader.line_num, f"This is no CSV: {error}.")]) from error
    if errors:
        raise FileRefused(f"{len(errors)} lines cannot be read.", errors=errors)
    if len(rows) > MOST_ROWS:
        raise _refused([(MOST_ROWS + 2, f"A file may have {MOST_ROWS} rows.")])
    return rows


def _row(record: Mapping[str | None, str | None], kinds: Sequence[str], line: int) -> Row:
    if None in record or None in record.values():
        raise InvalidInput(f"Expected {len(COLUMNS)} fields.")
    told = {str(name): str(value).strip() for name, value in record.items()}
    if told["kind"] not in kinds:
        raise InvalidInput(f"The kind is {' or '.join(kinds)}, not {told['kind'][:40]!r}.")
    for name in ("provider_id", "reference_id"):
        if not told[name]:
            raise InvalidInput(f"The {name} is missing.")
    amount, currency = told["amount"], told["currency"]
    if not (amount.isascii() and amount.isdecimal() and 0 < int(amount) < 10**15):
        raise InvalidInput(f"The amount is a whole number of minor units above zero, not {amount[:40]!r}.")
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise InvalidInput(f"The currency is three capital letters, not {currency[:40]!r}.")
    return Row(
        kind=told["kind"],
        subject_id=told["reference_id"],
        amount=int(amount),
        currency=currency,
        at=from_wire(told["at"], "at"),
        provider_id=told["provider_id"],
        line=line,
    )


def _refused(lines: Iterable[tuple[int, str]]) -> FileRefused:
    errors = [{"field": f"line {number}", "message": message} for number, message in lines]
    return FileRefused(f"{errors[0]['field']}: {errors[0]['message']}", errors=errors)


def period_of(rows: Sequence[Row]) -> tuple[datetime, datetime] | None:
    """The first and the last moment that a file speaks of."""
    if not rows:
        return None
    return min(row.at for row in rows), max(row.at for row in rows)


def listed(differences: Sequence[Difference]) -> Iterator[tuple[str, int]]:
    """How many there are of each problem."""
    counted = Counter(each.problem.value for each in differences)
    yield from sorted(counted.items())
