from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.persistence import Database
from tests.storefront.builders import Street


@pytest.fixture
def street(service_database: Callable[[str], Database]) -> Street:
    return Street(service_database("storefront"))
