"""What the architecture tests look at: the files of this repository, as git knows them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = sorted(
    folder.name for folder in (ROOT / "services").iterdir() if (folder / "__init__.py").exists()
)


@cache
def files() -> list[Path]:
    """Every file of the project: what git would track, or all but the obvious where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not {".venv", ".linli", ".git"} & set(path.parts)]
    return [path for path in found if path.is_file()]


def python_files(*folders: str) -> list[Path]:
    roots = [ROOT / folder for folder in folders]
    return [f for f in files() if f.suffix == ".py" and any(f.is_relative_to(root) for root in roots)]
