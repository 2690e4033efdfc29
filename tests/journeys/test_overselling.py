"""Five units, two dozen buyers at once: five are sold, on one process and on several replicas."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.neighbourhood import build
from benchmarks.oversell import crowd
from linli.day.api import Api, Person
from linli.day.quiet import databases_at
from linli.stack.platform import Platform


@pytest.mark.timeout(240)
def test_two_dozen_buyers_get_exactly_the_five_units_there_are(platform: Platform):
    async def scramble() -> dict:
        api = Api(platform.base_url, connections=32)
        try:
            hood = await build(api, Person(*platform.operator), shops=1, listings=1, customers=24)
            with databases_at(platform.database_urls) as databases:
                return await crowd(api, hood, databases, units=5, seconds=9.0)
        finally:
            await api.close()

    found = asyncio.run(scramble())
    assert found["sold"] == 5
    assert found["stock left"] == 0
    assert found["held"] == 0
    assert found["seen"]["given back"] > 0
    assert found["seen"]["refused: out-of-stock"] > 0
