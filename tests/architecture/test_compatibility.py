"""What was published stays: an incompatible change of an event is refused, an additive one passes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linli import documents
from linli.catalogue import history
from linli.catalogue.compatibility import breaches
from linli.stack.state import ROOT

Schema = dict[str, Any]
PATH = "ordering/OrderPaid.v1.json"


def _an_event() -> Schema:
    return {
        "$id": "linli:ordering:OrderPaid/1",
        "type": "object",
        "properties": {
            "order_id": {"type": "string", "minLength": 1},
            "note": {"type": "string"},
            "kind": {"type": "string", "enum": ["card", "cash"]},
            "parts": {"type": "integer", "minimum": 1},
            "shop_id": {"type": ["string", "null"]},
            "paid_at": {"type": "string", "format": "date-time"},
            "total": {"$ref": "#/$defs/Money"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        },
        "required": ["order_id", "kind", "parts", "shop_id", "paid_at", "total", "lines"],
        "$defs": {
            "Money": {
                "type": "object",
                "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}},
                "required": ["amount", "currency"],
            },
            "Line": {
                "type": "object",
                "properties": {
                    "paid": {"allOf": [{"$ref": "#/$defs/Money"}]},
                    "price": {"$ref": "#/$defs/Money"},
                },
                "required": ["paid"],
            },
        },
    }


def _after(change: Callable[[Schema], object]) -> list[str]:
    event = _an_event()
    change(event)
    return [str(breach) for breach in breaches({PATH: _an_event()}, {PATH: event})]


def _field(name: str, **words: Any) -> Callable[[Schema], object]:
    return lambda event: event["properties"][name].update(words)


def _part(name: str, field: str, **words: Any) -> Callable[[Schema], object]:
    return lambda event: event["$defs"][name]["properties"].setdefault(field, {}).update(words)


def _both(*changes: Callable[[Schema], object]) -> Callable[[Schema], object]:
    return lambda event: [change(event) for change in changes]


REFUSED: dict[str, tuple[Callable[[Schema], object], str]] = {
    "a field removed": (lambda e: e["properties"].pop("parts"), "OrderPaid.v1.parts: the field was removed"),
    "a field that may be absent removed": (
        lambda e: e["properties"].pop("note"),
        "note: the field was removed",
    ),
    "a field renamed": (
        lambda e: e["properties"].update(number=e["properties"].pop("parts")),
        "parts: the field was removed",
    ),
    "a type changed": (_field("parts", type="string"), "from integer to string"),
    "a type widened": (_field("parts", type="number"), "from integer to number"),
    "nothing became possible": (_field("order_id", type=["string", "null"]), "from string to null or string"),
    "nothing became impossible": (_field("shop_id", type="string"), "from null or string to string"),
    "a required field became optional": (lambda e: e["required"].remove("parts"), "may now be absent"),
    "an optional field became required": (lambda e: e["required"].append("note"), "is now required"),
    "a new field is required": (
        _both(
            _field("note"),
            lambda e: e["properties"].update(tip={"type": "integer"}),
            lambda e: e["required"].append("tip"),
        ),
        "OrderPaid.v1.tip: the field is now required",
    ),
    "a choice removed": (_field("kind", enum=["card"]), "no longer allowed: cash"),
    "choices where there were none": (_field("note", enum=["a"]), "only some values are now allowed"),
    "a limit where there was none": (_field("parts", maximum=9), "`maximum` 9 is new"),
    "a limit tightened": (_field("parts", minimum=2), "`minimum` changed from 1 to 2"),
    "a pattern where there was none": (_field("note", pattern="^a$"), "`pattern` ^a$ is new"),
    "a format dropped": (lambda e: e["properties"]["paid_at"].pop("format"), "`format` changed"),
    "a format changed": (_field("paid_at", format="date"), "`format` changed from date-time to date"),
    "another name for the schema": (
        lambda e: e.update({"$id": "linli:ordering:OrderPaid/2"}),
        "`$id` changed",
    ),
    "deep in a list": (_part("Money", "amount", type="number"), "lines[].price.amount: its type changed"),
    "a list of something else": (_field("lines", items={"type": "string"}), "lines[]: its type changed"),
    "deep in alternatives": (
        _part("Money", "amount", type="number"),
        "lines[].paid.amount: its type changed",
    ),
    "an alternative more": (
        lambda e: e["properties"]["note"].update(anyOf=[{"type": "string"}]),
        "`anyOf` changed",
    ),
    "a word that nobody knows here": (_field("note", contentEncoding="base64"), "`contentEncoding`"),
}
PASSES: dict[str, Callable[[Schema], object]] = {
    "nothing changed": lambda _: None,
    "a new field that may be absent": lambda e: e["properties"].update(tip={"type": "integer"}),
    "a new field deep in a list": _part("Line", "weight_g", type="integer"),
    "a choice more": _field("kind", enum=["card", "cash", "points"]),
    "a limit loosened": _field("parts", minimum=0),
    "a limit lifted": lambda e: e["properties"]["order_id"].pop("minLength"),
    "other words for people": _field("note", description="what it is for", examples=["x"]),
    "fields in another order": lambda e: e["required"].reverse(),
    "a part under another name": _both(
        lambda e: e["$defs"].update(Amount=e["$defs"]["Money"]), _field("total", **{"$ref": "#/$defs/Amount"})
    ),
}


@pytest.mark.parametrize(("change", "said"), REFUSED.values(), ids=REFUSED)
def test_an_incompatible_change_is_refused(change: Callable[[Schema], object], said: str) -> None:
    complaints = _after(change)
    assert complaints
    assert any(said in complaint for complaint in complaints), complaints


@pytest.mark.parametrize("change", PASSES.values(), ids=PASSES)
def test_an_additive_change_passes(change: Callable[[Schema], object]) -> None:
    assert _after(change) == []


def test_an_event_that_is_no_longer_there_is_refused_and_a_new_one_passes() -> None:
    assert [str(one) for one in breaches({PATH: _an_event()}, {})] == [
        "ordering/OrderPaid.v1: the event was removed; others may still read it"
    ]
    assert breaches({}, {PATH: _an_event()}) == []


def test_every_event_is_what_every_commit_before_promised() -> None:
    now = history.schemas_in(documents.SCHEMAS)
    for revision in history.revisions(ROOT):
        broken = breaches(history.schemas_at(ROOT, revision), now)
        assert not broken, f"since {revision[:10]}: " + "; ".join(map(str, broken))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit that publishes one event."""
    folder = tmp_path / history.FOLDER / "ordering"
    folder.mkdir(parents=True)
    (folder / "OrderPaid.v1.json").write_text(json.dumps(_an_event()))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "publish"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *command], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_the_history_knows_what_was_published(repository: Path) -> None:
    (revision,) = history.revisions(repository)
    published = {PATH: _an_event()}
    assert history.schemas_at(repository, revision) == published
    assert history.schemas_in(repository / history.FOLDER) == published
    assert history.revisions(repository.parent) == []


def test_a_draft_that_nothing_ran_with_promised_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (revision,) = history.revisions(repository)
    written = f"{revision}:{history.FOLDER}/{PATH}"
    git = ["git", "-C", str(repository), "rev-parse", written]
    blob = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    monkeypatch.setattr(history, "DRAFTS", frozenset({blob}))
    assert history.schemas_at(repository, revision) == {}


def test_make_docs_does_not_write_a_broken_promise(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = repository / history.FOLDER / PATH
    poorer = _an_event()
    del poorer["properties"]["parts"]
    monkeypatch.setattr(documents, "SCHEMAS", repository / history.FOLDER)
    monkeypatch.setattr(documents, "documents", lambda: {written: json.dumps(poorer)})
    assert documents.main([]) == 1
    assert "ordering/OrderPaid.v1.parts: the field was removed" in capsys.readouterr().err
    assert json.loads(written.read_text()) == _an_event()


def test_asked_about_a_revision_it_ends_with_1_when_a_promise_is_broken(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = repository / history.FOLDER
    made = {folder / PATH: json.dumps(_an_event())}
    monkeypatch.setattr(documents, "ROOT", repository)
    monkeypatch.setattr(documents, "SCHEMAS", folder)
    monkeypatch.setattr(documents, "documents", lambda: made)
    assert documents.main(["--compatible-with", "HEAD"]) == 0
    made.clear()
    assert documents.main(["--compatible-with", "HEAD"]) == 1
    assert "the event was removed" in capsys.readouterr().err


def test_a_revision_that_is_not_there_is_said_in_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-P", "-m", "linli.documents", "--compatible-with", "no-such-tag"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("git ls-tree: ")
    assert "no-such-tag" in done.stderr
