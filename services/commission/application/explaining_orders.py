"""Where every cent of an order went, and why: from its facts and its entries, checked against each other.

What money went to is read from the entries, whatever accounts they stand on, so what is new in the chart
shows by itself; the facts say what the money was paid for, and what the entries should be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from services.commission.application.ports import AuditedOrder, EntryRow
from services.commission.domain import ledger
from services.commission.domain.chart import AccountOwner, AccountType, code_of, in_chart
from services.commission.domain.explanation import Branch, Explanation
from services.commission.domain.facts import OrderFacts, Paid, PaidLine, PaidPart, Refund, RefundedLine
from services.commission.domain.ledger import Heading, Kind
from services.commission.domain.reasons import formula, name_of
from services.commission.domain.settlement import goal_of
from shared.kernel.money import rate_of


def explain_order(
    book: AuditedOrder, entries: Sequence[EntryRow], shops: Collection[str] | None = None
) -> Explanation:
    """The whole order, or what concerns ``shops`` of it: their goods, and what they get."""
    facts = book.facts
    currency = facts.currency or (entries[0].currency if entries else "")
    told = Explanation("order", facts.order_id, f"Order {facts.order_id}", currency)
    if facts.paid is None:
        told.branches.append(Branch("Nothing is booked before the payment is known."))
        return told
    if shops is None:
        told.branches += [_payment(facts.paid), *_refunds(facts)]
    else:
        told.branches += [
            _goods(part, facts.refunds.values()) for part in facts.paid.parts if part.shop_id in shops
        ]
    for party, own in _by_party(entries, shops):
        told.branches.append(_party(party, own, told))
    _check_lines(facts.paid, shops, told)
    if shops is None:
        _check_sums(book, entries, told)
    return told


# -- what was paid, and what went back -----------------------------------------------------------------------


def _payment(paid: Paid) -> Branch:
    branch = Branch("Paid by the customer", paid.total, why=f"at {paid.paid_at:%Y-%m-%d %H:%M} UTC")
    for part in paid.parts:
        branch.add(_goods(part))
    branch.add(Branch("Delivery fee", paid.delivery_fee))
    beyond = paid.total - sum(part.paid for part in paid.parts) - paid.delivery_fee - paid.tip
    if paid.tip:
        branch.add(Branch("Tip", paid.tip))
    if beyond:
        branch.add(Branch("Beyond goods, delivery and tip", beyond))
    return branch


def _goods(part: PaidPart, refunds: Collection[Refund] = ()) -> Branch:
    back = sum(line.amount for refund in refunds for line in _of_part(refund, part))
    branch = Branch(f"Goods of shop {part.shop_id}, store order {part.store_order_id}", part.paid - back)
    for line in part.lines:
        branch.add(Branch(f"Line {line.line_id} ({line.category})", line.paid, why=_price(line)))
    for refund in refunds:
        for back_line in _of_part(refund, part):
            branch.add(Branch(f"Refund {refund.refund_id}, line {back_line.line_id}", -back_line.amount))
    return branch


def _of_part(refund: Refund, part: PaidPart) -> Iterator[RefundedLine]:
    own = {line.line_id for line in part.lines}
    return (line for line in refund.lines if line.line_id in own)


def _price(line: PaidLine) -> str:
    others = line.goods - line.paid - line.platform_discount
    off = [
        f"{_coins(amount)} that {funder} bears"
        for amount, funder in ((others, "the shop"), (line.platform_discount, "the platform"))
        if amount
    ]
    return f"{_coins(line.goods)} less {' and '.join(off)}" if off else f"{_coins(line.goods)}, no discount"


def _refunds(facts: OrderFacts) -> Iterator[Branch]:
    if not facts.refunds:
        return
    branch = Branch("Given back to the customer", -facts.refunded)
    for refund in facts.refunds.values():
        part = f"store order {refund.store_order_id}" if refund.store_order_id else "the whole order"
        one = branch.add(Branch(f"Refund {refund.refund_id}, {part}", -refund.amount))
        for line in refund.lines:
            why = None
            if line.platform_discount:
                why = f"and {_coins(line.platform_discount)} of discount back to the platform"
            one.add(Branch(f"Line {line.line_id}", -line.amount, why=why))
        if refund.delivery_fee:
            one.add(Branch("Delivery fee", -refund.delivery_fee))
        if refund.tip:
            one.add(Branch("Tip", -refund.tip))
    yield branch


# -- who has it now ------------------------------------------------------------------------------------------

_HELD = "Held where the money is"
_UNDER_WAY = "Still held for the order"
_PLATFORM = "The platform"


def _by_party(
    entries: Sequence[EntryRow], shops: Collection[str] | None
) -> Iterator[tuple[str, list[EntryRow]]]:
    parties: dict[str, list[EntryRow]] = {}
    for entry in entries:
        party, owner_id = _party_of(entry.account)
        if shops is None or owner_id in shops:
            parties.setdefault(party, []).append(entry)
    last = (_PLATFORM, _UNDER_WAY, _HELD)
    for party in sorted(parties, key=lambda name: last.index(name) if name in last else -1):
        yield party, parties[party]


def _party_of(account: str) -> tuple[str, str]:
    known = in_chart(account)
    if known is None or account == ledger.ORDERS:
        return (_UNDER_WAY if known else account), ""
    # What is still to be handed back to the customer is held by nobody else: it lessens what is there.
    if known.type is AccountType.ASSET or account == ledger.CASH_REFUNDS:
        return _HELD, ""
    if code_of(account) == account:
        return _PLATFORM, ""
    owner_id = account.split(":", 2)[2]
    belongs_to_shop = known.owner in {AccountOwner.SHOP, AccountOwner.PROMOTER}
    return f"{known.owner.value.capitalize()} {owner_id}", owner_id if belongs_to_shop else ""


def _party(party: str, entries: Sequence[EntryRow], told: Explanation) -> Branch:
    sign = 1 if party == _HELD else -1
    branch = Branch(party, sign * sum(entry.amount for entry in entries))
    headings: dict[Heading, list[EntryRow]] = {}
    for entry in entries:
        heading = Heading(
            entry.account, entry.kind, entry.store_order_id, entry.rate_bp, entry.promotion_link_id
        )
        headings.setdefault(heading, []).append(entry)
    for heading, own in headings.items():
        branch.add(_heading(heading, own, sign, told))
    return branch


def _heading(heading: Heading, entries: Sequence[EntryRow], sign: int, told: Explanation) -> Branch:
    amount = sum(entry.amount for entry in entries)
    base = sum(entry.base or 0 for entry in entries) if heading.rate_bp is not None else None
    last = entries[-1]
    why = formula(
        heading.kind,
        rate_bp=heading.rate_bp,
        base=base,
        currency=last.currency,
        note=last.note,
        plan=last.rate_plan,
    )
    name = name_of(heading.kind)
    where = f", store order {heading.store_order_id}" if heading.store_order_id else ""
    branch = Branch(
        name + where, sign * amount, why=why.removeprefix(name).lstrip(":, ") or None, account=heading.account
    )
    if heading.kind == Kind.TAKE_RATE and heading.account != ledger.TAKE_RATE and base is not None:
        told.check(f"{name}{where} is its rate of its base", rate_of(base, heading.rate_bp or 0), amount)
    if len(entries) == 1:
        branch.entry_id = last.entry_id
        return branch
    for entry in entries:
        takes_back = f", takes back from transaction {entry.reverses}" if entry.reverses else ""
        branch.add(
            Branch(f"after {entry.event_type}{takes_back}", sign * entry.amount, entry_id=entry.entry_id)
        )
    return branch


# -- whether it adds up --------------------------------------------------------------------------------------


def _check_lines(paid: Paid, shops: Collection[str] | None, told: Explanation) -> None:
    for part in paid.parts:
        if shops is None or part.shop_id in shops:
            lines = sum(line.paid for line in part.lines)
            told.check(f"the lines make store order {part.store_order_id}", part.paid, lines)


def _check_sums(book: AuditedOrder, entries: Sequence[EntryRow], told: Explanation) -> None:
    paid, refunded = book.facts.paid, book.facts.refunded
    kept = (paid.total if paid else 0) - refunded
    sums: dict[str, int] = {}
    for entry in entries:
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount
    held = sum(amount for account, amount in sums.items() if _party_of(account)[0] == _HELD)
    told.check("paid less given back is held", kept, held)
    told.check("paid less given back is what all parties have", kept, held - sum(sums.values()))
    goal = goal_of(book.facts, book.plan).sheet.by_account()
    for account in sorted(goal.keys() | sums.keys()):
        told.check(f"{account} is what the facts call for", goal.get(account, 0), sums.get(account, 0))


def _coins(amount: int) -> str:
    return f"{amount / 100:,.2f}"
