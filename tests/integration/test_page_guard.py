"""Who gets in: the token, the Host, the origin; and what answers look like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.rig import TOKEN, Rig, running
from wsproxy.web.errors import ERRORS


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


@pytest.fixture
async def visitor() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


PATHS = ["/", "/static/js/main.js", "/api/v1/status", "/api/v1/feed", "/api/v1/nothing"]


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_without_the_token(
    rig: Rig, visitor: aiohttp.ClientSession, path: str
) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-Wsproxy-Token": "wröng"}):
        async with visitor.get(rig.origin + path, headers=headers) as response:
            assert response.status == 401
            assert TOKEN not in await response.text()


async def test_the_token_in_a_header(rig: Rig, visitor: aiohttp.ClientSession) -> None:
    for headers in ({"Authorization": f"Bearer {TOKEN}"}, {"X-Wsproxy-Token": TOKEN}):
        async with visitor.get(f"{rig.api}/status", headers=headers) as response:
            assert response.status == 200


async def test_the_token_in_the_url_becomes_a_cookie(
    rig: Rig, visitor: aiohttp.ClientSession
) -> None:
    url = f"{rig.origin}/?token={TOKEN}&connection=3&filter=~up"
    async with visitor.get(url, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "/?connection=3&filter=~up"
        cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie
    async with visitor.get(f"{rig.api}/status") as response:
        assert response.status == 200
    async with visitor.get(f"{rig.origin}/?token=wrong") as response:
        assert response.status == 401
    async with visitor.get(f"{rig.api}/status?token={TOKEN}", cookies={}) as response:
        assert response.status == 200  # by the cookie


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("evil.example:8081", "bad_host"),
        ("127.0.0.1.evil.example", "bad_host"),
        ("", "bad_host"),
        ("localhost:9999", None),
        ("[::1]:8081", None),
    ],
)
async def test_the_host_must_be_ours(rig: Rig, host: str, code: str | None) -> None:
    status, answer = await rig.call("GET", "/status", headers={"Host": host})
    assert (answer["error"]["code"] if "error" in answer else None) == code
    assert status == (403 if code else 200)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_no_other_origin_steers(rig: Rig, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/status"), ("POST", "/faults/reset"), ("GET", "/feed")):
        status, answer = await rig.call(method, path, headers=headers)
        assert (status, answer["error"]["code"]) == (403, "bad_origin")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await rig.session.ws_connect(f"{rig.api}/feed", headers=headers)
    assert refused.value.status == 403


async def test_our_own_origin_does(rig: Rig) -> None:
    headers = {"Origin": rig.origin, "Sec-Fetch-Site": "same-origin"}
    assert (await rig.call("POST", "/faults/reset", headers=headers))[0] == 200


async def test_a_form_cannot_send_what_the_api_takes(rig: Rig) -> None:
    status, answer = await rig.call(
        "POST", "/breakpoints", data="{}", headers={"Content-Type": "text/plain"}
    )
    assert (status, answer["error"]["code"]) == (400, "bad_request")


async def test_every_answer_has_the_security_headers(rig: Rig) -> None:
    for path in PATHS:
        async with rig.session.get(rig.origin + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nothing", "not_found"),
        ("PUT", "/frames", "method_not_allowed"),
        ("GET", "/frames/x", "bad_request"),
        ("GET", "/frames/99999999999999999999", "bad_request"),
        ("GET", "/frames?limit=many", "bad_request"),
        ("GET", "/frames/77", "no_frame"),
        ("GET", "/connections/77", "no_connection"),
        ("GET", "/connections/1/messages/upstream/1", "no_message"),
        ("GET", "/connections/1/messages/up/1", "bad_request"),
        ("DELETE", "/breakpoints/5", "no_breakpoint"),
        ("POST", "/connections/5/reset", "not_open"),
    ],
)
async def test_errors_have_one_shape(rig: Rig, method: str, path: str, code: str) -> None:
    status, answer = await rig.call(method, path)
    assert answer == {"error": {"code": code, "message": answer["error"]["message"]}}
    assert status == ERRORS[code][0]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b'{"direction": "sideways"}',
        b'{"filter": "~x"}',
        b'{"timeout": -1}',
        b'{"colour": 1}',
        b'{"enabled": 1}',
        b"[" * 100_000,
    ],
)
async def test_bad_bodies(rig: Rig, body: bytes) -> None:
    status, answer = await rig.call(
        "POST", "/breakpoints", data=body, headers={"Content-Type": "application/json"}
    )
    assert (status, answer["error"]["code"]) == (400, "bad_request")


async def test_static_files_do_not_lead_out(rig: Rig) -> None:
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd"):
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.proxy.web_port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Wsproxy-Token: {TOKEN}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        assert b" 404 " in (await reader.read()).split(b"\r\n")[0]
        writer.close()
