from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.persistence import Database
from tests.dispatch.world import World


@pytest.fixture
def world(service_database: Callable[[str], Database]) -> World:
    """Dispatch on an empty database at noon."""
    return World(service_database("dispatch"))
