"""What is known of a delivery as a JSON document, and back.

The first trip's facts stand beside the delivery's own, where they stood before there was a second one; what
there is only of a split delivery is left out where there is nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from services.ordering.domain.delivery import Delivery, Handover, Split, Trip

Document = dict[str, Any]

_OF_AN_ASSIGNMENT = ("rank", "courier_id", "eta")
_OF_A_TRIP = (*_OF_AN_ASSIGNMENT, "try_failed_at", "choose_by", "returning_since")
_OF_A_SPLIT = ("handed_over_at", "handed_over_by", "handed_over")
_OF_ALL = ("delivered_by", "delivered_at", "failed_at", "failure")


def delivery_document(delivery: Delivery) -> Document:
    document = _document(delivery.first, _OF_A_TRIP) | _document(delivery, _OF_ALL)
    if delivery.first.handed_over:
        document |= _document(delivery.first, _OF_A_SPLIT)
    if delivery.second != Trip():
        # As an assignment alone leaves it, and what else is known.
        document["second"] = _document(delivery.second, _OF_AN_ASSIGNMENT) | {
            name: value
            for name, value in _document(delivery.second).items()
            if name not in _OF_AN_ASSIGNMENT and value
        }
    if delivery.split is not None:
        document["split"] = _document(delivery.split)
    if delivery.waits is not None:
        document["waits"] = _document(delivery.waits)
    return document


def delivery_from(document: Mapping[str, Any]) -> Delivery:
    known = _known(document)
    return Delivery(
        first=_trip(known),
        second=_trip(_known(known.get("second", {}))),
        split=Split(**_known(known["split"])) if "split" in known else None,
        waits=Handover(**_known(known["waits"])) if "waits" in known else None,
        **{name: known.get(name) for name in _OF_ALL},
    )


def _trip(known: Mapping[str, Any]) -> Trip:
    return Trip(**{name: known[name] for name in (*_OF_A_TRIP, *_OF_A_SPLIT) if name in known})


def _document(facts: Any, names: tuple[str, ...] | None = None) -> Document:
    wanted = names or tuple(field.name for field in fields(facts))
    return {name: _plain(getattr(facts, name)) for name in wanted}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _known(document: Mapping[str, Any]) -> Document:
    """The document with moments and tuples in place of what JSON has for them."""
    return {name: _read(name, value) for name, value in document.items()}


def _read(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    is_moment = name in _MOMENTS and value is not None
    return datetime.fromisoformat(value) if is_moment else value


_MOMENTS = frozenset(
    {
        "at",
        "choose_by",
        "completes_at",
        "delivered_at",
        "eta",
        "failed_at",
        "handed_over_at",
        "returning_since",
        "split_at",
        "trip_eta",
        "try_failed_at",
    }
)
