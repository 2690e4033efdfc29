"""Messages that are poison, no messages at all, come twice or in the wrong order; a queue that is full."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import signal
import time
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from pika.exceptions import NackError

from linli.day.quiet import subscriptions
from shared.messaging.outbox import BATCH, OutboxRow
from shared.messaging.topology import Subscription
from tests.trust import messages
from tests.trust.fault import CameToNothing, Fault, Injected, Struck
from tests.trust.stage import Stage

_UNREADABLE: Sequence[Callable[[str], bytes]] = (
    lambda mark: b"\xff\xfe" + mark.encode(),
    lambda mark: f"not json {mark}".encode(),
    lambda mark: json.dumps([mark]).encode(),
    lambda mark: json.dumps({"specversion": "1.0", "id": mark}).encode(),
    lambda mark: json.dumps({"nul": f"\x00{mark}"}).encode(),
)
_MANY = 40
_FULL_SECONDS = 60.0
_MOST_COPIES = 500


def _has_broker(stage: Stage) -> bool:
    return stage.kind == "full"


class Poison:
    """Every subscription gets one event that its handler refuses: eight retries later it has to be parked."""

    kind = "poison message"

    def fits(self, stage: Stage) -> bool:
        return _has_broker(stage)

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        chosen = chance.choice(subscriptions())
        event_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        body = messages.poison(chosen, chance.choice(chosen.types), event_id, stage)
        injected = Injected(subscription=chosen.name, event_id=event_id, body=event_id)
        return await _put(self.kind, stage, chosen, body, injected)


class Undecodable:
    """Bytes that are no event, in one of several ways: they have to be parked at once, as they came."""

    kind = "undecodable message"

    def fits(self, stage: Stage) -> bool:
        return _has_broker(stage)

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        chosen = chance.choice(subscriptions())
        mark = f"{chance.getrandbits(96):024x}"
        body = chance.choice(_UNREADABLE)(mark)
        # What is not text is kept as base64, in which the mark cannot be found.
        kept = mark if body.isascii() else _base64(body)
        injected = Injected(subscription=chosen.name, event_id=None, body=kept)
        return await _put(self.kind, stage, chosen, body, injected)


class Doubled:
    """Events that were sent before are published again, to everybody: nothing may come of it."""

    kind = "doubled messages"

    def fits(self, stage: Stage) -> bool:
        return _has_broker(stage)

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        source = chance.choice(_sources())
        begun = time.time()
        rows = await asyncio.to_thread(messages.sent_lately, stage, source, _MANY)
        if not rows:
            raise CameToNothing(f"{source} has sent nothing yet.")
        await asyncio.to_thread(_publish, stage, source, [row for row in rows for _ in range(2)])
        evidence = {"events": len(rows), "times": 2, "first": rows[0].id, "last": rows[-1].id}
        return Struck(kind=self.kind, target=source, begun=begun, over=time.time(), evidence=evidence)


class Reordered:
    """Events are published in reverse before their relay gets to them; it then sends them again, in order."""

    kind = "reordered messages"

    def fits(self, stage: Stage) -> bool:
        return _has_broker(stage)

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        begun = time.time()
        stage.kill("relay", signal.SIGSTOP)
        try:
            source, rows = await self._gather(stage, chance)
            await asyncio.to_thread(_publish, stage, source, rows[::-1])
        finally:
            stage.kill("relay", signal.SIGCONT)
        evidence = {"events": len(rows), "first": rows[-1].id, "last": rows[0].id}
        return Struck(kind=self.kind, target=source, begun=begun, over=time.time(), evidence=evidence)

    async def _gather(self, stage: Stage, chance: random.Random) -> tuple[str, list[OutboxRow]]:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            for source in chance.sample(_sources(), len(_sources())):
                rows = await asyncio.to_thread(messages.waiting, stage, source)
                if len({row.type for row in rows}) >= 2 or len(rows) >= 5:
                    return source, rows
            await asyncio.sleep(0.1)
        raise CameToNothing("No outbox gathered anything that has an order within 10 s.")


class FullQueue:
    """A queue may hold one message while its reader stands still: the broker refuses, the relay backs off."""

    kind = "full queue"

    def fits(self, stage: Stage) -> bool:
        return _has_broker(stage)

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        # Orders go on without these readers, and bring what the broker then refuses.
        readers = {"commission", "crm"}
        chosen = chance.choice(
            [s for s in subscriptions() if (s.source == "ordering") & (s.service in readers)]
        )
        begun, before = time.time(), await asyncio.to_thread(refused_rows, stage, chosen.source)
        policy = ("set_policy", "--apply-to", "queues", "full", f"^{chosen.name}$", '{"max-length":1}')
        await asyncio.to_thread(stage.rabbit.control, *policy)
        stage.kill(chosen.service, signal.SIGSTOP)
        try:
            copies = await asyncio.to_thread(_fill, stage, chosen)
            refused = await self._until_refused(stage, chosen, before)
        finally:
            stage.kill(chosen.service, signal.SIGCONT)
            await asyncio.to_thread(stage.rabbit.control, "clear_policy", "full")
        return Struck(
            kind=self.kind,
            target=chosen.name,
            begun=begun,
            over=time.time(),
            evidence={"rows refused": refused, "copies put before": copies},
        )

    async def _until_refused(self, stage: Stage, chosen: Subscription, before: float) -> float:
        until = time.monotonic() + _FULL_SECONDS
        while time.monotonic() < until:
            now = await asyncio.to_thread(refused_rows, stage, chosen.source)
            # A relay that has begun anew counts from nothing.
            if now > before or 0 < now < before:
                return now - before if now > before else now
            await asyncio.sleep(0.2)
        raise CameToNothing(f"{chosen.name} did not fill up within {_FULL_SECONDS:.0f} s.")


def _fill(stage: Stage, chosen: Subscription) -> int:
    """Copies of what its reader has taken in before, until the queue takes no more."""
    rows = [row for row in messages.sent_lately(stage, chosen.source, BATCH) if row.type in chosen.types]
    if not rows:
        raise CameToNothing(f"{chosen.source} has sent nothing yet that {chosen.name} wants.")
    with messages.channel(stage) as channel:
        for count in range(_MOST_COPIES):
            try:
                messages.to_queue(channel, chosen.name, [rows[count % len(rows)].body])
            except NackError:
                return count
    raise CameToNothing(f"{chosen.name} took {_MOST_COPIES} copies and was not full.")


def refused_rows(stage: Stage, service: str) -> float:
    """How many rows the broker has refused to the relay of ``service``, as the relay counts them."""
    address = next(p.ops_address for p in stage.platform.processes if p.name == "relay")
    wanted = f'linli_relay_publish_total{{result="refused",service="{service}"}}'
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return 0.0
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(wanted)), 0.0)


def _sources() -> list[str]:
    """Who publishes something that somebody wants, and does so all the time."""
    return sorted({wanted.source for wanted in subscriptions()} & {"ordering", "dispatch", "storefront"})


def _publish(stage: Stage, source: str, rows: Sequence[OutboxRow]) -> None:
    with messages.channel(stage) as channel:
        messages.to_exchange(channel, source, rows)


async def _put(kind: str, stage: Stage, chosen: Subscription, body: bytes, injected: Injected) -> Struck:
    begun = time.time()

    def put() -> None:
        with messages.channel(stage) as channel:
            messages.to_queue(channel, chosen.name, [body])

    await asyncio.to_thread(put)
    evidence: dict[str, Any] = {"bytes": len(body), "event": injected.event_id}
    return Struck(
        kind=kind,
        target=chosen.name,
        begun=begun,
        over=time.time(),
        evidence=evidence,
        injected=(injected,),
    )


def _base64(body: bytes) -> str:
    return "base64:" + base64.b64encode(body).decode()


FAULTS: tuple[Fault, ...] = (Poison(), Undecodable(), Doubled(), Reordered(), FullQueue())
