"""`python -m tests.trust.mutants.start MUTANT MODULE ARGS…`: break something, then run the module's main.

``MUTANT`` is a name of the table, ``none``, or ``@file`` whose content is one: read at every start, so that
a process of a running platform becomes another mutant by being started again.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

_GREEN = {"linli.processes.service", "linli.processes.embedded"}
# An event that no handler takes is parked after two seconds instead of two minutes.
_RETRY_AFTER = (0.2, 0.5, 1.0)


def main() -> None:
    named, module, *arguments = sys.argv[1:]
    if module in _GREEN:
        # Before anything else is imported, as the module itself would do it.
        from linli.processes.greening import make_green

        make_green()
    sys.argv = [module, *arguments]
    from shared.messaging import inbox
    from tests.trust.mutants.table import MUTANTS

    inbox.RETRY_AFTER = _RETRY_AFTER  # type: ignore[assignment]
    name = _read(Path(named[1:])) if named.startswith("@") else named
    if name != "none":
        MUTANTS[name].breaks()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _read(file: Path) -> str:
    try:
        return file.read_text().strip() or "none"
    except FileNotFoundError:
        return "none"


if __name__ == "__main__":
    main()
