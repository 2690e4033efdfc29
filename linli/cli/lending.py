"""Lending a platform of this machine to `import` and `replay --url`: its operator, clock and databases.

Whoever may read the platform's state folder is its operator anyway, so nobody has to type it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from linli.stack import finding
from linli.stack.platform import OPERATOR, OPERATOR_NAME, state_folder
from linli.stack.state import State

DEFAULT_URL = "http://127.0.0.1:8000"


def lend(arguments: Sequence[str]) -> None:
    """Put into the environment what the command behind ``arguments`` would otherwise have to be told."""
    if not arguments or arguments[0] not in {"import", "replay"} or "LINLI_OPERATOR" in os.environ:
        return
    url = _url(arguments)
    if url is None or "--operator" in arguments or "--help" in arguments or "-h" in arguments:
        return
    for platform in filter(None, map(finding.running, finding.names())):
        if platform.base_url.rstrip("/") == url.rstrip("/"):
            _lend(platform)
            return


def _url(arguments: Sequence[str]) -> str | None:
    for number, argument in enumerate(arguments):
        if argument.startswith("--url="):
            return argument.removeprefix("--url=")
        if argument == "--url" and number + 1 < len(arguments):
            return arguments[number + 1]
    return DEFAULT_URL if arguments[0] == "import" else None


def _lend(platform: finding.Running) -> None:
    from linli.accounts import open_account

    password = State(state_folder(platform.name)).secret("operator")
    open_account(platform.database_urls["gateway"], "operator", OPERATOR, password, OPERATOR_NAME)
    os.environ["LINLI_OPERATOR"] = OPERATOR
    os.environ["LINLI_OPERATOR_PASSWORD"] = password
    os.environ.setdefault("LINLI_CLOCK", platform.clock)
    for service, url in platform.database_urls.items():
        os.environ.setdefault(f"LINLI_{service.upper()}_DATABASE_URL", url)
