"""A request that its method cannot be called with is refused before the method runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from shared.kernel.errors import InvalidInput
from shared.messaging.rpc import Arguments


def plain(self: object, *, shop_id: str, limit: int = 10) -> None: ...


def open_ended(self: object, **anything: str) -> None: ...


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        (plain, {"shop_id": "s"}),
        (plain, {"shop_id": "s", "limit": 3}),
        (open_ended, {}),
        (open_ended, {"x": "y"}),
    ],
)
def test_what_fits_is_let_through(method: Callable[..., Any], arguments: dict[str, Any]) -> None:
    Arguments(inspect.signature(method)).check("crm.plain", arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "shop_id missing"),
        ({"limit": 3}, "shop_id missing"),
        ({"shop_id": "s", "colour": "red"}, "colour not known"),
        ({"self": 1, "shop_id": "s"}, "self not known"),
        (["s"], "a JSON object"),
        (None, "a JSON object"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: Any, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Arguments(inspect.signature(plain)).check("crm.plain", arguments)
    assert said in refused.value.detail
