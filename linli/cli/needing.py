"""What some commands need besides the platform's own requirements."""

from __future__ import annotations

from importlib.util import find_spec

from linli.failures import Failure

_HEAVY = ("pyarrow", "duckdb", "matplotlib")


def need_analysis(*names: str) -> None:
    """Raise :class:`Failure` that says how to install what analysts' commands need (or ``names`` of it)."""
    missing = [name for name in names or _HEAVY if find_spec(name) is None]
    if missing:
        raise Failure(f"This needs {', '.join(missing)}: run `make setup-analysis` first.", exit_code=2)


def need_pyvrp() -> None:
    """Raise :class:`Failure` that says how to install PyVRP, unless it is there."""
    if find_spec("pyvrp") is None:
        raise Failure("This needs PyVRP, which is not installed: run `make setup-slots` first.", exit_code=2)
