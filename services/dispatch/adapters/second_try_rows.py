"""A second try at the door as a JSON document and back; most deliveries need none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.dispatch.domain.trying import SecondTry

_TEXTS = frozenset({"reason", "chosen_by"})


def second_try_json(trying: SecondTry | None) -> dict[str, Any]:
    if trying is None:
        return {}
    document = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(trying).items()
    }
    return {"second_try": document}


def second_try_of(document: Mapping[str, Any] | None) -> SecondTry | None:
    if document is None:
        return None
    values: dict[str, Any] = {
        name: value if name in _TEXTS or value is None else datetime.fromisoformat(value)
        for name, value in document.items()
    }
    return SecondTry(**values)
