"""Every service and every relay in one process, on the in-memory transport."""

from __future__ import annotations

import os

from linli.processes.greening import make_green


def main() -> None:
    make_green()
    from linli.processes.discovery import all_services
    from linli.processes.hosting import host
    from shared.kernel import failpoints
    from shared.observability.logging import configure_logging

    configure_logging("platform", os.environ.get("LINLI_LOG_LEVEL", "INFO"))
    failpoints.arm_from_environment()
    host(all_services(), before_start=_start_relays)


def _start_relays() -> None:
    import eventlet
    import kombu

    from linli.processes.discovery import all_services, publishers, service_class
    from services.gateway.adapters.event_archive_sql import EventArchiveSql
    from shared.messaging import topology
    from shared.messaging.dependencies import DatabaseProvider, database_url
    from shared.messaging.embedded_relay import EmbeddedRelay
    from shared.messaging.link import amqp_url
    from shared.messaging.outbox import Outbox
    from shared.messaging.subscription import subscriptions_of
    from shared.persistence import Database

    # Queues come first: what a relay sends again at the start must find its readers' queues.
    with kombu.Connection(amqp_url()).channel() as channel:
        for name in publishers():
            topology.events_exchange(name)(channel).declare()
        for name in all_services():
            for subscription in subscriptions_of(service_class(name)):
                topology.subscription_queue(subscription)(channel).declare()
    archive = EventArchiveSql(Database(database_url("gateway"), "event-archive", pool_size=1))
    relays = {
        name: EmbeddedRelay(Outbox(database_url(name), name), amqp_url(), archive) for name in publishers()
    }
    for relay in relays.values():
        eventlet.spawn(relay.run)
    DatabaseProvider.listeners.append(lambda service: relays[service].wake())


if __name__ == "__main__":
    main()
