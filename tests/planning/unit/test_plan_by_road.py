"""`linli plan --router URL`: a server's travel times, and what happens without them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from linli.stack.state import ROOT
from tests.dispatch.osrm import FakeOsrm, serving

NOON = str(ROOT / "samples" / "plan" / "noon.json")


def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "linli", "plan", NOON, "--rounds", "50", "--json", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def summary(result: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(result.stdout)["summary"]


def test_travel_takes_as_long_as_the_server_says() -> None:
    straight = summary(asked())
    with serving(FakeOsrm(detour=2.0, metres_per_second=320 / 60)) as osrm:
        routed = asked("--router", osrm.url)
    assert routed.returncode == 0
    assert summary(routed)["duration"] > 1.3 * straight["duration"]
    assert summary(routed)["distance"] > 1.3 * straight["distance"]
    assert osrm.asked[0].startswith("/table/v1/")


@pytest.mark.parametrize("fault", ["NoTable", "InvalidUrl"])
def test_a_server_that_fails_is_said_and_the_great_circle_stands_in(fault: str) -> None:
    with serving(FakeOsrm()) as osrm:
        osrm.fails_always = fault
        result = asked("--router", osrm.url)
    assert result.returncode == 0
    assert summary(result) == summary(asked())
    assert f"The router fails ({fault}" in result.stderr


def test_an_address_that_is_none_is_refused() -> None:
    result = asked("--router", "osrm:5000")
    assert result.returncode == 2
    assert "--router: osrm:5000 is no address" in result.stderr
