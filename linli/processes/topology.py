"""Declares every exchange and queue on the broker, before anybody publishes.

A queue must exist before the first event that it wants, so this runs once ahead of the processes.
"""

from __future__ import annotations

import os
import warnings

from linli.processes.discovery import all_services, publishers, service_class


def main() -> None:
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    import kombu

    from shared.messaging.subscription import subscriptions_of
    from shared.messaging.topology import declare

    subscriptions = [s for name in all_services() for s in subscriptions_of(service_class(name))]
    with kombu.Connection(os.environ["LINLI_AMQP_URL"], connect_timeout=10) as connection:
        declare(connection, publishers(), subscriptions)


if __name__ == "__main__":
    main()
