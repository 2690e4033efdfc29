"""The gateway's API as clients on bad connections use it: they ask twice, hang up, and ask again.

Every wish is written into the client's log, before it goes out and after it came back.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

from linli.day.api import ID, Api, ApiRefusal, OutOfPatience, Person
from shared.kernel.ids import derived_id
from tests.trust.client_log import ClientLog, Wish

# Of all wishes; which of them is fixed by the seed and the key.
ASKED_AGAIN = 0.10
WALKED_AWAY = 0.005
# Customers give up; shops and couriers have to get through.
_IMPATIENT = ("POST /v1/quotes", "POST /v1/orders", "POST /v1/orders/{id}/payments")
_CUSTOMER_PATIENCE_SECONDS = 25.0


class ForgetfulApi(Api):
    def __init__(self, base_url: str, log: ClientLog, seed: int) -> None:
        super().__init__(base_url, connections=128, patience=600.0)
        self.log = log
        self._seed = str(seed)
        self.asked_again = 0

    async def post(
        self, path: str, person: Person | None, key: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        call = f"POST {ID.sub('{id}', path)}"
        chance = random.Random(derived_id("bad-connection", self._seed, key))
        luck = chance.random()
        wish = self.log.asks(call, path, key, person.account_id if person else "", body or {})
        wait = _CUSTOMER_PATIENCE_SECONDS if call in _IMPATIENT else None
        try:
            async with asyncio.timeout(wait):
                if luck < WALKED_AWAY and call in _IMPATIENT:
                    await self._hang_up(path, person, key, body, chance)
                    raise OutOfPatience(f"{call}: the customer walked away")
                if luck > 1 - ASKED_AGAIN:
                    return await self._ask_again(wish, path, person, key, body, chance)
                began = time.monotonic()
                answer = await super().post(path, person, key, body)
        except ApiRefusal as refusal:
            # A server's error says nothing of what it did.
            self.log.hears(wish, "refused" if refusal.status < 500 else "unknown", code=refusal.code)
            raise
        except TimeoutError as error:
            self.log.hears(wish, "unknown", code="out-of-patience")
            raise OutOfPatience(f"{call}: no answer after {wait} s") from error
        except OutOfPatience:
            self.log.hears(wish, "unknown", code="walked-away")
            raise
        self.log.hears(wish, "ok", answer=answer, took=time.monotonic() - began)
        return answer

    async def _ask_again(
        self,
        wish: Wish,
        path: str,
        person: Person | None,
        key: str,
        body: Mapping[str, Any] | None,
        chance: random.Random,
    ) -> Any:
        """The same wish twice: side by side, one after the other, or after hanging up on the first."""
        self.asked_again += 1
        manner = chance.choice(("side by side", "after the answer", "after hanging up"))
        if manner == "side by side":
            results = await asyncio.gather(
                super().post(path, person, key, body),
                super().post(path, person, key, body),
                return_exceptions=True,
            )
            answers = [result for result in results if not isinstance(result, BaseException)]
            failed = [result for result in results if isinstance(result, BaseException)]
            if not answers:
                raise failed[0]
            for failure in failed:
                if isinstance(failure, ApiRefusal) and failure.status < 500:
                    self.log.hears_again(wish, {"status": f"refused: {failure.code}"})
        else:
            if manner == "after hanging up":
                await self._hang_up(path, person, key, body, chance)
            answers = [await super().post(path, person, key, body)]
            if manner == "after the answer":
                answers.append(await super().post(path, person, key, body))
        self.log.hears(wish, "ok", answer=answers[0])
        for answer in answers[1:]:
            self.log.hears_again(wish, answer)
        return answers[0]

    async def _hang_up(
        self,
        path: str,
        person: Person | None,
        key: str,
        body: Mapping[str, Any] | None,
        chance: random.Random,
    ) -> None:
        """Send the request, and close the connection before the answer can be read."""
        try:
            async with asyncio.timeout(chance.uniform(0.005, 0.08)):
                await super().post(path, person, key, body)
        except (TimeoutError, ApiRefusal):
            pass
