"""The opening handshake passes as it was written, both ways."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw import both_loops, staged, until
from tests.support.raw_bytes import ACCEPT, KEY, Head, lines, switching, upgrade


@both_loops
async def test_request_arrives_as_it_was_written_and_nothing_is_added() -> None:
    async with staged() as stage:
        client = await stage.connect()
        request = [
            "GET /chat/a%2Fb?x=%20+&&y=a%3db HTTP/1.1",
            f"Host: {stage.authority}",
            "x-lower: 1",
            "X-Repeated: first",
            f"Origin: http://{stage.authority}",
            "Cookie: a=1; b=2",
            "X-Repeated: second",
            "X-Empty:",
            "SEC-WEBSOCKET-PROTOCOL: chat, superchat",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            'Sec-WebSocket-Extensions: x-unknown; a="b c", permessage-deflate',
            "Authorization: Bearer abc",
            f"sec-websocket-key: {KEY}",
            "Sec-WebSocket-Version: 13",
            "Connection: Upgrade",
            "Upgrade: websocket",
        ]
        await client.send(lines(*request))
        server = await stage.accept()
        received = await server.head()
        request[1] = f"Host: {stage.upstream.authority}"
        assert [received.start, *(f"{k}: {v}".rstrip() for k, v in received.fields)] == request


@both_loops
async def test_answer_arrives_to_the_letter() -> None:
    answer = lines(
        "HTTP/1.1 101 Have Fun",
        "upgrade: WebSocket",
        "CONNECTION: keep-alive, upgrade",
        f"Sec-Websocket-Accept: {ACCEPT}",
        "Set-Cookie: a=1; Path=/",
        "x-lower: 1",
        "Set-Cookie: b=2; HttpOnly",
        "X-Latin: caf\xe9",
        "Sec-WebSocket-Protocol: superchat",
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
    )
    async with staged() as stage:
        client = await stage.connect()
        await client.send(upgrade())
        server = await stage.accept()
        await server.head()
        await server.send(answer)
        assert await client.read(len(answer)) == answer


@both_loops
@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/?",
        "/?&&=",
        "//double//",
        "/a/./b/../c",
        "/a%2fb%2Fc/%7euser/%41",
        "/%",
        "/%zz?%",
        "/a?b?c/d",
        "/a;b=c,d:e@f!$'()*",
        "/a+b%20c?d+e%20f",
        '/a[b]{c}|d^e`f"<g>\\h?[b]{c}|d^e`f"<g>\\h',
        "/:80/@x",
        "/" + "long/" * 3000,
    ],
)
@pytest.mark.parametrize("prefix", ["", "/base", "/base%2F/"])
async def test_path_and_query_are_kept_and_the_prefix_joined(target: str, prefix: str) -> None:
    async with staged(prefix=prefix) as stage:
        client = await stage.connect()
        await client.send(upgrade(target))
        server = await stage.accept()
        # No path at all means the URL that was given, verbatim.
        path = target.partition("?")[0]
        given = (prefix or "/") + target.removeprefix("/")
        expected = given if path == "/" else prefix.rstrip("/") + target
        assert (await server.head()).start == f"GET {expected} HTTP/1.1"


@both_loops
async def test_header_that_is_not_utf8_keeps_its_bytes() -> None:
    async with staged() as stage:
        client = await stage.connect()
        await client.send(upgrade("/", "X-Latin: caf\xe9", "X-Utf8: caf\xc3\xa9"))
        head = await (await stage.accept()).head()
        assert head.values("X-Latin") == ["caf\xe9"]
        assert head.values("X-Utf8") == ["caf\xc3\xa9"]


@both_loops
@pytest.mark.parametrize(
    ("settings", "name", "sent", "received"),
    [
        ({}, "Host", "app.example", "{upstream}"),
        ({"keep_host_header": True}, "Host", "app.example:81", "app.example:81"),
        ({}, "Origin", "http://app.example", "http://app.example"),
        ({"rewrite_origin": True}, "Origin", "http://proxy.test", "http://{upstream}"),
        ({"rewrite_origin": True}, "Origin", "HTTP://proxy.test:80", "http://{upstream}"),
        # A page of anybody else's is for the server to refuse.
        ({"rewrite_origin": True}, "Origin", "http://evil.example", "http://evil.example"),
        ({"rewrite_origin": True}, "Origin", "https://proxy.test", "https://proxy.test"),
        ({"rewrite_origin": True}, "Origin", "null", "null"),
        ({"rewrite_origin": True, "keep_host_header": True}, "Host", "app.example", "app.example"),
    ],
)
async def test_host_and_origin(
    settings: dict[str, Any], name: str, sent: str, received: str
) -> None:
    async with staged(**settings) as stage:
        client = await stage.connect()
        fields = [f"Origin: {sent}"] if name == "Origin" else []
        await client.send(upgrade("/", *fields, host=sent if name == "Host" else "proxy.test"))
        head = await (await stage.accept()).head()
        assert head.values(name) == [received.format(upstream=stage.upstream.authority)]


@both_loops
async def test_no_origin_is_made_where_none_came() -> None:
    async with staged(rewrite_origin=True) as stage:
        client = await stage.connect()
        await client.send(upgrade())
        assert (await (await stage.accept()).head()).values("Origin") == []


@both_loops
async def test_password_in_the_upstream_url_is_sent_as_one_and_not_recorded(
    tmp_path: Path,
) -> None:
    path = tmp_path / "c.wsproxy"
    async with staged() as other:  # for its upstream
        authority = other.upstream.authority
        async with staged(upstream_url=f"ws://me:open-sesame@{authority}", capture=path) as stage:
            client = await stage.connect()
            await client.send(upgrade())
            server = await other.accept()
            head = await server.head()
            assert head.values("Host") == [authority]
            assert head.values("Authorization") == ["Basic bWU6b3Blbi1zZXNhbWU="]
            await server.send(lines("HTTP/1.1 403 Forbidden", "Content-Length: 0"))
            assert (await client.head()).status == 403
    assert not any(b"open-sesame" in file.read_bytes() for file in path.iterdir())


REFUSALS = [
    lines(
        "HTTP/1.1 401 Who Are You",
        "set-cookie: a=1; Path=/",
        "Content-Type: text/plain",
        "Set-Cookie: b=2",
        'WWW-Authenticate: Basic realm="x"',
        "Content-Length: 6",
    )
    + b"denied",
    lines("HTTP/1.1 403 Forbidden", "X-Why: chunked", "Transfer-Encoding: chunked")
    + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
    lines("HTTP/1.1 200 OK", "Content-Length: 11") + b"no upgrade\n",
    lines("HTTP/1.1 404 Not Found", "Date: yesterday", "Server: mine", "Content-Length: 0"),
    lines("HTTP/1.1 426 Upgrade Required", "Sec-WebSocket-Version: 7, 8", "Content-Length: 0"),
    lines("HTTP/1.1 503 Service Unavailable", "Retry-After: 3", "Content-Length: 1") + b"\x00",
]


@both_loops
@pytest.mark.parametrize("answer", REFUSALS, ids=lambda answer: answer[9:12].decode())
async def test_refusal_is_relayed_with_its_body_and_recorded(tmp_path: Path, answer: bytes) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client = await stage.connect()
        await client.send(upgrade("/closed"))
        server = await stage.accept()
        await server.head()
        await server.send(answer)
        head, body = await client.answer()
        direct = Head.parse(answer.split(b"\r\n\r\n")[0])
        assert head.start == direct.start
        assert head.end_to_end == direct.end_to_end
        assert body == answer.split(b"\r\n\r\n", 1)[1] or body == b"abcdef"
        recorded = await stage.recorded()
        _, _, reason = direct.start.partition(f"{direct.status} ")
        assert recorded.end == ("refused", "server", direct.status, reason)
        assert recorded.connection.target == "/closed"
        assert not recorded.frames


@both_loops
@pytest.mark.parametrize(
    ("prefix", "location", "expected"),
    [
        ("", "http://{upstream}/new?x=1", "http://{proxy}/new?x=1"),
        ("", "ws://{upstream}/new", "http://{proxy}/new"),
        ("", "http://{upstream}", "http://{proxy}"),
        ("", "http://{upstream}?x=1", "http://{proxy}?x=1"),
        ("", "HTTP://{upstream}/new", "http://{proxy}/new"),
        ("", "//{upstream}/new", "//{proxy}/new"),
        ("", "/new", "/new"),
        ("", "new", "new"),
        ("", "http://{upstream}0/new", "http://{upstream}0/new"),
        ("", "http://other.example/new", "http://other.example/new"),
        ("", "//other.example/new", "//other.example/new"),
        ("/base", "http://{upstream}/base/new", "http://{proxy}/new"),
        ("/base", "/base/new", "/new"),
        ("/base", "/base?x", "/?x"),
        ("/base", "/base", "/"),
        ("/base", "/basement", "/basement"),
    ],
)
async def test_redirects_lead_back_to_the_proxy(prefix: str, location: str, expected: str) -> None:
    async with staged(prefix=prefix) as stage:
        names = {"upstream": stage.upstream.authority, "proxy": stage.authority}
        client = await stage.connect()
        await client.send(upgrade(host=stage.authority))
        server = await stage.accept()
        await server.head()
        where = location.format(**names)
        await server.send(lines("HTTP/1.1 302 Found", f"location: {where}", "Content-Length: 0"))
        head = await client.head()
        assert ("location", expected.format(**names)) in head.fields


@both_loops
async def test_cookies_of_two_clients_never_mix() -> None:
    async with staged() as stage:
        for name in ("first", "second"):
            client = await stage.connect()
            await client.send(upgrade("/", f"Cookie: me={name}"))
            server = await stage.accept()
            assert (await server.head()).values("Cookie") == [f"me={name}"]
            await server.send(switching(f"Set-Cookie: session={name}; Path=/"))
            assert (await client.head()).values("Set-Cookie") == [f"session={name}; Path=/"]
        client = await stage.connect()
        await client.send(upgrade())
        assert (await (await stage.accept()).head()).values("Cookie") == []


SECRETS = {
    "Cookie": "session=open-sesame-1",
    "authorization": "Bearer open-sesame-2",
    "Proxy-Authorization": "Basic open-sesame-3",
}


@both_loops
@pytest.mark.parametrize("kept", [False, True])
async def test_secrets_are_recorded_only_if_told(tmp_path: Path, kept: bool) -> None:
    path = tmp_path / "c.wsproxy"
    async with staged(capture=path, capture_secrets=kept) as stage:
        client = await stage.connect()
        await client.send(upgrade("/", *(f"{k}: {v}" for k, v in SECRETS.items()), "X-Open: yes"))
        server = await stage.accept()
        head = await server.head()
        assert [head.values(name) for name in SECRETS] == [[value] for value in SECRETS.values()]
        await server.send(switching("Set-Cookie: session=open-sesame-4"))
        assert (await client.head()).values("Set-Cookie") == ["session=open-sesame-4"]
        client.close()
        server.close()
        connection = (await stage.recorded()).connection
    for headers, name, value in [
        *((connection.request_headers, name, value) for name, value in SECRETS.items()),
        (connection.response_headers, "Set-Cookie", "session=open-sesame-4"),
    ]:
        assert (name, value if kept else "***") in headers
    assert ("X-Open", "yes") in connection.request_headers
    assert any(b"open-sesame" in file.read_bytes() for file in path.iterdir()) is kept


@both_loops
async def test_capture_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    mask = os.umask(0)
    try:
        async with staged(capture=folder / "c.wsproxy") as stage:
            await stage.upgraded()
            capture = folder / "c.wsproxy"
            await until(lambda: len(list(capture.iterdir())) == 5)
            assert stat.S_IMODE(capture.stat().st_mode) == 0o700
            modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in capture.iterdir()}
            assert set(modes.values()) == {0o600}, modes
    finally:
        os.umask(mask)


@both_loops
async def test_capture_nobody_named_is_private_and_removed() -> None:
    async with staged() as stage:
        path = stage.proxy.capture
        await stage.converse()
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.exists()
    assert not path.parent.exists()
