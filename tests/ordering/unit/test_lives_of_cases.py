"""Random lives of cases against a small reference: units are counted one by one, money as one refund."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.ordering.domain import claims
from services.ordering.domain.case import GOING_ON, HOLDS_UNITS, Case, CaseStatus, Party
from services.ordering.domain.claims import CaseRules
from services.ordering.domain.errors import NothingToRefund, RefundExceedsLine, UnitsClaimed, WrongState
from tests.ordering import builders as b
from tests.ordering.unit.test_cases import RECEIPT, a_delivered_order

LINES = b.the_stores()[0].lines
BY_HAND = sorted(set(CaseStatus) - {CaseStatus.REFUNDED, CaseStatus.OVERTAKEN})
SOME_UNITS = st.dictionaries(st.sampled_from([line.line_id for line in LINES]), st.integers(1, 3), min_size=1)
FREE, PAID = "free", "paid"


class LivesOfCases(RuleBasedStateMachine):
    """The reference keeps, for each single unit, whose it is: a case's id, free, or paid back."""

    def __init__(self) -> None:
        super().__init__()
        self.order = a_delivered_order()
        self.cases: dict[str, Case] = {}
        self.units = {line.line_id: [FREE] * line.quantity for line in LINES}
        self.paid = 0
        self.minutes = 0

    def tick(self):  # type: ignore[no-untyped-def]
        self.minutes += 1
        return RECEIPT + timedelta(minutes=self.minutes)

    def take(self, line_id: str, count: int, owner: str, new: str) -> None:
        for index, mark in enumerate(self.units[line_id]):
            if mark == owner and count:
                self.units[line_id][index], count = new, count - 1
        assert count == 0

    def going_on(self) -> list[Case]:
        return [case for case in self.cases.values() if case.status in GOING_ON]

    @rule(
        wanted=st.dictionaries(
            st.sampled_from([line.line_id for line in LINES]), st.integers(1, 3), min_size=1
        )
    )
    def open(self, wanted: dict[str, int]) -> None:
        case_id = f"case-{len(self.cases):03d}"
        fits = all(self.units[line_id].count(FREE) >= count for line_id, count in wanted.items())
        try:
            case = claims.open_case(
                self.order,
                self.cases.values(),
                case_id=case_id,
                lines=wanted,
                reason="quality",
                words=None,
                at=self.tick(),
                rules=CaseRules(),
            )
        except (UnitsClaimed, RefundExceedsLine):
            assert not fits
            return
        assert fits
        self.cases[case_id] = case
        for line_id, count in wanted.items():
            self.take(line_id, count, FREE, case_id)

    @precondition(lambda self: self.cases)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(list(self.cases.values())))
        goal = data.draw(st.sampled_from(BY_HAND))
        was = case.status
        if was in {CaseStatus.WITHDRAWN, CaseStatus.RESOLVED, CaseStatus.DISMISSED}:
            own = FREE if was in {CaseStatus.WITHDRAWN, CaseStatus.RESOLVED} else case.case_id
            fits = all(self.units[line_id].count(own) >= n for line_id, n in case.claimed.items())
            fits = fits and bool(case.claimed)
            try:
                claims.require_free(case, self.order.stores[0], self.cases.values())
            except (UnitsClaimed, RefundExceedsLine, NothingToRefund):
                assert not fits
                return
            assert fits
        try:
            case.become(goal, by=Party.OPERATOR, at=self.tick())
        except WrongState:
            assert case.status is was
            return
        for line_id, count in case.claimed.items():
            if was in {CaseStatus.WITHDRAWN, CaseStatus.RESOLVED}:
                self.take(line_id, count, FREE, case.case_id)
            if goal in {CaseStatus.WITHDRAWN, CaseStatus.RESOLVED}:
                self.take(line_id, count, case.case_id, FREE)

    @precondition(lambda self: self.going_on())
    @rule(data=st.data(), bearer=st.sampled_from(["shop", "platform", "courier"]))
    def refund(self, data: st.DataObject, bearer: str) -> None:
        case = data.draw(st.sampled_from(self.going_on()))
        self.order.new_refunds.clear()
        case.fault = bearer
        claims.refund_case(case, self.order, by=Party.OPERATOR, at=self.tick())
        assert (case.status, case.borne_by) == (CaseStatus.REFUNDED, bearer)
        assert case.refunded == sum(refund.amount for refund in self.order.new_refunds)
        self.paid += case.refunded
        for line_id, count in case.claimed.items():
            self.take(line_id, count, case.case_id, PAID)

    @rule(line=st.sampled_from(LINES), count=st.integers(1, 3))
    def refund_elsewhere(self, line, count: int) -> None:  # type: ignore[no-untyped-def]
        units = self.units[line.line_id]
        self.order.new_refunds.clear()
        try:
            self.order.refund(
                refund_id=f"refund-{self.minutes}",
                store_order_id=b.STORE_ORDERS[0],
                lines={line.line_id: count},
                reason="bruised",
                return_delivery_fee=False,
                at=self.tick(),
            )
        except RefundExceedsLine:
            assert len(units) - units.count(PAID) < count
            return
        self.paid += sum(refund.amount for refund in self.order.new_refunds)
        # Cases that go on give way first, the oldest before the others; then whatever else there is.
        claims.give_way(list(self.cases.values()), self.order, self.tick())
        order = [case.case_id for case in self.cases.values() if case.case_id in units]
        live = [case_id for case_id in order if self._went_on(case_id)]
        for owner in [*live, FREE, *(case_id for case_id in order if case_id not in live)]:
            part = min(count, units.count(owner))
            if part:
                self.take(line.line_id, part, owner, PAID)
                count -= part

    def _went_on(self, case_id: str) -> bool:
        return self.cases[case_id].status in GOING_ON | {CaseStatus.OVERTAKEN}

    @invariant()
    def no_unit_is_claimed_twice_and_the_cases_are_about_what_the_reference_says(self) -> None:
        for line in self.order.stores[0].lines:
            units = self.units[line.line_id]
            assert line.refunded_quantity == units.count(PAID)
            about = sum(case.claimed.get(line.line_id, 0) for case in self.going_on())
            assert about <= line.left
            for case in self.cases.values():
                if case.status not in HOLDS_UNITS:
                    continue
                assert case.claimed.get(line.line_id, 0) == units.count(case.case_id)

    @invariant()
    def refunds_in_parts_are_the_refund_at_once(self) -> None:
        """Rule 5: what was paid back so far is what one refund of the same units would have paid."""
        alone = a_delivered_order()
        back = {line_id: units.count(PAID) for line_id, units in self.units.items() if PAID in units}
        if back:
            alone.refund(
                refund_id="at-once",
                store_order_id=b.STORE_ORDERS[0],
                lines=back,
                reason="bruised",
                return_delivery_fee=False,
                at=RECEIPT,
            )
        assert self.paid == self.order.refunded == alone.refunded

    @invariant()
    def whoever_waits_for_somebody_has_a_state_that_goes_on(self) -> None:
        for case in self.cases.values():
            assert case.is_going_on or case.due_at is None
            assert bool(case.claimed) or case.status in {CaseStatus.OVERTAKEN, CaseStatus.DISMISSED}


LivesOfCases.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestLivesOfCases = LivesOfCases.TestCase
