"""Plain HTTP on the record: every request and every refused upgrade, whatever becomes of it."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import run
from tests.support.raw import ProxyStage, staged
from tests.support.raw_bytes import lines, upgrade
from wsproxy.model.http import HttpRecord
from wsproxy.payloads.http import HttpSayings
from wsproxy.store.reader import Capture

Script = Callable[[ProxyStage], Awaitable[None]]


def read(path: Path) -> list[HttpRecord]:
    """All requests of a capture."""
    capture = Capture(path)
    try:
        return list(capture.http.all())
    finally:
        capture.close()


async def recorded(path: Path, script: Script, **settings: Any) -> list[HttpRecord]:
    """What is recorded of what a script does."""
    async with staged(capture=path, **settings) as stage:
        await script(stage)
        stage.cut()
        await stage.stop()
    return read(path)


async def exchange(
    stage: ProxyStage, request: bytes, answer: bytes, *, read_body: bool = True
) -> bytes:
    """One request and its answer."""
    client = await stage.connect()
    await client.send(request)
    server = await stage.accept()
    head = await server.head()
    await server.body(head)
    await server.send(answer)
    server.close()  # the next request has a connection of its own
    answered = await client.head()
    return await client.body(answered) if read_body else b""


async def test_a_request_is_recorded_as_it_was_written_and_answered(tmp_path: Path) -> None:
    body = b'{"user":"ann"}'

    async def script(stage: ProxyStage) -> None:
        request = lines(
            "POST /login?x=1&token=abc HTTP/1.1",
            "Host: proxy.test",
            "User-Agent: tests",
            "Cookie: secret",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        answer = lines(
            "HTTP/1.1 201 Made It",
            "Set-Cookie: sid=1",
            "Content-Type: application/json; charset=utf-8",
            "Content-Length: 11",
        )
        assert await exchange(stage, request + body, answer + b'{"ok":true}') == b'{"ok":true}'

    (record,) = await recorded(tmp_path / "c", script)
    assert (record.id, record.connection_id, record.error) == (1, None, None)
    assert (record.method, record.target) == ("POST", "/login?x=1&token=***")
    assert record.upstream_url.startswith("http://127.0.0.1:")
    assert record.upstream_url.endswith("/login?x=1&token=***")
    assert ("Cookie", "***") in record.request_headers
    assert ("Set-Cookie", "***") in record.response_headers
    assert (record.status, record.reason, record.content_type) == (
        201,
        "Made It",
        "application/json",
    )
    assert (record.request_body, record.request_length) == (body, len(body))
    assert (record.response_body, record.response_length) == (b'{"ok":true}', 11)
    assert record.answered is not None
    assert record.ended is not None
    assert record.started <= record.answered <= record.ended
    assert HttpSayings().of(record).line == '-> {user:"ann"} <- {ok:true}'


async def test_bodies_are_cut_where_the_user_says_and_their_lengths_are_true(
    tmp_path: Path,
) -> None:
    async def script(stage: ProxyStage) -> None:
        request = lines("PUT / HTTP/1.1", "Host: x", "Content-Length: 50000")
        answer = lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")
        pieces = b"".join(b"4e20\r\n%b\r\n" % (b"y" * 20000) for _ in range(4))
        await exchange(stage, request + b"x" * 50000, answer + pieces + b"0\r\n\r\n")

    (record,) = await recorded(tmp_path / "c", script, max_http_body=1000)
    assert (record.request_body, record.request_length) == (b"x" * 1000, 50000)
    assert (record.response_body, record.response_length) == (b"y" * 1000, 80000)
    (record,) = await recorded(tmp_path / "d", script, max_http_body=0)
    assert (record.request_body, record.response_body) == (b"", b"")
    assert (record.request_length, record.response_length) == (50000, 80000)


async def test_a_refused_upgrade_is_recorded_with_its_body(tmp_path: Path) -> None:
    async def script(stage: ProxyStage) -> None:
        answer = lines("HTTP/1.1 403 No", "Content-Type: text/plain", "Content-Length: 7")
        assert await exchange(stage, upgrade("/ws"), answer + b"not you") == b"not you"

    (record,) = await recorded(tmp_path / "c", script)
    assert (record.connection_id, record.target, record.status) == (1, "/ws", 403)
    assert record.response_body == b"not you"


async def test_an_upgrade_is_no_request(tmp_path: Path) -> None:
    async def script(stage: ProxyStage) -> None:
        await stage.converse()

    assert await recorded(tmp_path / "c", script) == []


async def test_answers_of_the_proxys_own_are_recorded_with_their_reason(tmp_path: Path) -> None:
    async def script(stage: ProxyStage) -> None:
        stage.upstream.cut()
        for request in (
            lines("GET /gone HTTP/1.1", "Host: x"),
            lines("GET /head HTTP/1.1", "Host: x").replace(b"GET", b"HEAD"),
            upgrade("/ws").replace(b"Version: 13", b"Version: 12"),
        ):
            client = await stage.connect()
            await client.send(request)
            assert (await client.head()).status in (426, 502)

    gone, head, version = await recorded(tmp_path / "c", script)
    assert (gone.status, head.status, version.status) == (502, 502, 426)
    assert gone.error is not None
    assert "cannot connect" in gone.error
    assert gone.response_body == f"wsproxy: {gone.error}\n".encode()
    assert (head.response_length, head.error) == (0, gone.error)
    assert version.connection_id == 1


async def test_what_breaks_off_says_who_did(tmp_path: Path) -> None:
    async def script(stage: ProxyStage) -> None:
        request = lines("GET / HTTP/1.1", "Host: x")
        half = lines("HTTP/1.1 200 OK", "Content-Length: 10") + b"half"
        client = await stage.connect()
        await client.send(request)
        server = await stage.accept()
        await server.head()
        await server.send(half)
        await client.head()
        server.close()
        assert await client.read(4) == b"half"
        await client.ending()
        client = await stage.connect()
        await client.send(request)
        server = await stage.accept()
        await server.head()
        client.abort()
        await server.ending()

    cut, left = await recorded(tmp_path / "c", script)
    assert (cut.status, cut.response_body) == (200, b"half")
    assert cut.error == "the server cut off before the answer was whole"
    assert (left.status, left.answered, left.error) == (None, None, "the client left")


async def test_show_has_them_as_lines_and_one_of_them_whole(tmp_path: Path) -> None:
    text = b"zipped \x1b[31m text\n" * 100

    async def script(stage: ProxyStage) -> None:
        packed = gzip.compress(text)
        request = lines("GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "Host: x")
        polled = b'0{"sid":"abc"}\x1e42["hello",1]'
        head = lines("HTTP/1.1 200 OK", f"Content-Length: {len(polled)}")
        await exchange(stage, request, head + polled)
        request = lines("GET /page HTTP/1.1", "Host: x")
        head = lines(
            "HTTP/1.1 200 OK",
            "Content-Type: text/plain",
            "Content-Encoding: gzip",
            f"Content-Length: {len(packed)}",
        )
        await exchange(stage, request, head + packed)

    await recorded(tmp_path / "c", script)
    listed = run("show", tmp_path / "c", "--http")
    first, second = listed.stdout.splitlines()
    assert " HTTP 1 127.0.0.1:" in first
    assert "GET /socket.io/?EIO=4&transport=polling 200 OK <-28 B" in first
    assert first.endswith('<- open {sid:"abc"} · EVENT hello 1')
    assert " GET /page 200 OK " in second
    whole = run("show", tmp_path / "c", "--request", 2)
    assert "Content-Encoding: gzip\n" in whole.stdout
    assert whole.stdout.count("zipped \\x1b[31m text\n") == 100
    assert run("show", tmp_path / "c", "--request", 3).returncode == 2
    assert "2 requests of plain HTTP (--http shows them)" in run("show", tmp_path / "c").stderr
    assert " GET /page 200 OK " in run("show", tmp_path / "c", "--messages").stdout


async def test_a_flood_of_requests_does_not_outgrow_the_limit(tmp_path: Path) -> None:
    async def script(stage: ProxyStage) -> None:
        client = await stage.connect()
        target = "/" + "x" * 10_000
        for number in range(250):
            if not number % 25:
                stage.proxy.flush()  # what is written at once is kept or dropped at once
            await client.send(lines(f"GET {target} HTTP/1.1", "Host: x"))
            if not hasattr(stage, "server"):
                stage.server = await stage.accept()  # type: ignore[attr-defined]
            await stage.server.head()  # type: ignore[attr-defined]
            await stage.server.send(lines("HTTP/1.1 204 No"))  # type: ignore[attr-defined]
            await client.head()

    records = await recorded(tmp_path / "c", script, capture_limit=1_000_000)
    assert 0 < len(records) < 200
    assert records[-1].id == 250
    assert sum(file.stat().st_size for file in (tmp_path / "c").iterdir()) < 2_500_000


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"4"])
async def test_odd_polling_is_no_trouble(tmp_path: Path, body: bytes) -> None:
    async def script(stage: ProxyStage) -> None:
        for version in ("3", "4", "%00"):
            request = lines(
                f"POST /socket.io/?EIO={version} HTTP/1.1",
                "Host: x",
                f"Content-Length: {len(body)}",
            )
            await exchange(stage, request + body, lines("HTTP/1.1 204 No"), read_body=False)

    assert len(await recorded(tmp_path / "c", script)) == 3


async def test_a_target_that_is_no_path_spoils_no_record(tmp_path: Path) -> None:
    """`urlsplit` raises for one of them, and so the log ended, and the API had no frames."""
    targets = ["http://elsewhere:99/x?y=1", "//[", "//h:99999/?EIO=4"]

    async def script(stage: ProxyStage) -> None:
        for target in targets:
            request = lines(f"GET {target} HTTP/1.1", "Host: x")
            await exchange(stage, request, lines("HTTP/1.1 200 OK", "Content-Length: 0"))

    records = await recorded(tmp_path / "c.wsproxy", script)
    assert [record.target for record in records] == targets
    asked = [record.upstream_url.partition("//")[2].partition("/")[2] for record in records]
    assert asked == ["x?y=1", "/[", "/h:99999/?EIO=4"]
    for command in (["show", "--http"], ["export", "--format", "flows", "-o", tmp_path / "f"]):
        done = run(*command, tmp_path / "c.wsproxy")
        assert done.returncode == 0, done.stderr
