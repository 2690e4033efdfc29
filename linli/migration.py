"""`make migration SERVICE=ordering NAME=expand_add_note`: an empty revision after the last one."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime

from linli.failures import Failure
from linli.processes.discovery import SERVICES

_REVISION = '''"""{sentence}"""

from __future__ import annotations

from alembic import op

revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("")
'''


def write_migration(service: str, slug: str) -> str:
    """Write the file and return its path; raises :class:`Failure` when it is not clear what is wanted."""
    if not (SERVICES / service).is_dir() or service == "*":
        raise Failure(f"There is no service {service!r}: say SERVICE=ordering or another.", exit_code=2)
    if not re.fullmatch(r"(expand|contract)_[a-z0-9_]+", slug):
        raise Failure(f"{slug!r} is no name: expand_… adds what old code can live with, contract_… removes.")
    folder = SERVICES / service / "migrations" / "versions"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [
        int(found[1])
        for file in folder.glob("*.py")
        if (found := re.search(rf'^revision = "{service}_(\d+)"', file.read_text(), re.M))
    ]
    last = max(numbers, default=0)
    text = _REVISION.format(
        sentence=slug.replace("_", " ").capitalize() + ".",
        revision=f"{service}_{last + 1:04}",
        before=f'"{service}_{last:04}"' if last else "None",
    )
    path = folder / f"{datetime.now(UTC):%Y-%m-%d_%H%M}_{slug}.py"
    path.write_text(text, encoding="utf-8")
    return str(path.relative_to(SERVICES.parent))


if __name__ == "__main__":
    try:
        print(write_migration(*[*sys.argv[1:], "", ""][:2]))  # noqa: T201
    except Failure as failure:
        sys.exit(str(failure))
