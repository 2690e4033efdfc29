"""An image receives one service and shared/, nothing else; so nothing else may be needed to import it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SERVICES

_IMPORT = """
import sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {folder!r})
import services.{service}.entrypoints.service as entry
assert entry.__file__.startswith({folder!r}), entry.__file__
"""


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_with_nothing_but_itself_and_shared(service: str, tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "shared", tmp_path / "shared", ignore=ignore)
    shutil.copytree(ROOT / "services" / service, tmp_path / "services" / service, ignore=ignore)
    shutil.copy(ROOT / "services" / "__init__.py", tmp_path / "services")
    done = subprocess.run(
        [sys.executable, "-I", "-c", _IMPORT.format(folder=str(tmp_path), service=service)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
