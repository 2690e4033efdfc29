"""A failpoint fault tells a process once and waits for the evidence; what nobody did is taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from shared.kernel.failpoints import PLACES, TIMEOUT
from tests.trust.failpoint_faults import FAULTS, WHERE, Failpoints
from tests.trust.fault import CameToNothing


def test_every_place_has_a_process_that_comes_by_and_a_fault() -> None:
    assert set(WHERE) == set(PLACES)
    assert {place for fault in FAULTS if not fault.what for place in fault.places} == set(PLACES)


def test_it_waits_for_the_new_evidence_and_not_for_the_old(tmp_path: Path) -> None:
    folder = tmp_path / "relay"
    folder.mkdir()
    (folder / "relay.published.hit-1-1").touch()
    points = Failpoints(tmp_path)

    async def strike() -> str:
        waiting = asyncio.create_task(points.until_hit("relay", "relay.published", TIMEOUT))
        while not (folder / "relay.published").exists():
            await asyncio.sleep(0.001)
        (folder / "relay.published").rename(folder / "relay.published.hit-2-2")
        return await waiting

    assert asyncio.run(strike()) == "relay.published.hit-2-2"
    assert (folder / "relay.published.hit-2-2").read_text() == TIMEOUT
    assert len(points.hits("relay", "relay.published")) == 2


def test_a_place_that_nobody_comes_by_is_a_fault_that_missed(tmp_path: Path) -> None:
    (tmp_path / "relay").mkdir()
    with pytest.raises(CameToNothing):
        asyncio.run(Failpoints(tmp_path).until_hit("relay", "relay.sent", patience=0.0))
    assert list((tmp_path / "relay").iterdir()) == []
