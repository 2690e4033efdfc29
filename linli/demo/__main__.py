"""Fills in the platform named by the argument, and prints who there is as JSON.

`linli run` does it in a process of its own: what it needs would otherwise stay in memory for as long as the
platform runs.
"""

from __future__ import annotations

import json
import sys

from linli.demo import seed
from linli.failures import Failure
from linli.stack import finding
from shared.kernel.clock import clock_from_environment

if __name__ == "__main__":
    platform = finding.the_platform(sys.argv[1])
    try:
        accounts = seed(
            platform.base_url, platform.database_urls["gateway"], clock_from_environment(platform.clock)
        )
    except Failure as failure:
        sys.exit(str(failure))
    print(json.dumps(accounts))  # noqa: T201
