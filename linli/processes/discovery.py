"""Finding the services of this repository, and what each process of theirs is."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path
from typing import Any

from linli.failures import Failure

SERVICES = Path(__file__).resolve().parents[2] / "services"


def all_services() -> list[str]:
    """Every service that can be started: it has `entrypoints/service.py`."""
    return sorted(file.parents[1].name for file in SERVICES.glob("*/entrypoints/service.py"))


def service_class(name: str) -> Any:
    """The nameko class of the service ``name``."""
    if name not in all_services():
        raise Failure(f"There is no service {name!r}. There are: {', '.join(all_services())}.", exit_code=2)
    module = importlib.import_module(f"services.{name}.entrypoints.service")
    for _, found in inspect.getmembers(module, inspect.isclass):
        if found.__module__ == module.__name__ and getattr(found, "name", None) == name:
            return found
    raise Failure(f"services/{name}/entrypoints/service.py has no class whose `name` is {name!r}.")


def publishers() -> list[str]:
    """Every service that may publish: it owns a database with an outbox."""
    return sorted({file.parents[2].name for file in SERVICES.glob("*/migrations/versions/*.py")})


def has_planner() -> bool:
    return (SERVICES / "dispatch" / "entrypoints" / "planner.py").exists()
