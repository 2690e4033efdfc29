"""RabbitMQ's own management API, switched on for a while in a broker of the tests."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.state import free_port

_ON = """
Listener = [{{port, {port}}}, {{ip, "127.0.0.1"}}],
ok = application:set_env(rabbitmq_management, tcp_config, Listener, [{{persistent, true}}]),
{plugins}
"""
_PLUGINS = """
{{ok, File}} = application:get_env(rabbit, enabled_plugins_file),
ok = file:write_file(File, "[{names}].\\n"),
{{ok, _, _}} = rabbit_plugins:ensure(File).
"""


@contextlib.contextmanager
def managed(server: PrivateRabbit) -> Iterator[str]:
    """The address of the management API, with an administrator's login."""
    port, password = free_port(), secrets.token_hex(8)
    server.control("add_user", "admin", said=password)
    server.control("set_user_tags", "admin", "administrator")
    server.control("set_permissions", "-p", "/", "admin", ".*", ".*", ".*")
    server.control("eval", _ON.format(port=port, plugins=_PLUGINS.format(names="rabbitmq_management")))
    try:
        yield f"http://admin:{password}@127.0.0.1:{port}"
    finally:
        server.control("eval", _PLUGINS.format(names=""))
        server.control("delete_user", "admin")
