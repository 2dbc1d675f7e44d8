"""What bounds the page's port: bodies, feeds, guesses, odd requests (docs/limits.md)."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.recording import Recording
from tests.support.rig import Rig, running
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder

ODD = [
    ("GET", "/timeline?since=-inf"),
    ("GET", "/timeline?until=inf"),
    ("GET", "/frames?since=nan"),
    ("GET", "/frames?since=1e300"),
    ("GET", "/frames?limit=99999999999999999999999999"),
    ("GET", "/frames?limit=1_0"),
    ("GET", "/frames?limit=" + "9" * 5000),
    ("GET", "/export?ids=-1"),
    ("GET", "/export?ids=99999999999999999999999"),
    ("GET", "/export?ids=,"),
    ("GET", "/frames?filter=" + "!" * 3000),
    ("GET", "/frames?filter=" + "(" * 3000),
    ("GET", "/connections/99999999999999999999"),
]


@pytest.mark.parametrize(("method", "path"), ODD, ids=lambda part: part[:30])
async def test_odd_request_is_refused_in_json(method: str, path: str) -> None:
    async with running() as rig:
        status, answer = await rig.call(method, path)
        assert 400 <= status < 500
        assert answer["error"]["message"]
        assert len(answer["error"]["message"]) < 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/compare", {"before": 2**63, "after": 1}),
        ("/connections/1/close", {"code": 1000, "reason": "\ud800"}),
        ("/held/1/forward", {"json": "\udfff"}),
    ],
)
async def test_odd_body_is_refused(path: str, body: object) -> None:
    async with running() as rig, rig.client() as client:
        await client.send("hello")  # connection 1 is open
        await client.recv()
        status, answer = await rig.call("POST", path, body)
        assert (status, answer["error"]["code"]) == (400, "bad_request")


async def test_charset_that_does_not_exist() -> None:
    async with running() as rig:
        headers = {"Content-Type": "application/json; charset=nope"}
        status, answer = await rig.call("POST", "/faults", data=b"{}", headers=headers)
        assert (status, answer["error"]["code"]) == (400, "bad_request")


async def test_large_body_is_refused_before_it_is_read() -> None:
    async with running() as rig:
        headers = {"Content-Type": "application/json"}
        body = io.BytesIO(b'{"type": "' + b"x" * 1024 * 1024 + b'"}')
        status, answer = await rig.call("POST", "/faults", data=body, headers=headers)
        assert (status, answer["error"]["code"]) == (413, "too_large")


async def test_message_may_be_larger() -> None:
    async with running() as rig, rig.client() as client:
        await client.send("hello")
        await client.recv()
        number = (await rig.get("/connections"))["connections"][0]["id"]
        body = json.dumps({"direction": "upstream", "text": "x" * 2 * 1024 * 1024})
        status, _ = await rig.call(
            "POST",
            f"/connections/{number}/send",
            data=io.BytesIO(body.encode()),
            headers={"Content-Type": "application/json"},
        )
        assert status == 200


async def feed(rig: Rig, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    return await session.ws_connect(f"{rig.api}/feed")


async def test_feeds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsproxy.web.feed.MAX_FEEDS", 2)
    async with running() as rig:
        first, second = await feed(rig, rig.session), await feed(rig, rig.session)
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await feed(rig, rig.session)
        assert error.value.status == 503
        await first.close()
        third = await feed(rig, rig.session)
        await second.close()
        await third.close()


async def test_guessing_becomes_slow_and_the_token_stays_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with running() as rig:
        monkeypatch.setattr("wsproxy.web.guard.asyncio.sleep", sleep)
        for guess in range(14):
            headers = {"Authorization": f"Bearer {guess}"}
            if guess % 2:
                status, _ = await rig.call("GET", "/status", headers=headers)
            else:  # as the page is opened
                async with rig.session.get(f"{rig.origin}/?token={guess}") as response:
                    status = response.status
            assert status == 401
        assert [wait for wait in waits if wait >= 0.1] == [0.1, 0.2, 0.4, 0.8]
        status, _ = await rig.call("GET", "/status")
        assert status == 200
        monkeypatch.undo()


async def test_own_answers_name_no_versions() -> None:
    async with running() as rig:
        async with rig.session.get(f"{rig.api}/status") as response:
            assert response.headers["Server"] == "wsproxy"


async def connect(rig: Rig) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    assert rig.proxy.web_port is not None
    return await asyncio.open_connection("127.0.0.1", rig.proxy.web_port)


HALVES = {
    "nothing": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
    "garbage": b"\0" * 10,
    "half a second head": b"GET /static/icon.svg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTT",
}


@pytest.mark.parametrize("name", HALVES)
async def test_client_that_sends_no_request_is_dropped(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("wsproxy.web.server.REQUEST_SECONDS", 0.2)
    async with running() as rig:
        reader, writer = await connect(rig)
        writer.write(HALVES[name])
        async with asyncio.timeout(10):
            await reader.read()  # to its end
        writer.close()
        # Who has sent one is not dropped.
        assert (await rig.call("GET", "/status"))[0] == 200
    assert not [r for r in caplog.records if r.exc_info]


async def test_body_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsproxy.web.api.routes.BODY_SECONDS", 0.1)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    async with running() as rig:
        headers = {"Content-Type": "application/json"}
        status, answer = await rig.call("POST", "/faults", data=never(), headers=headers)
        assert (status, answer["error"]["code"]) == (408, "too_late")


async def test_clients_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsproxy.web.server.MAX_CONNECTIONS", 3)
    async with running() as rig:
        held = [await connect(rig) for _ in range(3)]
        for _, writer in held:
            writer.write(b"GET")
        await asyncio.sleep(0)
        reader, writer = await connect(rig)
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        writer.close()
        for _, writer in held:
            writer.close()


async def test_reset_without_a_body() -> None:
    async with running() as rig, rig.client() as client:
        await client.send("hello")
        await client.recv()
        number = (await rig.get("/connections"))["connections"][0]["id"]
        status, _ = await rig.call("POST", f"/connections/{number}/reset")
        assert status == 200
        assert (await rig.call("POST", "/faults/reset"))[0] in (200, 204)


async def test_an_empty_compressed_message_is_shown() -> None:
    async with running() as rig, rig.client(compression="deflate") as client:
        await client.send("")
        await client.recv()
        await client.send("hello")
        await client.recv()
        rows = await rig.rows(4)
        number = rows[0]["connection"]
        for path in ("/frames", "/messages", "/timeline"):
            await rig.get(path, connection=number)
        for row in rows:
            found = await rig.get(f"/frames/{row['id']}")
            assert found["ends_message"]["content"]["length"] in (0, 5)
        assert len((await rig.get("/frames", filter="~b hello"))["rows"]) == 2


async def test_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """Times need not rise: every frame is found all the same."""
    path = tmp_path / "c.wsproxy"
    recording = Recording(path)
    recording.connection_changed(
        ConnectionRecord(recording.next_connection_id(), 5000.0, "c:1", "ws://u", "/", [], 101)
    )
    decoder = StreamDecoder(1, Direction.DOWNSTREAM)
    for number, time in enumerate([5000.0, 6000.0, 100.0, 3000.0, 100.0, 7000.0]):
        data = make_frame(1, b"number %d" % number).wire
        recording.journal.chunks.append((decoder, time, data))
        recording.flush()
    recording.close()
    async with running(capture=path) as rig:
        assert len(await rig.rows(6)) == 6
        wanted: list[tuple[dict[str, object], int]] = [
            ({"since": 4000}, 3),
            ({"until": 200}, 2),
            ({"filter": "~b 3"}, 1),
        ]
        for parameters, count in wanted:
            assert len(await rig.rows(count, **parameters)) == count
        timeline = (await rig.get("/timeline"))["timeline"]
        assert sum(sum(bucket["messages"]) for bucket in timeline["buckets"]) == 6
        await rig.get("/timeline", connection=1, since=4000, until=200)
        await rig.get("/connections/1")
