"""The one-way rule and the freshness of what is generated."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SERVICES, python_files


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("sqlalchemy", {"adapters", "migrations", "entrypoints"}),
        ("marshmallow", {"contracts"}),
        ("nameko", {"entrypoints"}),
        ("kombu", set()),
        ("pika", set()),
    ],
)
def test_a_library_is_seen_in_its_own_rooms_only(library: str, rooms: set[str]) -> None:
    strays = []
    for service in SERVICES:
        for file in python_files(f"services/{service}"):
            room = file.relative_to(ROOT / "services" / service).parts[0]
            if library == "marshmallow" and (service, room) == ("gateway", "entrypoints"):
                continue  # The gateway's routes are the schemas that its API document is made from.
            if room not in rooms and library in _imports(file):
                strays.append(str(file.relative_to(ROOT)))
    assert strays == []


def test_generated_documents_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "linli.documents", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _imports(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names
