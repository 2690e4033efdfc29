from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from linli.day.api import Api, ApiRefusal, OutOfPatience, Person
from linli.day.http import HttpClient, TransportError

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def served(answers: list[bytes], story: Callable[[str], Awaitable[None]]) -> list[bytes]:
    """Serve these answers, one for each request whatever it is; gives the heads of the requests."""
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while answers:
                head = await reader.readuntil(b"\r\n\r\n")
                heads.append(head)
                length = [x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")]
                await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
                answer = answers.pop(0)
                writer.write(answer)
                await writer.drain()
                if not answer or b"connection: close" in answer.lower():
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            await asyncio.wait_for(story(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), 20)

    asyncio.run(main())
    return heads


def answer(status: int, body: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Said\r\n%bContent-Length: %d\r\n\r\n%b" % (status, headers, len(body), body)


def test_answers_of_every_framing_are_read_whole_on_one_connection():
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\n[1,\r\n2\r\n2]\r\n0\r\nT: 1\r\n\r\n"
    )
    bodies: list[bytes] = []

    async def story(url: str) -> None:
        http = HttpClient(url, connections=1)
        for _ in range(4):
            found = await http.request("GET", "/", {}, None, timeout=5)
            bodies.append(found.body)
        await http.close()

    informed = b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(200, b"hinted")
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    served([answer(200, b"plain"), chunked, empty, informed], story)
    assert bodies == [b"plain", b"[1,2]", b"", b"hinted"]


def test_an_answer_without_a_length_ends_with_its_connection():
    async def story(url: str) -> None:
        http = HttpClient(url)
        found = await http.request("GET", "/", {}, None, timeout=5)
        assert found.body == b"to the end"

    served([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end"], story)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhalf",
    ],
)
def test_anything_but_a_whole_answer_is_a_transport_error(broken: bytes):
    async def story(url: str) -> None:
        with pytest.raises(TransportError):
            await HttpClient(url).request("GET", "/", {}, None, timeout=2)

    served([broken], story)


def test_a_server_that_is_not_there_is_a_transport_error():
    async def story(_: str) -> None:
        with pytest.raises(TransportError):
            await HttpClient("http://127.0.0.1:1").request("GET", "/", {}, None, timeout=2)

    served([], story)


def test_what_may_pass_is_asked_again_under_the_same_key():
    async def story(url: str) -> None:
        api = Api(url)
        assert await api.post("/v1/things", None, "my-key", {"a": 1}) == {"ok": True}
        assert sum(api.traffic.retries.values()) == 4
        await api.close()

    running = answer(409, b'{"code": "request-still-running"}')
    limited = answer(429, b"{}", b"Retry-After: 0\r\n")
    heads = served([b"", answer(503, b"{}"), limited, running, answer(201, b'{"ok": true}')], story)
    assert len(heads) == 5
    assert all(b"Idempotency-Key: my-key" in head for head in heads)


def test_a_refusal_is_told_at_once_with_its_fields():
    async def story(url: str) -> None:
        with pytest.raises(ApiRefusal) as caught:
            await Api(url).get("/v1/things")
        assert caught.value.code == "out-of-stock"
        assert "lines[0]: none left" in str(caught.value)

    errors = b'[{"field": "lines[0]", "message": "none left"}]'
    body = b'{"code": "out-of-stock", "detail": "Sorry.", "errors": %b}' % errors
    assert len(served([answer(422, body)], story)) == 1


def test_a_token_that_has_run_out_is_renewed_once():
    async def story(url: str) -> None:
        person = Person("me@example.org", "secret")
        person.access_token = "old"
        assert await Api(url).get("/v1/me", person) == {"me": 1}
        assert person.access_token == "new"

    heads = served(
        [answer(401, b"{}"), answer(200, b'{"access_token": "new"}'), answer(200, b'{"me": 1}')], story
    )
    assert b"POST /v1/tokens" in heads[1]
    assert b"Bearer new" in heads[2]


def test_patience_ends():
    async def story(url: str) -> None:
        with pytest.raises(OutOfPatience):
            await Api(url, patience=0.3).get("/v1/things")

    served([answer(503, b"{}")] * 50, story)
