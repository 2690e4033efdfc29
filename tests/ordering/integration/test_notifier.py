"""The sandbox tells its outcomes over HTTP until it is heard."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.ordering.adapters.sandbox_notifier import OneByOne, SandboxNotifier, Workers
from services.ordering.adapters.sandbox_provider import Notification, SandboxProvider
from services.ordering.entrypoints.dependencies import PaymentProviders
from shared.kernel.errors import Refusal
from tests.ordering.integration.conftest import Platform


class Gateway:
    """Hands on what is posted, as the gateway does; deaf for the first ``deaf_for`` posts."""

    def __init__(self, platform: Platform) -> None:
        self.deaf_for = 0
        self.hangs_up = False
        self.hung_up = threading.Event()
        self.posts = 0
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                gateway.posts += 1
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                status = 202
                if gateway.posts <= gateway.deaf_for:
                    status = 503
                else:
                    try:
                        platform.service.payment_notification(
                            provider="sandbox", headers=dict(self.headers), body=body
                        )
                    except Refusal:
                        status = 422
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()
                # Without a word: the answer did not say that the connection ends.
                self.close_connection = gateway.hangs_up

            def finish(self) -> None:
                super().finish()
                self.connection.shutdown(socket.SHUT_RDWR)
                gateway.hung_up.set()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/payment-notifications/sandbox"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def gateway(platform: Platform) -> Iterator[Gateway]:
    gateway = Gateway(platform)
    yield gateway
    gateway.stop()


def test_an_outcome_is_told_and_then_over(platform: Platform, gateway: Gateway) -> None:
    notifier = SandboxNotifier(platform.sandbox, gateway.url, platform.key)
    order = platform.placed()
    platform.pay(order["order_id"])
    assert notifier.tell_due() == 1
    assert notifier.tell_due() == 0
    assert platform.order(order["order_id"])["status"] == "paid"
    assert platform.sql("SELECT count(*) FROM sandbox_notification WHERE delivered_at IS NULL") == [(0,)]
    notifier.close()


def told_at_once(platform: Platform, gateway: Gateway, workers: Workers | None = None) -> SandboxNotifier:
    """A notifier that is handed what is due at once, as in the service."""

    def tell(notification: Notification) -> None:
        notifier.tell(notification)

    sandbox = SandboxProvider(platform.database, platform.clock, tell=tell, key=platform.key)
    notifier = SandboxNotifier(sandbox, gateway.url, platform.key, workers)
    platform.service.payments = PaymentProviders(by_method={"sandbox": sandbox})
    return notifier


def test_an_outcome_is_told_by_the_payment_that_led_to_it(platform: Platform, gateway: Gateway) -> None:
    notifier = told_at_once(platform, gateway)
    orders = [platform.placed()["order_id"] for _ in range(2)]
    for order_id in orders:
        platform.pay(order_id, payment_id=f"payment-of-{order_id}")
        assert platform.order(order_id)["status"] == "paid"
    platform.pay(orders[0], payment_id=f"payment-of-{orders[0]}")
    assert gateway.posts == 2
    assert notifier.tell_due() == 0
    assert platform.sql("SELECT count(*) FROM sandbox_notification WHERE delivered_at IS NULL") == [(0,)]
    notifier.close()


def test_an_outcome_whose_teller_died_is_told_from_the_books(platform: Platform, gateway: Gateway) -> None:
    forgetful = SandboxProvider(platform.database, platform.clock, tell=lambda _: None, key=platform.key)
    platform.service.payments = PaymentProviders(by_method={"sandbox": forgetful})
    order = platform.placed()
    platform.pay(order["order_id"])
    notifier = SandboxNotifier(forgetful, gateway.url, platform.key)
    assert notifier.tell_due() == 0
    platform.sql("UPDATE sandbox_notification SET due_at = due_at - interval '15 seconds'")
    assert notifier.tell_due() == 1
    assert platform.order(order["order_id"])["status"] == "paid"
    notifier.close()


def test_what_finds_nobody_free_is_told_a_bit_later(platform: Platform, gateway: Gateway) -> None:
    class Busy(OneByOne):
        def free(self) -> int:
            return 0

    notifier = told_at_once(platform, gateway, Busy())
    order = platform.placed()
    platform.pay(order["order_id"])
    assert gateway.posts == 0
    platform.sql("UPDATE sandbox_notification SET due_at = due_at - interval '1 second'")
    assert notifier.tell_due() == 1
    assert platform.order(order["order_id"])["status"] == "paid"
    notifier.close()


def test_a_connection_that_was_closed_meanwhile_is_replaced(platform: Platform, gateway: Gateway) -> None:
    gateway.hangs_up = True
    notifier = told_at_once(platform, gateway)
    for _ in range(3):
        order = platform.placed()
        platform.pay(order["order_id"])
        gateway.hung_up.wait(5)
        gateway.hung_up.clear()
        assert platform.order(order["order_id"])["status"] == "paid"
    assert gateway.posts == 3
    notifier.close()


def test_an_outcome_that_is_not_heard_is_told_again(platform: Platform, gateway: Gateway) -> None:
    gateway.deaf_for = 2
    notifier = SandboxNotifier(platform.sandbox, gateway.url, platform.key)
    order = platform.placed()
    platform.pay(order["order_id"])
    until = time.monotonic() + 20
    while platform.order(order["order_id"])["status"] != "paid" and time.monotonic() < until:
        notifier.tell_due()
        time.sleep(0.05)
    assert gateway.posts == 3
    notifier.close()


def test_an_outcome_is_kept_while_nobody_listens(platform: Platform, gateway: Gateway) -> None:
    gateway.stop()
    notifier = SandboxNotifier(platform.sandbox, gateway.url, platform.key)
    platform.pay(platform.placed()["order_id"])
    assert notifier.tell_due() == 1
    (row,) = platform.sql(
        "SELECT attempt, delivered_at, due_at > clock_timestamp() FROM sandbox_notification"
    )
    assert row == (1, None, True)
    notifier.close()
    # The fixture stops it once more.
    gateway.server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    gateway.thread = threading.Thread(target=gateway.server.serve_forever, args=(0.02,))
    gateway.thread.start()


def test_two_senders_tell_different_outcomes(platform: Platform) -> None:
    for _ in range(4):
        platform.pay(platform.placed()["order_id"])
    first, second = platform.sandbox.exchange([], 3), platform.sandbox.exchange([], 3)
    assert (len(first), len(second)) == (3, 1)
    assert not {item.notification_id for item in first} & {item.notification_id for item in second}
