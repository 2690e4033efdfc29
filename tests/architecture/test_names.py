"""Path = import = name, on any machine."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SERVICES, files, python_files


@pytest.mark.parametrize("name", ["services", "shared", "linli", "tests"])
def test_top_level_names_resolve_into_this_repository(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve() == ROOT / name / "__init__.py"


def test_every_folder_with_modules_is_a_regular_package() -> None:
    code = python_files("services", "shared", "linli")
    folders = {file.parent for file in code if "migrations" not in file.parts}
    assert sorted(folder for folder in folders if not (folder / "__init__.py").exists()) == []


def test_every_service_has_a_page_about_itself_and_tests() -> None:
    for service in SERVICES:
        assert (ROOT / "services" / service / "README.md").exists(), service
        assert (ROOT / "tests" / service / "unit").is_dir(), service


def test_no_module_is_named_after_nothing() -> None:
    nothing = re.compile(r"^_*(utils?|helpers?|common|misc|manager|base)\.py$")
    assert [f for f in python_files("services", "shared", "linli") if nothing.match(f.name)] == []


def test_no_source_file_has_stopped_saying_one_thing() -> None:
    written = [file for file in files() if file.suffix == ".py" and not _is_generated(file)]
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in written
    }
    long = {name: length for name, length in lengths.items() if length > 400}
    assert long == {}


def _is_generated(file: Path) -> bool:
    """What is written from the catalogue grows with it."""
    return file == ROOT / "clients" / "python" / "linli_events" / "types.py"
