"""Servers in containers, for machines that have Docker and no packages of the servers."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections.abc import Sequence

import pika
import redis
from pika.exceptions import AMQPError

from linli.failures import Failure
from linli.stack import rabbitmq, redis_server
from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.redis_server import PrivateRedis
from linli.stack.state import State


def broker(state: State) -> PrivateRabbit | RabbitContainer:
    """A RabbitMQ of our own: the machine's package if there is one, else a container."""
    in_container = rabbitmq.scripts() is None and docker_answers()
    return RabbitContainer(state) if in_container else PrivateRabbit(state)


def real_redis(state: State) -> PrivateRedis | RedisContainer:
    """A Redis of our own that is no imitation: the machine's or the wheel's, else a container."""
    in_container = redis_server.program() is None and docker_answers()
    return RedisContainer(state) if in_container else PrivateRedis(state, real=True)


def docker_answers() -> bool:
    """Whether there is a Docker that containers can be started with."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False)
    return done.returncode == 0


class _Container:
    kind: str
    image: str
    inside: int

    def __init__(self, state: State) -> None:
        self._state = state
        digest = hashlib.sha256(str(state.folder).encode()).hexdigest()[:8]
        self._name = f"linli-{digest}-{self.kind}"
        self.port = 0

    def start(self) -> None:
        """Start it on a port of 127.0.0.1; returns when it answers."""
        subprocess.run(["docker", "rm", "--force", self._name], capture_output=True, timeout=60, check=False)
        self.port = self._state.port(self.kind)
        publish = f"127.0.0.1:{self.port}:{self.inside}"
        named = ("--name", self._name, "--hostname", self.kind, "--publish", publish)
        _docker(
            "run",
            "--detach",
            "--restart",
            "on-failure",
            *named,
            *self._settings(),
            self.image,
            *self._arguments(),
        )
        until = time.monotonic() + 120
        while not self._answers():
            if time.monotonic() > until:
                raise Failure(f"The container of {self.image} did not get ready: `docker logs {self._name}`.")
            time.sleep(0.3)

    def stop(self) -> None:
        subprocess.run(["docker", "stop", self._name], capture_output=True, timeout=60, check=False)
        subprocess.run(["docker", "rm", "--force", self._name], capture_output=True, timeout=60, check=False)

    def is_alive(self) -> bool:
        """Docker looks after it."""
        return True

    def may_return(self) -> bool:
        return True

    @property
    def _password(self) -> str:
        return self._state.secret(self.kind)

    def _settings(self) -> Sequence[str]:
        return ()

    def _arguments(self) -> Sequence[str]:
        return ()

    def _answers(self) -> bool:
        raise NotImplementedError


class RabbitContainer(_Container):
    """RabbitMQ in a container that keeps its data in the state folder."""

    kind = "rabbitmq"
    image = "rabbitmq:4"
    inside = 5672

    def url(self, vhost: str = "/") -> str:
        return f"amqp://linli:{self._password}@127.0.0.1:{self.port}/{vhost.replace('/', '%2f')}"

    def control(self, *arguments: str, said: str = "") -> str:
        return _docker("exec", "--interactive", self._name, "rabbitmqctl", "-q", *arguments, said=said)

    def add_vhost(self, name: str) -> str:
        self.control("add_vhost", name)
        self.control("set_permissions", "-p", name, "linli", ".*", ".*", ".*")
        return self.url(name)

    def _settings(self) -> Sequence[str]:
        data = self._state.folder / "rabbitmq-container"
        data.mkdir(exist_ok=True)
        login = ("--env", "RABBITMQ_DEFAULT_USER=linli", "--env", f"RABBITMQ_DEFAULT_PASS={self._password}")
        return (*login, "--volume", f"{data}:/var/lib/rabbitmq")

    def _answers(self) -> bool:
        try:
            pika.BlockingConnection(pika.URLParameters(self.url())).close()
        except (AMQPError, OSError):
            return False
        return True


class RedisContainer(_Container):
    """Redis in a container; what it holds can always be rebuilt."""

    kind = "redis"
    image = "redis:8"
    inside = 6379

    def url(self, database: int = 0) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{database}"

    def _arguments(self) -> Sequence[str]:
        return ("redis-server", "--requirepass", self._password, "--save", "")

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _docker(*arguments: str, said: str = "") -> str:
    done = subprocess.run(
        ["docker", *arguments], input=said, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        raise Failure(f"docker {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
