"""Writes the documents that follow from the code: the catalogue of events, the states of orders, and the
broker's definitions.

`python -m linli.documents` writes them; with `--check` it only says whether they are fresh;
with `--compatible-with REV` whether every event that REV published is still what it was.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any

from linli.catalogue import history
from linli.catalogue.asyncapi import asyncapi
from linli.catalogue.client_types import client_types
from linli.catalogue.compatibility import Breach, breaches
from linli.catalogue.envelope import IDENTIFIER, envelope_schema
from linli.catalogue.ledger_page import ledger_page
from linli.catalogue.page import events_page
from linli.catalogue.published import catalogue
from linli.catalogue.states import states_page
from linli.definitions import definitions
from linli.failures import Failure
from linli.processes.discovery import SERVICES

ROOT = SERVICES.parent
DOCS = ROOT / "docs"
SCHEMAS = ROOT / history.FOLDER


def documents() -> dict[Path, str]:
    """Every generated document with its text."""
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    events = catalogue()
    index = {event.dataschema: event.path.as_posix() for event in events}
    schemas = {SCHEMAS / event.path: _json(event.schema) for event in events}
    return schemas | {
        SCHEMAS / "envelope.v1.json": _json(envelope_schema()),
        SCHEMAS / "index.json": _json(index | {IDENTIFIER: "envelope.v1.json"}),
        DOCS / "events.md": events_page(events),
        DOCS / "states.md": states_page(),
        DOCS / "ledger.md": ledger_page(),
        DOCS / "asyncapi.json": _json(asyncapi(events), sort_keys=True),
        ROOT / "clients" / "python" / "linli_events" / "types.py": client_types(events),
        ROOT / "deploy" / "rabbitmq" / "definitions.json": _json(definitions(), sort_keys=True),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="linli.documents", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, end with 1 unless all is fresh")
    parser.add_argument("--compatible-with", metavar="REV", help="a commit, a tag or a branch")
    asked = parser.parse_args(arguments)
    made = documents()
    if asked.compatible_with:
        try:
            before = history.schemas_at(ROOT, asked.compatible_with)
        except Failure as failure:
            return _complain(str(failure), failure.exit_code)
        return _refuse(breaches(before, _schemas(made)))
    broken = breaches(history.schemas_in(SCHEMAS), _schemas(made))
    if broken:
        return _refuse(broken)
    stale = [path for path, text in made.items() if not _is_fresh(path, text)]
    if asked.check:
        names = ", ".join(path.name for path in stale)
        return _complain(f"Not fresh: {names}. Run `make docs`.") if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
    return 0


def _schemas(made: dict[Path, str]) -> dict[str, Any]:
    """Those of the documents that are the schema of an event."""
    found = {
        path.relative_to(SCHEMAS).as_posix(): text for path, text in made.items() if SCHEMAS in path.parents
    }
    return {path: json.loads(text) for path, text in found.items() if "/" in path}


def _is_fresh(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _refuse(broken: list[Breach]) -> int:
    if not broken:
        return 0
    lines = "\n".join(f"  {breach}" for breach in broken)
    return _complain(
        f"Published events only ever gain fields that may be absent; anything else is a new type:\n{lines}"
    )


def _complain(sentence: str, exit_code: int = 1) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return exit_code


def _json(body: Any, sort_keys: bool = False) -> str:
    return json.dumps(body, indent=1, ensure_ascii=False, sort_keys=sort_keys) + "\n"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
