"""`linli service NAME…`: these services in one process, on the broker that the environment names."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from linli.processes.greening import make_green


def main(names: Sequence[str]) -> None:
    make_green()
    from linli.processes.hosting import host
    from shared.kernel import failpoints
    from shared.observability.logging import configure_logging

    configure_logging("+".join(names), os.environ.get("LINLI_LOG_LEVEL", "INFO"))
    failpoints.arm_from_environment()
    host(names)


if __name__ == "__main__":
    main(sys.argv[1:])
