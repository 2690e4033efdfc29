"""A whole platform for the journeys, once for each way to run it, its clock a hundred times as fast."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from linli.day.starting import private_platform
from linli.stack.platform import Platform
from tests.journeys.people import Neighbourhood, open_neighbourhood

SPEED = 100.0


@pytest.fixture(scope="session", autouse=True)
def state_of_platforms() -> Iterator[Path]:
    """Everything a platform keeps goes to a folder that is thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="linli-journeys-"))
    # Root starts PostgreSQL as another user, who has to get to its data.
    folder.chmod(0o711)
    before = os.environ.get("LINLI_STATE")
    os.environ["LINLI_STATE"] = str(folder)
    yield folder
    os.environ.pop("LINLI_STATE")
    if before is not None:
        os.environ["LINLI_STATE"] = before
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["embedded", "full"])
def platform(request: pytest.FixtureRequest, state_of_platforms: Path) -> Iterator[Platform]:
    """The composed system, for all journeys that leave it as it should be."""
    replicas = {"storefront": 2, "ordering": 2} if request.param == "full" else {}
    with private_platform(request.param, f"journeys-{request.param}", speed=SPEED, replicas=replicas) as made:
        yield made


@pytest.fixture
def town(platform: Platform) -> Iterator[Neighbourhood]:
    """A zone of its own for each test: three shops, a customer, a courier on shift, an operator."""
    with open_neighbourhood(platform) as opened:
        yield opened
