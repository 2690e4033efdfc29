"""`linli planner`: the dispatch planner, a process that computes and so shares its loop with nobody."""

from __future__ import annotations

import importlib
import os

from linli.failures import Failure
from linli.processes.discovery import has_planner
from shared.kernel import failpoints
from shared.observability.logging import configure_logging


def main() -> None:
    if not has_planner():
        raise Failure("services/dispatch has no planner.")
    configure_logging("planner", os.environ.get("LINLI_LOG_LEVEL", "INFO"))
    failpoints.arm_from_environment()
    importlib.import_module("services.dispatch.entrypoints.planner").main()


if __name__ == "__main__":
    main()
