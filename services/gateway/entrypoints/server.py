"""The HTTP server inside a nameko container.

nameko's own HTTP entrypoint runs each request as a worker, of which there are ten unless configured
otherwise: ten requests to a service that does not answer would stop all others. Here each connection has a
green thread, and what is bounded is how many requests each service is asked at a time (:mod:`.bounded`).
"""

from __future__ import annotations

import logging
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.extensions import Entrypoint
from nameko.web.server import parse_address

log = logging.getLogger(__name__)

_BACKLOG = 1024
_CONNECTIONS = 4000
_IDLE_SECONDS = 75
_DRAIN_SECONDS = 15


class HttpApi(Entrypoint):
    """Serves the WSGI application that the decorated method makes once, when the container starts.

    The method gives the address to listen on and the application, whose ``end`` is called when no more
    requests are taken.
    """

    _serving: Any = None
    _application: Any = None

    def start(self) -> None:
        service = self.container.service_cls()
        for dependency in self.container.dependencies:
            # None of them depends on the worker that asks: they are handed out as they are.
            setattr(service, dependency.attr_name, dependency.get_dependency(None))
        address, application = getattr(service, self.method_name)()
        self._application = application
        listener = eventlet.listen(parse_address(address), backlog=_BACKLOG, reuse_port=False)
        listener.settimeout(None)
        log.info("listening", extra={"address": address})

        def serve() -> None:
            wsgi.server(
                listener,
                application,
                max_size=_CONNECTIONS,
                log_output=False,
                debug=False,
                keepalive=_IDLE_SECONDS,
                socket_timeout=_IDLE_SECONDS,
                url_length_limit=8192,
            )

        self._serving = self.container.spawn_managed_thread(serve, identifier="http")

    def stop(self) -> None:
        """Take no more connections, close the idle ones, wait for the requests that are being answered."""
        if self._serving is None:
            return
        self._application.end()
        with eventlet.Timeout(_DRAIN_SECONDS, False):
            # What the server's loop takes for "no more".
            self._serving.kill(SystemExit)
            self._serving.wait()


serves_http = HttpApi.decorator
