"""After-sale cases on the wire."""

from __future__ import annotations

from typing import Any

from services.ordering.adapters.cases_sql import CaseQueriesSql
from services.ordering.application import cases, pictures
from services.ordering.application.ports import Transactions
from services.ordering.contracts import case_requests, case_views, requests, views
from services.ordering.domain.case import Case
from services.ordering.domain.commands import Actor
from services.ordering.domain.errors import CaseNotFound, NotForThisRole
from services.ordering.settings import Settings
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.messaging.timer import every
from shared.persistence import Database

Wire = dict[str, Any]


class HandlesCases:
    """Part of ordering: what customers complain about, and what comes of it."""

    database: Database
    clock: Clock
    settings: Settings

    @property
    def _transactions(self) -> Transactions:
        raise NotImplementedError

    # -- the customer --------------------------------------------------------------------------------

    @answer
    def open_case(self, **request: Any) -> Wire:
        command = requests.load(case_requests.OPEN_CASE, request)
        return case_views.case(cases.open_(command, **self._with_rules))

    @answer
    def appeal_case(self, **request: Any) -> Wire:
        command = requests.load(case_requests.MOVE_CASE, request)
        return case_views.case(cases.appeal(command, **self._plainly))

    @answer
    def withdraw_case(self, **request: Any) -> Wire:
        command = requests.load(case_requests.MOVE_CASE, request)
        return case_views.case(cases.withdraw(command, **self._plainly))

    @answer
    def confirm_case(self, **request: Any) -> Wire:
        command = requests.load(case_requests.CONFIRM_CASE, request)
        return case_views.case(cases.confirm(command, **self._plainly))

    @answer
    def keep_case_photo(self, **request: Any) -> Wire:
        command = requests.load(case_requests.KEEP_PICTURE, request)
        picture = cases.keep_picture(command, **self._plainly)
        return case_views.kept_picture(command.photo_id, picture)

    # -- the shop and operators ----------------------------------------------------------------------

    @answer
    def answer_case(self, **request: Any) -> Wire:
        command = requests.load(case_requests.ANSWER_CASE, request)
        return case_views.case(cases.answer(command, **self._with_rules))

    @answer
    def case_sent_again(self, **request: Any) -> Wire:
        command = requests.load(case_requests.MOVE_CASE, request)
        return case_views.case(cases.sent_again(command, **self._with_rules))

    @answer
    def arbitrate_case(self, **request: Any) -> Wire:
        command = requests.load(case_requests.ARBITRATE_CASE, request)
        return case_views.case(cases.arbitrate(command, **self._with_rules))

    @answer
    def reopen_case(self, **request: Any) -> Wire:
        command = requests.load(case_requests.MOVE_CASE, request)
        return case_views.case(cases.reopen(command, **self._plainly))

    # -- looking at them -----------------------------------------------------------------------------

    @answer
    def case(self, **request: Any) -> Wire:
        """A case, for its customer, its shop's merchant and operators; for nobody else there is none."""
        asked = requests.load(case_requests.CASE, request)
        return case_views.case(self._seen(asked["actor"], asked["case_id"]))

    @answer
    def case_photo(self, **request: Any) -> Wire:
        asked = requests.load(case_requests.PICTURE, request)
        self._seen(asked["actor"], asked["owner_id"])
        return case_views.photo(
            pictures.picture(asked["owner_id"], asked["photo_id"], transactions=self._transactions)
        )

    @answer
    def cases(self, **request: Any) -> Wire:
        """The actor's own cases, newest first."""
        asked = requests.load(requests.PAGE, request)
        after = views.decode_cursor(asked["cursor"])
        with self.database.read() as connection:
            found, following = CaseQueriesSql(connection).of_customer(
                asked["actor"].account_id, asked["status"], asked["limit"], after
            )
        return views.page([case_views.case(each) for each in found], following)

    @answer
    def cases_of_shop(self, **request: Any) -> Wire:
        """The cases of a shop, newest first; a merchant sees only own ones."""
        asked = requests.load(requests.SHOP_PAGE, request)
        actor: Actor = asked["actor"]
        after = views.decode_cursor(asked["cursor"])
        with self.database.read() as connection:
            found, following = CaseQueriesSql(connection).of_shop(
                asked["shop_id"],
                None if actor.is_operator else actor.account_id,
                asked["status"],
                asked["limit"],
                after,
            )
        return views.page([case_views.case(each) for each in found], following)

    @answer
    def cases_waiting(self, **request: Any) -> Wire:
        """The cases that wait for an operator, the oldest first."""
        asked = requests.load(requests.PAGE, request)
        if not asked["actor"].is_operator:
            raise NotForThisRole
        after = views.decode_cursor(asked["cursor"])
        with self.database.read() as connection:
            found, following = CaseQueriesSql(connection).waiting(asked["limit"], after)
        return views.page([case_views.case(each) for each in found], following)

    @answer
    def forget_customer_photos(self, **request: Any) -> Wire:
        """Forget every picture that a customer sent, for operators."""
        asked = requests.load(case_requests.OF_CUSTOMER, request)
        if not asked["actor"].is_operator:
            raise NotForThisRole
        with self._transactions.begin() as work:
            return {"forgotten": work.photos.forget_of(asked["customer_id"])}

    # -- what the clock does -------------------------------------------------------------------------

    @every(seconds=5.0)
    def decide_overdue_cases(self) -> None:
        cases.decide_overdue(**self._plainly)

    @every(seconds=3600.0)
    def forget_old_photos(self) -> None:
        pictures.forget_old(
            transactions=self._transactions, clock=self.clock, keep_for=self.settings.photos_kept
        )

    # -- pieces --------------------------------------------------------------------------------------

    @property
    def _plainly(self) -> dict[str, Any]:
        return {"transactions": self._transactions, "clock": self.clock}

    @property
    def _with_rules(self) -> dict[str, Any]:
        return self._plainly | {"rules": self.settings.rules}

    def _seen(self, actor: Actor, case_id: str) -> Case:
        with self._transactions.single() as work:
            found = work.cases.find(case_id)
        if found is None or not (
            actor.is_operator or actor.account_id in {found.customer_id, found.merchant_id}
        ):
            raise CaseNotFound
        return found
