"""Declares every exchange and queue on the broker, before anybody publishes.

A queue must exist before the first event that it wants, so this runs once ahead of the processes.
"""

from __future__ import annotations

import os
import sys
import warnings

from linli.failures import Failure
from linli.processes.discovery import all_services, publishers, service_class
from linli.processes.retention import retention_from_environment


def main() -> None:
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    import kombu

    from linli.stack.broker_rights import MANAGEMENT, command_to_keep, rights_over_http, vhost_of
    from shared.messaging.subscription import subscriptions_of
    from shared.messaging.topology import declare

    retention = retention_from_environment()
    url = os.environ["LINLI_AMQP_URL"]
    subscriptions = [s for name in all_services() for s in subscriptions_of(service_class(name))]
    with kombu.Connection(url, connect_timeout=10) as connection:
        as_wanted = declare(connection, publishers(), subscriptions, retention)
    rights = rights_over_http(url)
    if rights is not None:
        rights.keep(retention)
    elif not as_wanted:
        what = f"{retention.max_age} and {retention.max_bytes} bytes"
        print(  # noqa: T201
            f"The stream is there already and was declared to keep something else than {what}.\n"
            "Unless that was done before, let whoever runs the broker type:\n"
            f"  {command_to_keep(vhost_of(url), retention)}\n"
            f"With {MANAGEMENT} set, this command does it."
        )


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"linli: {failure}", file=sys.stderr)  # noqa: T201
        raise SystemExit(failure.exit_code) from None
