"""What an administrator of the broker decides: who may read the stream, and how much of it is kept.

An analyst's login may read the stream and nothing else. It is made by `rabbitmqctl` where the broker is ours,
over the management API where an address of it is given, and otherwise by whoever runs the broker, who is told
the commands.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from linli.failures import Failure
from shared.messaging.retention import STREAM, Retention

MANAGEMENT = "LINLI_RABBITMQ_MANAGEMENT_URL"
NOTHING = "^$"
THE_STREAM = f"^{STREAM}$"
RIGHTS = {"configure": NOTHING, "write": NOTHING, "read": THE_STREAM}

_POLICY = f"{STREAM}-retention"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class Rights(Protocol):
    """An administrator's hand on one virtual host of a broker."""

    def open_reader(self, name: str, password: str) -> None:
        """Let ``name`` read the stream and nothing else; an analyst who is there gets a new password.

        Raises :class:`Failure` when there is somebody of that name who may do something else.
        """
        ...

    def close_reader(self, name: str) -> None:
        """Take the login ``name`` away; raises :class:`Failure` when it is no analyst's."""
        ...

    def keep(self, retention: Retention) -> None:
        """Change what the stream keeps, whatever it was declared with; takes effect at once."""
        ...


class RightsByCommand:
    """Through `rabbitmqctl`; ``control`` runs it with its arguments and something to read."""

    def __init__(self, control: Callable[..., str], vhost: str = "/") -> None:
        self._control = control
        self._vhost = vhost

    def open_reader(self, name: str, password: str) -> None:
        _check_name(name)
        there = self._is_there(name)
        # The password is read, not given as an argument, which everybody on the machine could see.
        self._control("change_password" if there else "add_user", name, said=password)
        self._control("set_permissions", "-p", self._vhost, name, *RIGHTS.values())

    def close_reader(self, name: str) -> None:
        if not self._is_there(name):
            raise Failure(f"The broker has no login {name!r}.")
        self._control("delete_user", name)

    def keep(self, retention: Retention) -> None:
        self._control(*_policy_command(self._vhost, retention))

    def _is_there(self, name: str) -> bool:
        users = json.loads(self._control("list_users", "--formatter", "json"))
        for user in users:
            if user["user"] == name:
                held = json.loads(self._control("list_user_permissions", name, "--formatter", "json"))
                _refuse_others(name, user["tags"], held)
                return True
        return False


class RightsOverHttp:
    """Through the management API at ``management``, an address with an administrator's login."""

    def __init__(self, management: str, vhost: str) -> None:
        parts = urlsplit(management)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.username:
            raise Failure(
                f"{MANAGEMENT} is no address of a management API: write http://user:password@host:15672.",
                exit_code=2,
            )
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        self._authorization = "Basic " + base64.b64encode(login.encode()).decode()
        self._parts = parts
        self._vhost = quote(vhost, safe="")

    def open_reader(self, name: str, password: str) -> None:
        _check_name(name)
        self._is_there(name)
        self._ask("PUT", f"users/{name}", {"password": password, "tags": ""})
        self._ask("PUT", f"permissions/{self._vhost}/{name}", RIGHTS)

    def close_reader(self, name: str) -> None:
        _check_name(name)
        if not self._is_there(name):
            raise Failure(f"The broker has no login {name!r}.")
        self._ask("DELETE", f"users/{name}")

    def keep(self, retention: Retention) -> None:
        policy = {
            "pattern": THE_STREAM,
            "apply-to": "queues",
            "definition": _limits(retention),
            "priority": 10,
        }
        self._ask("PUT", f"policies/{self._vhost}/{_POLICY}", policy)

    def _is_there(self, name: str) -> bool:
        user = self._ask("GET", f"users/{name}", missing_is_fine=True)
        if user is None:
            return False
        _refuse_others(name, user.get("tags") or [], self._ask("GET", f"users/{name}/permissions") or [])
        return True

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        missing_is_fine: bool = False,
    ) -> Any:
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        where = f"{self._parts.hostname}:{self._parts.port or (15671 if secure else 15672)}"
        connection = kind(where, timeout=20)
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        try:
            connection.request(method, f"{self._parts.path.rstrip('/')}/api/{path}", text, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"The management API at {where} is not reachable: {error}.") from error
        finally:
            connection.close()
        if answer.status == 404 and missing_is_fine:
            return None
        if answer.status in {401, 403}:
            raise Failure(f"The management API at {where} does not let this login administer the broker.")
        if answer.status >= 300:
            raise Failure(f"The management API at {where} answers {answer.status} to {method} {path}.")
        return json.loads(content) if content else None


def rights_over_http(amqp_url: str) -> RightsOverHttp | None:
    """Through the management API that the environment names, if it names one."""
    management = os.environ.get(MANAGEMENT, "")
    return RightsOverHttp(management, vhost_of(amqp_url)) if management else None


def vhost_of(amqp_url: str) -> str:
    return unquote(urlsplit(amqp_url).path[1:]) or "/"


def reader_url(amqp_url: str, name: str, password: str) -> str:
    """The address that an analyst connects to."""
    parts = urlsplit(amqp_url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{name}:{password}@{host}/{quote(vhost_of(amqp_url), safe='')}"


def commands_for_reader(vhost: str, name: str, password: str) -> list[str]:
    """What whoever runs the broker types to let ``name`` read the stream."""
    _check_name(name)
    grant = ("set_permissions", "-p", vhost, name, *RIGHTS.values())
    # A password may begin with a dash.
    add = ("add_user", "--", name, password)
    return [shlex.join(("rabbitmqctl", *words)) for words in (add, grant)]


def command_to_keep(vhost: str, retention: Retention) -> str:
    """What whoever runs the broker types to change what the stream keeps."""
    return shlex.join(("rabbitmqctl", *_policy_command(vhost, retention)))


def _policy_command(vhost: str, retention: Retention) -> tuple[str, ...]:
    limits = json.dumps(_limits(retention))
    return (
        "set_policy",
        "-p",
        vhost,
        _POLICY,
        THE_STREAM,
        limits,
        "--priority",
        "10",
        "--apply-to",
        "queues",
    )


def _limits(retention: Retention) -> dict[str, object]:
    return {"max-age": retention.max_age, "max-length-bytes": retention.max_bytes}


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise Failure(
            f"{name!r} is no name for a login: letters, digits, '.', '_' and '-', at most 64.", exit_code=2
        )


def _refuse_others(name: str, tags: object, held: list[Mapping[str, object]]) -> None:
    reads_only = all({kind: entry[kind] for kind in RIGHTS} == RIGHTS for entry in held)
    if tags or not reads_only:
        raise Failure(f"{name!r} is there already and may do more than read the stream: take another name.")
