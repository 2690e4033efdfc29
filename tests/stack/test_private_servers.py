"""The private servers answer, keep what they are given, and survive stale marks."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import pika
import pytest
import redis

from linli.failures import Failure
from linli.stack import children, databases, state
from linli.stack.postgres import PrivatePostgres
from linli.stack.state import State, free_port


def test_rabbitmq_gives_every_module_a_virtual_host_of_its_own(amqp_url: str) -> None:
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        channel = connection.channel()
        channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", "q", b"kept")
        assert connection.is_open
    assert amqp_url.endswith("test_private_servers")


def test_redis_answers_geographic_commands(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.geoadd("couriers", [120.15, 30.27, "near"])
        assert client.geosearch("couriers", longitude=120.15, latitude=30.27, radius=100) == [b"near"]


def test_what_postgres_was_given_is_there_after_a_restart(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o711)
    server = PrivatePostgres(State(tmp_path / "state"))
    server.start()
    try:
        with closing(databases.connect(server.url())) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        server.stop()
        again = PrivatePostgres(State(tmp_path / "state"))
        again.start()
        assert again.port == server.port
        with closing(databases.connect(again.url())) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT n FROM kept")
            assert cursor.fetchone() == (7,)
            cursor.execute("SHOW fsync")
            assert cursor.fetchone() == ("on",)
    finally:
        server.stop()


def test_a_mark_whose_process_id_was_given_to_another_process_is_stale(tmp_path: Path) -> None:
    mark = tmp_path / "server.pid"
    mark.write_text(json.dumps({"pid": os.getpid(), "born": 1.0}))
    assert children.marked(mark) is None
    assert not children.stop(mark)


def test_a_port_is_kept_until_somebody_else_takes_it(tmp_path: Path) -> None:
    port = State(tmp_path).port("gateway")
    assert State(tmp_path).port("gateway") == port
    taken = free_port()
    assert taken != port


def test_only_one_process_holds_a_state_folder(tmp_path: Path) -> None:
    with State(tmp_path).alone(), pytest.raises(Failure, match="already running"), State(tmp_path).alone():
        pass


def test_secrets_are_for_the_owner_alone(tmp_path: Path) -> None:
    State(tmp_path).secret("postgres")
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0


def test_no_two_parts_of_a_platform_get_the_same_port_before_they_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_PORTS", range(20_000, 20_300))
    kept = State(tmp_path)
    ports = [kept.port(f"ops:{number}") for number in range(60)]
    assert len(set(ports)) == len(ports)
