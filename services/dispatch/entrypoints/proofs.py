"""Codes and pictures, on the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.dispatch.adapters.proofs import Codes, SqlPhotos
from services.dispatch.adapters.store import SqlStore
from services.dispatch.adapters.views import Views
from services.dispatch.application import proving, riding
from services.dispatch.contracts import answers, proof_answers, proof_requests, requests
from services.dispatch.settings import Settings
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.messaging.timer import every
from shared.persistence import Database, Transaction

Wire = dict[str, Any]


class ProvesHandovers:
    """Part of dispatch: that goods were picked up and handed over, and what proves it."""

    database: Database
    clock: Clock
    settings: Settings
    codes: Codes

    @answer
    def complete(self, **request: Any) -> Wire:
        command = requests.load(requests.AT_STOP, request)

        def work(tx: Transaction) -> riding.Completion:
            return riding.complete(
                command,
                store=SqlStore(tx),
                code_of=lambda stop_id: self.codes.of(tx.connection, stop_id),
                clock=self.clock,
            )

        done = self.database.run(work)
        if done.refused is not None:
            # Only now: a wrong code is kept, so that it counts.
            raise done.refused
        return answers.at_stop(done.delivery, done.stop)

    @answer
    def keep_photo(self, **request: Any) -> Wire:
        command = requests.load(proof_requests.KEEP_PHOTO, request)
        _, stop, picture = self.database.run(
            lambda tx: proving.keep_photo(
                command, store=SqlStore(tx), photos=SqlPhotos(tx.connection), clock=self.clock
            )
        )
        return proof_answers.kept(stop, picture)

    @answer
    def photo(self, **request: Any) -> Wire:
        asked = requests.load(proof_requests.OF_DELIVERY, request)
        with self.database.read() as connection:
            found = proving.photo(
                asked["actor"],
                asked["order_id"],
                asked["delivery_id"],
                deliveries=Views(connection),
                photos=SqlPhotos(connection),
            )
        return proof_answers.photo(found)

    @answer
    def pickup_code(self, **request: Any) -> Wire:
        """The code of a shop's part. The gateway asks on behalf of whom ordering showed that part."""
        asked = requests.load(proof_requests.OF_PART, request)
        with self.database.read() as connection:
            _, code = proving.pickup_code(
                asked["order_id"],
                asked["store_order_id"],
                deliveries=Views(connection),
                code_of=lambda stop_id: self.codes.of(connection, stop_id),
            )
        return {"store_order_id": asked["store_order_id"], "code": code}

    @answer
    def forget_photos(self, **request: Any) -> Wire:
        asked = requests.load(proof_requests.OF_CUSTOMER, request)
        with self.database.transaction() as tx:
            photos = SqlPhotos(tx.connection)
            count = proving.forget_photos(asked["actor"], asked["customer_id"], photos=photos)
        return {"forgotten": count}

    @every(seconds=3600)
    def forget_old_photos(self) -> None:
        """A picture of a door is kept for as long as somebody may complain, and no longer."""
        before = self.clock.now() - timedelta(days=self.settings.photo_days)
        with self.database.transaction() as tx:
            SqlPhotos(tx.connection).forget_before(before)
