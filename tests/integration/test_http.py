"""Plain HTTP on the same port: relayed as it streams, and nothing is added."""

from __future__ import annotations

import asyncio
import gzip
import hashlib

import pytest

from tests.support.raw import FIN, RST, Conn, Stage, both_loops, logged, staged
from tests.support.raw_bytes import Head, chunked, lines
from wsproxy.engine.outgoing import PIECES_A_TURN


async def asked(stage: Stage, *request: str, body: bytes = b"") -> tuple[Conn, Conn, Head]:
    """A client that has sent a request, the server that got it, and what the server got."""
    client = await stage.connect()
    client.writer.write(lines(*request) + body)
    server = await stage.accept()
    return client, server, await server.head()


REQUESTS = [
    (["GET /page?x=%20 HTTP/1.1", "Host: {0}", "x-lower: 1", "Accept: */*"], b"", b""),
    (["DELETE /thing HTTP/1.1", "Host: {0}", "Content-Length: 0"], b"", b""),
    (["PROPFIND / HTTP/1.1", "Host: {0}", "Depth: 1", "Content-Length: 0"], b"", b""),
    (["POST / HTTP/1.1", "Host: {0}", "Content-Length: 5"], b"hello", b"hello"),
    (["PUT / HTTP/1.1", "Host: {0}", "X: 1", "X: 2", "Content-Length: 2"], b"\0\xff", b"\0\xff"),
    (
        ["POST / HTTP/1.1", "Host: {0}", "Transfer-Encoding: chunked"],
        chunked(b"he", b"llo"),
        b"hello",
    ),
    (
        ["POST / HTTP/1.1", "Host: {0}", "Content-Encoding: gzip", "Content-Length: 25"],
        gzip.compress(b"hello", mtime=0),
        gzip.compress(b"hello", mtime=0),
    ),
]


@both_loops
@pytest.mark.parametrize(("request_lines", "sent", "body"), REQUESTS, ids=lambda x: str(x)[:20])
async def test_request_arrives_as_it_was_sent(
    request_lines: list[str], sent: bytes, body: bytes
) -> None:
    async with staged(keep_host_header=True) as stage:
        request = [line.format(stage.authority) for line in request_lines]
        client, server, head = await asked(stage, *request, body=sent)
        direct = Head.parse("\r\n".join(request).encode())
        assert head.start == direct.start
        assert head.end_to_end == direct.end_to_end
        assert await server.body(head) == body
        await server.send(lines("HTTP/1.1 204 No Content"))
        assert (await client.head()).status == 204
        client.close()
        await stage.stop()
        assert await server.rest() == b""  # nothing came after the body


ANSWERS = [
    (["HTTP/1.1 200 OK", "Content-Length: 5"], b"hello", b"hello"),
    (["HTTP/1.1 200 Fine By Me", "date: today", "SERVER: mine", "content-type: x/y"], b"hi", b"hi"),
    (["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"], chunked(b"he", b"llo"), b"hello"),
    (
        ["HTTP/1.1 200 OK", "Set-Cookie: a=1", "X: y", "Set-Cookie: b=2", "Content-Length: 0"],
        b"",
        b"",
    ),
    (["HTTP/1.1 204 No Content", "X: y"], b"", b""),
    (["HTTP/1.1 304 Not Modified", 'ETag: "x"'], b"", b""),
    (["HTTP/1.1 404 Nowhere", "Content-Type: text/plain", "Content-Length: 3"], b"no\n", b"no\n"),
    (["HTTP/1.1 500 Oh", "Content-Length: 1"], b"\xff", b"\xff"),
    (
        ["HTTP/1.1 200 OK", "Content-Encoding: gzip", "Vary: *", "Content-Length: 25"],
        gzip.compress(b"hello", mtime=0),
        gzip.compress(b"hello", mtime=0),
    ),
    (["HTTP/1.1 200 OK", "Content-Encoding: br", "Content-Length: 3"], b"???", b"???"),
]


@both_loops
@pytest.mark.parametrize(("answer", "sent", "body"), ANSWERS, ids=lambda x: str(x)[:60])
async def test_answer_arrives_as_it_was_sent(answer: list[str], sent: bytes, body: bytes) -> None:
    async with staged() as stage:
        client, server, _ = await asked(stage, "GET / HTTP/1.1", "Host: x")
        await server.send(lines(*answer) + sent)
        server.close()  # which ends a body that announces no length
        head, received = await client.answer()
        direct = Head.parse("\r\n".join(answer).encode())
        assert head.start == direct.start
        assert head.end_to_end == direct.end_to_end
        assert received == body


@both_loops
async def test_header_that_is_not_utf8_keeps_its_bytes() -> None:
    async with staged() as stage:
        client, server, head = await asked(stage, "GET / HTTP/1.1", "Host: x", "X: caf\xe9")
        assert head.values("X") == ["caf\xe9"]
        await server.send(lines("HTTP/1.1 200 OK", "X: na\xefve", "Content-Length: 0"))
        assert (await client.head()).values("X") == ["na\xefve"]


@both_loops
async def test_transfer_codings_stay() -> None:
    """What lies below the chunks is the peers' own; TE says what the client can take."""
    async with staged() as stage:
        request = ("POST / HTTP/1.1", "Host: x", "TE: trailers", "Transfer-Encoding: gzip, chunked")
        _, server, head = await asked(stage, *request, body=chunked(b"zip"))
        assert head.values("TE") == ["trailers"]
        assert head.values("Connection") == ["TE"]
        assert head.values("Transfer-Encoding") == ["gzip, chunked"]
        assert [await server.chunk(), await server.chunk()] == [b"zip", b""]


NO_ANSWERS = {
    "101 to a plain GET": lines("HTTP/1.1 101 OK", "Upgrade: websocket", "Connection: upgrade"),
    "control characters": lines("HTTP/1.1 200 \x1b[31mOK", "Content-Length: 0"),
}


@both_loops
@pytest.mark.parametrize("name", NO_ANSWERS)
async def test_what_is_no_answer_to_a_page(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async with staged() as stage:
        client, server, _ = await asked(stage, "GET / HTTP/1.1", "Host: x")
        await server.send(NO_ANSWERS[name])
        head, body = await client.answer()
        assert head.status == 502
        assert b"answered something that is not HTTP" in body
        assert head.values("Server") == []  # no version of anything
        await stage.converse()
    (line,) = logged(caplog)
    assert line.isprintable()


@both_loops
async def test_head_has_a_length_and_no_body_and_the_connection_stays() -> None:
    async with staged() as stage:
        client, server, head = await asked(stage, "HEAD /big HTTP/1.1", "Host: x")
        assert head.start == "HEAD /big HTTP/1.1"
        await server.send(lines("HTTP/1.1 200 OK", "Content-Length: 1234", "Content-Type: a/b"))
        head = await client.head()
        assert head.end_to_end == [("Content-Length", "1234"), ("Content-Type", "a/b")]
        # Were there a body, this would not be the next thing to come.
        await client.send(lines("GET /next HTTP/1.1", "Host: x"))
        await respond(stage, server, "/next", b"next")
        assert (await client.answer())[1] == b"next"


async def respond(stage: Stage, server: Conn, target: str, body: bytes) -> None:
    """Answer the next request, which may come on the same connection or on another one."""
    same = asyncio.ensure_future(server.head())
    other = asyncio.ensure_future(stage.accept())
    done, _ = await asyncio.wait((same, other), return_when=asyncio.FIRST_COMPLETED)
    if other in done:
        server = other.result()
        head = await server.head()
        same.cancel()
    else:
        head = same.result()
        other.cancel()
    assert head.start.split(" ")[1] == target
    await server.send(lines("HTTP/1.1 200 OK", f"Content-Length: {len(body)}") + body)


@both_loops
async def test_many_requests_on_one_connection() -> None:
    async with staged() as stage:
        client, server, _ = await asked(stage, "GET /0 HTTP/1.1", "Host: x")
        await server.send(lines("HTTP/1.1 200 OK", "Content-Length: 1") + b"0")
        assert (await client.answer())[1] == b"0"
        for number in range(1, 4):
            await client.send(lines(f"GET /{number} HTTP/1.1", "Host: x"))
            await respond(stage, server, f"/{number}", b"%d" % number)
            assert (await client.answer())[1] == b"%d" % number
        await client.send(lines("GET /bye HTTP/1.1", "Host: x", "Connection: close"))
        await respond(stage, server, "/bye", b"bye")
        assert (await client.answer())[1] == b"bye"
        assert await client.ending() == FIN


@both_loops
async def test_answer_streams_piece_by_piece() -> None:
    async with staged() as stage:
        client, server, _ = await asked(stage, "GET /events HTTP/1.1", "Host: x")
        await server.send(
            lines(
                "HTTP/1.1 200 OK",
                "Content-Type: text/event-stream",
                "Cache-Control: no-store",
                "Transfer-Encoding: chunked",
            )
        )
        head = await client.head()  # before there is any piece
        assert head.values("Content-Type") == ["text/event-stream"]
        for number in range(5):
            event = b"data: %d\n\n" % number
            await server.send(b"%x\r\n%b\r\n" % (len(event), event))
            assert await client.chunk() == event  # before the server says anything more
        await server.send(b"0\r\n\r\n")
        assert await client.chunk() == b""


@both_loops
async def test_request_streams_piece_by_piece() -> None:
    async with staged() as stage:
        client, server, head = await asked(
            stage, "POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked"
        )
        assert head.values("Transfer-Encoding") == ["chunked"]
        for piece in (b"one", b"two"):
            await client.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            assert await server.chunk() == piece
        await client.send(b"0\r\n\r\n")
        assert await server.chunk() == b""


@both_loops
async def test_continue_is_said_and_the_body_relayed() -> None:
    async with staged() as stage:
        client = await stage.connect()
        await client.send(
            lines("POST / HTTP/1.1", "Host: x", "Expect: 100-continue", "Content-Length: 5")
        )
        assert (await client.head()).status == 100
        await client.send(b"hello")
        server = await stage.accept()
        head, body = await server.answer()
        assert (head.values("Expect"), body) == ([], b"hello")
        await server.send(lines("HTTP/1.1 200 OK", "Content-Length: 2") + b"ok")
        head, body = await client.answer()
        assert (head.status, body) == (200, b"ok")


PIECE = bytes(range(256)) * 256
PIECES = 320
"""20 MiB altogether."""


@both_loops
@pytest.mark.parametrize("announced", [True, False])
async def test_large_bodies_pass_both_ways(announced: bool) -> None:
    size = len(PIECE) * PIECES
    field = f"Content-Length: {size}" if announced else "Transfer-Encoding: chunked"

    async def send(conn: Conn) -> None:
        for _ in range(PIECES):
            await conn.send(PIECE if announced else b"%x\r\n%b\r\n" % (len(PIECE), PIECE))
        if not announced:
            await conn.send(b"0\r\n\r\n")

    async def receive(conn: Conn, head: Head) -> None:
        assert (field.split(": ", maxsplit=1)[0], field.split(": ")[1]) in head.fields
        left, digest = size, hashlib.sha256()
        while left:
            piece = await (conn.read(min(left, 65536)) if announced else conn.chunk())
            digest.update(piece)
            left -= len(piece)
        assert announced or await conn.chunk() == b""
        assert digest.digest() == hashlib.sha256(PIECE * PIECES).digest()

    async with staged() as stage:
        client = await stage.connect()
        await client.send(lines("POST / HTTP/1.1", "Host: x", field))
        sending = asyncio.ensure_future(send(client))
        server = await stage.accept()
        await receive(server, await server.head())
        await sending
        await server.send(lines("HTTP/1.1 200 OK", field))
        await asyncio.gather(send(server), receive(client, await client.head()))


CUTS = {
    "in a sized body": ("Content-Length: 10", b"hello"),
    "between chunks": ("Transfer-Encoding: chunked", b"5\r\nhello\r\n"),
    "in a chunk": ("Transfer-Encoding: chunked", b"a\r\nhello"),
}


@both_loops
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("way", [FIN, RST])
async def test_upstream_that_cuts_off_cuts_the_client_off(
    cut: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    field, said = CUTS[cut]
    async with staged() as stage:
        client, server, _ = await asked(stage, "GET / HTTP/1.1", "Host: x")
        await server.send(lines("HTTP/1.1 200 OK", field))
        head = await client.head()
        await server.send(said)
        take = client.chunk if head.values("Transfer-Encoding") else lambda: client.read(5)
        assert await take() == b"hello"
        if way == FIN:
            server.close()
        else:
            server.reset()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await take()
        await stage.converse()
    logged(caplog)


@both_loops
@pytest.mark.parametrize("way", [FIN, RST])
async def test_client_that_cuts_off_its_upload_cuts_the_upstream_off(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged() as stage:
        request = ("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
        client, server, _ = await asked(stage, *request, body=b"5\r\nhello\r\n")
        assert await server.chunk() == b"hello"
        if way == FIN:
            client.close()
        else:
            client.reset()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await server.chunk()
        await stage.converse()
    logged(caplog)


@both_loops
@pytest.mark.parametrize("way", [FIN, RST])
async def test_client_that_leaves_a_quiet_stream_ends_it(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Or every reload of a page would leave a stream behind at the upstream."""
    async with staged() as stage:
        client, server, _ = await asked(stage, "GET /events HTTP/1.1", "Host: x")
        await server.send(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
        await client.head()
        if way == FIN:
            client.close()
        else:
            client.reset()
        assert await server.ending() in (FIN, RST)
        await stage.converse()
    logged(caplog)


@both_loops
async def test_upstream_that_closes_an_idle_connection_disturbs_nobody() -> None:
    async with staged() as stage:
        client, server, _ = await asked(stage, "GET / HTTP/1.1", "Host: x")
        await server.send(lines("HTTP/1.1 200 OK", "Content-Length: 0"))
        await client.answer()
        server.close()
        await client.send(lines("GET /again HTTP/1.1", "Host: x"))
        server = await stage.accept()
        assert (await server.head()).start == "GET /again HTTP/1.1"
        await server.send(lines("HTTP/1.1 200 OK", "Content-Length: 2") + b"ok")
        assert (await client.answer())[1] == b"ok"


@both_loops
async def test_cookies_of_answers_are_nobody_elses() -> None:
    async with staged() as stage:
        client, server, _ = await asked(stage, "GET / HTTP/1.1", "Host: x")
        await server.send(lines("HTTP/1.1 200 OK", "Set-Cookie: me=1", "Content-Length: 0"))
        assert (await client.head()).values("Set-Cookie") == ["me=1"]
        server.close()
        _, _, head = await asked(stage, "GET / HTTP/1.1", "Host: x")
        assert head.values("Cookie") == []


@both_loops
async def test_redirect_is_relayed_and_not_followed() -> None:
    async with staged() as stage:
        host = stage.authority
        client, server, _ = await asked(stage, "GET /old HTTP/1.1", f"Host: {host}")
        location = f"http://{stage.upstream.authority}/new"
        await server.send(lines("HTTP/1.1 301 Moved", f"Location: {location}", "Content-Length: 0"))
        head = await client.head()
        assert (head.status, head.values("Location")) == (301, [f"http://{host}/new"])


@both_loops
async def test_an_answer_in_tiny_pieces_leaves_others_their_turns() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with staged() as stage:
        client, server, _ = await asked(stage, "GET / HTTP/1.1", "Host: x")
        await server.send(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
        head = await client.head()
        counting = asyncio.create_task(others())
        await server.send(chunked(*[b"x"] * 3_000))
        assert await client.body(head) == b"x" * 3_000
        counting.cancel()
    assert turns > 3_000 / PIECES_A_TURN
