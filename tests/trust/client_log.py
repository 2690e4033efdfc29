"""The client's log: every wish and what came of it, written before the request goes out and after it.

It is the oracle's truth. `ok` has to have happened, `refused` must not have, `unknown` may be either, but
never half.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["ok", "refused", "unknown"]

# What is kept of an answer: what tells one effect from another.
_KEPT = ("order_id", "quote_id", "payment_id", "refund_id", "store_order_id", "offer_id", "status", "total")


@dataclass(kw_only=True)
class Wish:
    """One thing that somebody wanted, under one Idempotency-Key, however often it was asked for."""

    number: int
    call: str
    path: str
    key: str
    who: str
    asked_at: float
    body: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = "unknown"
    """Unknown until it is answered: a client that dies has wishes without an answer."""
    code: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    again: list[Mapping[str, Any]] = field(default_factory=list)
    """What further requests with the same key were answered, where they were answered well."""
    took: float | None = None
    """Seconds until the answer; nothing where the client hung up on purpose, or none came."""

    @property
    def answered_at(self) -> float | None:
        return None if self.took is None else self.asked_at + self.took


class ClientLog:
    """Writes wishes to a file of JSON lines, each flushed to the operating system at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        self.path = path
        self.wishes: list[Wish] = []

    def asks(self, call: str, path: str, key: str, who: str, body: Mapping[str, Any]) -> Wish:
        wish = Wish(
            number=len(self.wishes), call=call, path=path, key=key, who=who, asked_at=time.time(), body=body
        )
        self.wishes.append(wish)
        self._write(
            {
                "n": wish.number,
                "at": wish.asked_at,
                "call": call,
                "path": path,
                "key": key,
                "who": who,
                "body": dict(body),
            }
        )
        return wish

    def hears(
        self,
        wish: Wish,
        outcome: Outcome,
        *,
        answer: object = None,
        code: str = "",
        took: float | None = None,
    ) -> None:
        wish.outcome, wish.code, wish.took = outcome, code, took
        wish.answer = kept(answer)
        line = {"n": wish.number, "outcome": outcome, "code": code, "answer": wish.answer, "took": took}
        self._write(line)

    def hears_again(self, wish: Wish, answer: object) -> None:
        """Another request with the key of ``wish`` was answered well."""
        wish.again.append(kept(answer))
        self._write({"n": wish.number, "again": wish.again[-1]})

    def close(self) -> None:
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._file.flush()


def read_log(path: Path) -> list[Wish]:
    """The wishes of a log, in the order in which they were asked; a torn last line is left out."""
    wishes: list[Wish] = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if "call" in line:
            wishes.append(
                Wish(
                    number=line["n"],
                    call=line["call"],
                    path=line["path"],
                    key=line["key"],
                    who=line["who"],
                    asked_at=line["at"],
                    body=line["body"],
                )
            )
        elif "again" in line:
            wishes[line["n"]].again.append(line["again"])
        else:
            wish = wishes[line["n"]]
            wish.outcome, wish.code, wish.answer = line["outcome"], line["code"], line["answer"]
            wish.took = line["took"]
    return wishes


def kept(answer: object) -> Mapping[str, Any]:
    return {name: answer[name] for name in _KEPT if name in answer} if isinstance(answer, dict) else {}
