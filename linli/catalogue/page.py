"""The catalogue for people: one page with an example of each event."""

from __future__ import annotations

import json

from linli.catalogue.envelope import envelope_table
from linli.catalogue.published import Published

_HEAD = """\
# Events

What the services tell each other, and analysts. This page is written by `make docs` from the schemas and
samples in `services/*/contracts/`. For machines: [asyncapi.json](asyncapi.json) is the same as AsyncAPI 3,
and [schemas/](schemas/index.json) has a JSON Schema (2020-12) per event and version.

A published event only ever gains fields that may be absent, and a list of choices may gain choices: readers
skip what they do not know. Anything else is a new type ([0016](decisions/0016-what-is-published-stays.md)).
No event says who somebody is or where they live: people are ids, places are about a kilometre wide, reasons
are codes.

## The envelope
"""


def events_page(events: list[Published]) -> str:
    """The page as Markdown."""
    example = next(event for event in events if event.type == "OrderExpired")
    lines = [_HEAD, *envelope_table(), "", *_json(example.sample), ""]
    for source in sorted({event.source for event in events}):
        own = [event for event in events if event.source == source]
        lines += [f"## {source}", "", "| event | subject of the sample | heard by |", "|---|---|---|"]
        for event in own:
            heard = ", ".join(event.subscribers) or "analysts alone"
            lines.append(f"| [{event.type}](#{event.type.lower()}) | `{event.subject}` | {heard} |")
        lines.append("")
        for event in own:
            lines += [
                f"### {event.type}",
                "",
                f"{event.promise} ([schema](schemas/{event.path.as_posix()}))",
                "",
            ]
            lines += [*_json(event.sample["data"]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _json(body: object) -> list[str]:
    return ["```json", json.dumps(body, indent=1, ensure_ascii=False), "```"]
