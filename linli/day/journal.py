"""The journal of an import: which thing of the day became which thing of the platform.

A line is written as soon as the platform has answered, so that an import which was interrupted goes on where
it stopped. The passwords of the imported accounts follow from a secret that only this file holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from linli.day.format import Day
from shared.kernel.ids import derived_id

Entry = dict[str, str]


class JournalMismatch(Exception):
    """The journal belongs to another day or to another platform."""


class Journal:
    """Entries by (kind, name). Opening creates the file if it is not there; a torn last line is dropped."""

    def __init__(self, path: Path, day: Day, base_url: str) -> None:
        self._path = path
        self._entries: dict[tuple[str, str], Entry] = {}
        head = {"day": digest(day), "base_url": base_url}
        lines = _whole_lines(path)
        if lines:
            found = json.loads(lines[0])
            if found["day"] != head["day"] or found["base_url"] != head["base_url"]:
                raise JournalMismatch(
                    f"{path} belongs to another day, or to the platform at {found['base_url']}; "
                    "move it away to import anew"
                )
            self._secret = str(found["secret"])
            for line in lines[1:]:
                row = json.loads(line)
                self._entries[row["kind"], row["name"]] = row["entry"]
        else:
            self._secret = secrets.token_hex(32)
            lines = [json.dumps({**head, "secret": self._secret})]
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written anew on opening, which also mends a line that was torn when the last import died.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8")
        self._file.write("".join(f"{line}\n" for line in lines))
        self._file.flush()

    def get(self, kind: str, name: str) -> Entry | None:
        return self._entries.get((kind, name))

    def add(self, kind: str, name: str, entry: Entry) -> None:
        self._entries[kind, name] = entry
        row = {"kind": kind, "name": name, "entry": entry}
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush()

    def key(self, *parts: str) -> str:
        """An Idempotency-Key that is the same whenever this import asks for the same thing."""
        return derived_id("day-import", self._secret, *parts)

    def password(self, name: str) -> str:
        return hmac.new(self._secret.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]

    def email(self, kind: str, name: str) -> str:
        """Unique to this import, so that the same day can be imported beside itself."""
        tag = hashlib.sha256(self._secret.encode()).hexdigest()[:8]
        return f"{kind}.{name}.{tag}@day.example.org".lower()

    def close(self) -> None:
        self._file.close()


def digest(day: Day) -> str:
    return hashlib.sha256(repr(day).encode()).hexdigest()


def _whole_lines(path: Path) -> list[str]:
    try:
        content = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    return content.split("\n")[:-1]
