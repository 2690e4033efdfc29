"""Events as lines for people and for programs, and a chain of causes as a tree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.tree import Tree

from linli_events import Event

_LONGEST = 160


def line(event: Event[Any]) -> str:
    """One event on one line: where, when, who, what, about what, and the gist of its data."""
    when = event.time.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
    return f"{event.offset:>8}  {when}  {event.source}.{event.type}  {event.subject}  {gist(event.data)}"


def json_line(event: Event[Any]) -> str:
    """One event as a line of JSON, as `GET /v1/events` has it among its items."""
    return f'{{"offset":{event.offset},"event":{event.raw.decode()}}}'


def gist(data: Mapping[str, Any], longest: int = _LONGEST) -> str:
    """The plain fields of ``data``, amounts of money as such, lists by their length."""
    text = " ".join(f"{name}={_short(value)}" for name, value in data.items() if value is not None)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def pretty(event: Event[Any]) -> str:
    """The whole envelope, over many lines."""
    return json.dumps(json.loads(event.raw), indent=2, ensure_ascii=False)


def tree(events: Iterable[Event[Any]], chosen: Event[Any]) -> Tree:
    """What caused what: every event under the one that it names as its cause, ``chosen`` marked.

    The root is the request that all of them come from.
    """
    known = {event.id: event for event in events}
    root = Tree(f"request {chosen.correlationid}")
    branches: dict[str, Tree] = {}

    def branch(event: Event[Any], above: frozenset[str]) -> Tree:
        if event.id not in branches:
            cause = known.get(event.causationid or "")
            is_ours = cause is not None and cause.id not in above
            under = branch(cause, above | {event.id}) if cause is not None and is_ours else root
            label = f"{event.source}.[bold]{event.type}[/]  [dim]{event.offset}  {event.time:%H:%M:%S.%f}[/]"
            branches[event.id] = under.add(f"[reverse]{label}[/]" if event.id == chosen.id else label)
        return branches[event.id]

    for event in sorted(known.values(), key=lambda event: event.offset):
        branch(event, frozenset({event.id}))
    return root


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        if set(value) == {"amount", "currency"}:
            return f"{value['amount'] / 100:.2f}{value['currency']}"
        return "{…}"
    if isinstance(value, list):
        return f"[{len(value)}]"
    return str(value)
