"""`linli why FILE`: what a recorded plan says, away from the platform that made it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from linli.failures import Failure
from linli.planning.why import why
from services.dispatch.contracts import recorded
from services.dispatch.domain.planning.record import PlanRecord
from tests.dispatch.records import a_record
from tests.dispatch.unit.test_planned_splits import a_desk, plan


def a_file(folder: Path, record: PlanRecord, order_id: str | None = None) -> str:
    document = recorded.to_wire(record) | ({"order_id": order_id} if order_id else {})
    file = folder / "plan.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return str(file)


def test_a_file_says_why_its_order_went_to_whom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = a_record()
    choice = record.choices[0]
    order_id = choice.basket_ids[0]
    why(a_file(tmp_path, record, order_id))
    told = capsys.readouterr().out
    assert "the same plan comes out" in told
    assert f"{choice.courier_id} was asked for {order_id}" in " ".join(told.split())
    for candidate in choice.candidates:
        if candidate.order_id == order_id:
            assert candidate.courier_id in told
            assert f"{candidate.cost:.2f}" in told


def test_a_plan_that_split_an_order_says_what_both_would_have_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = a_desk(slips_to=70)
    plan(desk)
    why(a_file(tmp_path, desk.records[-1], "order-1"))
    told = " ".join(capsys.readouterr().out.split())
    assert "the same plan comes out" in told
    split = desk.records[-1].splits[0]
    assert "order-1 was split (shop-late, 1 part to a second courier)" in told
    assert f"{split.apart:.1f} so, 20 of it for the second ring and ride, and {split.whole:.1f}" in told


def test_another_order_of_the_same_plan_may_be_asked_for_and_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, copy = a_record(), tmp_path / "copy.json"
    why(a_file(tmp_path, record), order="order-3", save=copy)
    first = capsys.readouterr().out
    assert "order-3" in first
    why(str(copy))
    assert capsys.readouterr().out == first


def test_a_plan_that_does_not_come_out_again_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = replace(a_record(), cost=1.0)
    with pytest.raises(SystemExit) as ended:
        why(a_file(tmp_path, changed, "order-1"))
    assert ended.value.code == 1
    assert "another plan comes out" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"form": 9, "plan": {}}'])
def test_what_is_no_record_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Failure) as refused:
        why(str(file))
    assert refused.value.exit_code == 2


def test_an_order_that_the_plan_does_not_know_is_refused_with_those_it_knows(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="order-99") as refused:
        why(a_file(tmp_path, a_record()), order="order-99")
    assert refused.value.exit_code == 2
    assert "order-3" in str(refused.value)


@contextmanager
def a_platform(document: object) -> Iterator[str]:
    """A gateway that knows one operator and one order's plan, and its address."""

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = (self.path, asked) == ("/v1/tokens", {"email": "op", "password": "secret"})
            self.answer(200 if known else 401, {"access_token": "t", "code": "wrong-credentials"})

        def do_GET(self) -> None:
            if self.headers["Authorization"] != "Bearer t":
                self.answer(401, {"code": "unauthenticated"})
            elif self.path == "/v1/dispatch/deliveries/order-1/plan":
                self.answer(200, document)
            else:
                self.answer(
                    404, {"code": "delivery-not-found", "detail": "There is no delivery for this order"}
                )

        def answer(self, status: int, body: object) -> None:
            told = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_order_is_asked_for_over_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    record = a_record()
    with a_platform({"order_id": "order-1", **recorded.to_wire(record)}) as url:
        why("order-1", url=url, operator="op", password="secret")
        assert "the same plan comes out" in capsys.readouterr().out
        with pytest.raises(Failure, match="There is no delivery for this order: order-2"):
            why("order-2", url=url, operator="op", password="secret")
        with pytest.raises(Failure):
            why("order-1", url=url, operator="op", password="guess")
        with pytest.raises(Failure, match="--operator"):
            why("order-1", url=url)
