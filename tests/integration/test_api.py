"""The API over a real proxy: reading, sending, closing, breakpoints, faults."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.rig import Rig, running
from wsproxy.web.api.routes import PREFIX


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


async def test_connections_tell_their_state(rig: Rig) -> None:
    async with rig.client("/a?b=<c>", subprotocols=["chat.v1"]) as client:
        await client.send("bye")
        with pytest.raises(ConnectionClosed):
            await client.recv()
    async with rig.client() as client:
        await client.send("break")
        with pytest.raises(ConnectionClosed):
            await client.recv()
    with pytest.raises(InvalidStatus):
        async with rig.client("/secret"):
            pass
    async with rig.client() as client:
        await client.send("hello")
        await client.recv()
        await rig.rows(6)
        found = (await rig.get("/connections"))["connections"]
    assert [(c["state"], c["code"]) for c in found] == [
        ("closed", 4001),
        ("aborted", None),
        ("refused", 403),
        ("open", None),
    ]
    assert found[0]["target"] == "/a?b=<c>"
    assert found[0]["subprotocol"] == "chat.v1"
    assert found[0]["reason"] == "bye <b>now</b>"
    assert found[3]["frames"] == {"upstream": 1, "downstream": 1}
    detail = await rig.get("/connections/1")
    assert ["Sec-WebSocket-Protocol", "chat.v1"] in detail["response_headers"]


async def test_connections_come_in_pages(rig: Rig) -> None:
    for _ in range(3):
        async with rig.client() as client:
            await client.send("x")
            await client.recv()
    await rig.rows(12)
    first = await rig.get("/connections", limit=2)
    assert [c["id"] for c in first["connections"]] == [1, 2]
    second = await rig.get("/connections", limit=2, after=first["next"])
    assert [c["id"] for c in second["connections"]] == [3]
    assert second["next"] is None


async def test_frames_come_in_pages_by_place_and_by_id(rig: Rig) -> None:
    async with rig.client() as client:
        for number in range(20):
            await client.send(str(number))
            await client.recv()
    rows = await rig.rows(42)
    assert [row["preview"] for row in rows[:4]] == ["0", "0", "1", "1"]
    page = await rig.get("/frames", offset=10, limit=2)
    assert [row["id"] for row in page["rows"]] == [rows[10]["id"], rows[11]["id"]]
    page = await rig.get("/frames", offset=-2, limit=5)
    assert [row["opcode"] for row in page["rows"]] == ["close", "close"]
    page = await rig.get("/frames", after=rows[3]["id"], limit=1)
    assert (page["offset"], page["rows"][0]["id"]) == (4, rows[4]["id"])
    page = await rig.get("/frames", before=rows[3]["id"], limit=2)
    assert [row["id"] for row in page["rows"]] == [rows[1]["id"], rows[2]["id"]]
    page = await rig.get("/frames", start=rows[40]["id"])
    assert page["total"] == 2


async def test_search_is_in_the_store(rig: Rig) -> None:
    async with rig.client() as client:
        for number in range(50):
            await client.send(f"message {number}")
            await client.recv()
        await client.send("pieces")
        await client.recv()
    await rig.rows(106)
    page = await rig.get("/frames", filter="~up & ~b 'message 1\\d$'")
    assert page["total"] == 10
    assert all(row["direction"] == "upstream" for row in page["rows"])
    page = await rig.get("/messages", filter="~b two")
    assert [row["preview"] for row in page["rows"]] == ["one two three"]
    assert (await rig.get("/frames", control=0, fragments=0))["total"] == 102
    assert (await rig.get("/frames", connection=99))["total"] == 0
    since = (await rig.rows(106))[100]["time"]
    assert 0 < (await rig.get("/frames", since=since))["total"] < 10
    status, answer = await rig.call("GET", "/frames", params={"filter": "~nothing"})
    assert (status, answer["error"]["code"]) == (400, "bad_filter")


async def test_details_have_every_bit(rig: Rig) -> None:
    async with rig.client(compression="deflate") as client:
        await client.send(json.dumps({"op": "price", "id": 7}))
        await client.recv()
        await client.send("pieces")
        await client.recv()
        await client.ping("hi")
        rows = await rig.rows(7)
        frame = await rig.get(f"/frames/{rows[0]['id']}")
        assert frame["masked"] and frame["rsv1"] and frame["header"][:2] == "c1"
        assert frame["round_trip"]["answer"] == rows[1]["id"]
        assert frame["text"] == json.dumps({"op": "price", "id": 7})
        content = frame["ends_message"]["content"]
        assert json.loads(base64.b64decode(content["base64"])) == {"op": "price", "id": 7}
        fragment = await rig.get(f"/frames/{rows[3]['id']}")
        assert not fragment["fin"]
        whole = await rig.get(f"/connections/1/messages/downstream/{fragment['message']}")
        assert len(whole["frames"]) == 4  # the library ends with an empty one
        assert whole["message"]["compressed"]
        trips = await rig.get("/connections/1/round-trips")
        assert trips["summary"]["count"] == 1
        async with rig.session.get(
            f"{rig.api}/frames/{rows[0]['id']}/payload", params={"part": "content"}
        ) as response:
            assert response.headers["Content-Type"] == "application/octet-stream"
            assert await response.json(content_type=None) == {"op": "price", "id": 7}


async def test_exchanges_and_sessions(rig: Rig) -> None:
    for _ in range(2):
        async with rig.client() as client:
            for number in (7, 8):
                # Longer than what rows have of a content: the id that pairs stands behind that.
                await client.send(json.dumps({"op": "price", "x": "y" * 3000, "id": number}))
                await client.recv()
    await rig.rows(8)
    found = await rig.get("/exchanges", connection=1, limit=1)
    (last,) = found["exchanges"]
    assert (last["key"], last["state"], last["request"], last["answer"]) == (
        "id=8",
        "answered",
        3,
        4,
    )
    assert last["answer_summary"] == "{id:8,ok:true}"
    assert found["messages"] == found["total"] == 4
    assert found["found"] == 2
    (kind,) = found["kinds"]
    assert (kind["requests"], kind["answered"]) == (2, 2)
    assert 0 < kind["p50"] <= kind["p99"]
    assert len((await rig.get("/exchanges"))["exchanges"]) == 4
    (session,) = (await rig.get("/sessions"))["sessions"]
    assert [each["id"] for each in session["connections"]] == [1, 2]
    assert session["target"] == "/echo"


async def test_timeline_and_export(rig: Rig) -> None:
    async with rig.client() as client:
        for number in range(10):
            await client.send(f"n {number}")
            await client.recv()
    rows = await rig.rows(22)
    timeline = (await rig.get("/timeline", connection=1, buckets=10))["timeline"]
    assert sum(bucket["messages"][0] for bucket in timeline["buckets"]) == 10
    assert (await rig.get("/timeline", connection=5))["timeline"] is None
    everything = await _lines(rig)
    assert [line["event"] for line in everything] == ["connection"] + ["frame"] * 22
    some = await _lines(rig, ids=f"{rows[0]['id']},{rows[5]['id']}")
    assert [line.get("text") for line in some[1:]] == ["n 0", "n 2"]
    assert len(await _lines(rig, filter="~down & ~text")) == 11


async def _lines(rig: Rig, **parameters: Any) -> list[dict[str, Any]]:
    async with rig.session.get(f"{rig.api}/export", params=parameters) as response:
        assert response.status == 200
        return [json.loads(line) for line in (await response.text()).splitlines()]


async def test_send_to_either_side_and_resend(rig: Rig) -> None:
    async with rig.client() as client:
        await client.send("first")
        await client.recv()
        await rig.received_text()
        send = "/connections/1/send"
        assert (await rig.call("POST", send, {"direction": "upstream", "json": {"a": 1}}))[0] == 200
        assert await rig.received_text() == '{"a":1}'
        assert await client.recv() == '{"a":1}'
        await rig.call("POST", send, {"direction": "downstream", "hex": "00ff"})
        assert await client.recv() == b"\x00\xff"
        rows = await rig.rows(5)
        assert [row["marks"] for row in rows if row["marks"]] == [["injected"], ["injected"]]
        status, _ = await rig.call("POST", f"/frames/{rows[0]['id']}/resend", {})
        assert status == 200
        assert await rig.received_text() == "first"
        status, answer = await rig.call("POST", send, {"direction": "sideways", "text": ""})
        assert (status, answer["error"]["code"]) == (400, "bad_request")
    status, answer = await rig.call("POST", send, {"direction": "upstream", "text": ""})
    assert (status, answer["error"]["code"]) == (409, "not_open")


async def test_close_reset_and_pause(rig: Rig) -> None:
    async with rig.client() as client:
        await rig.call("POST", "/connections/1/pause", {"direction": "upstream"})
        await client.send("waits")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 0.2)
        await rig.call("POST", "/connections/1/pause", {"paused": False})
        assert await client.recv() == "waits"
        await rig.call("POST", "/connections/1/close", {"code": 4444, "reason": "enough"})
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4444, "enough")
    async with rig.client() as client:
        await rig.call("POST", "/connections/2/reset")
        with pytest.raises(ConnectionClosed) as cut:
            await client.recv()
        assert cut.value.rcvd is None


async def test_a_breakpoint_edit_reaches_the_server(rig: Rig) -> None:
    async with rig.client() as client:
        status, added = await rig.call(
            "POST", "/breakpoints", {"filter": "~b secret", "direction": "upstream"}
        )
        assert status == 201
        await client.send("public")
        assert await rig.received_text() == "public"
        await client.send("secret 1")
        await client.send("secret 2")
        held = await _held(rig, 1)
        assert base64.b64decode(held["base64"]) == b"secret 1"
        await rig.call("POST", f"/held/{held['id']}/forward", {"text": "edited"})
        assert await rig.received_text() == "edited"
        held = await _held(rig, 1)
        await rig.call("POST", f"/held/{held['id']}/drop")
        await client.send("secret 3")
        await _held(rig, 1)
        await rig.call("POST", "/held/forward", {"direction": "upstream"})
        assert await rig.received_text() == "secret 3"
        await rig.call("DELETE", f"/breakpoints/{added['id']}")
        verdicts = [row["verdict"] for row in await rig.rows(2, filter="~changed | ~dropped")]
        assert verdicts == ["changed", "dropped"]
    status, answer = await rig.call("POST", "/held/9/drop")
    assert (status, answer["error"]["code"]) == (404, "not_held")


async def _held(rig: Rig, count: int) -> dict[str, Any]:
    for _ in range(200):
        held = (await rig.get("/breakpoints"))["held"]
        if len(held) == count:
            return dict(held[0])
        await asyncio.sleep(0.02)
    raise AssertionError(f"{len(held)} wait")


async def test_close_passes_a_breakpoint_and_time_lets_go(rig: Rig) -> None:
    await rig.call("POST", "/breakpoints", {"filter": "", "timeout": 0.2})
    async with rig.client() as client:
        await client.ping()
        await client.send("goes on by itself")
        assert await rig.received_text() == "goes on by itself"
        assert await client.recv() == "goes on by itself"


async def test_faults(rig: Rig) -> None:
    assert (await rig.get("/faults"))["faults"] == []
    kinds = (await rig.get("/faults/types"))["types"]
    assert "drop" in [kind["type"] for kind in kinds]
    async with rig.client() as client:
        status, fault = await rig.call("POST", "/faults", {"type": "drop", "name": "d"})
        assert (status, fault["enabled"]) == (201, True)
        await client.send("lost on the way back")
        await rig.received_text()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 0.2)
        assert (await rig.get("/faults"))["faults"][0]["strikes"] == 1
        await rig.call("POST", "/faults/d/disable")
        await client.send("arrives")
        assert await client.recv() == "arrives"
    assert (await rig.call("POST", "/faults/d/enable"))[1]["enabled"]
    assert (await rig.call("PATCH", "/faults/d", {"direction": "upstream"}))[1][
        "direction"
    ] == "upstream"
    assert (await rig.call("PATCH", "/faults/x", {}))[1]["error"]["code"] == "no_fault"
    assert (await rig.call("POST", "/faults", {"type": "x"}))[1]["error"]["code"] == "bad_fault"
    wrong = {"faults": [{"type": "drop"}, {"type": "x"}]}
    assert (await rig.call("POST", "/faults/populate", wrong))[0] == 400
    assert [f["name"] for f in (await rig.get("/faults"))["faults"]] == ["d"]
    text = json.dumps({"faults": [{"type": "drop", "name": "from a file"}]})
    _, answer = await rig.call("POST", "/faults/scenario", {"text": text})
    assert [f["name"] for f in answer["faults"]] == ["from a file"]
    assert (await rig.call("POST", "/faults/reset"))[1] == {"faults": [], "seed": 7}


async def test_the_description_has_every_route(rig: Rig) -> None:
    description = await rig.get("/openapi.json")
    assert rig.proxy._web is not None
    served = {
        (route.method, route.resource.canonical)
        for route in rig.proxy._web.app().router.routes()
        if route.resource is not None and route.resource.canonical.startswith(PREFIX)
    }
    described = {
        (method.upper(), path)
        for path, methods in description["paths"].items()
        for method in methods
    }
    assert served - {(m, p) for m, p in served if m == "HEAD"} == described
    schemas = description["components"]["schemas"]
    for reference in _references(description["paths"]):
        assert reference.removeprefix("#/components/schemas/") in schemas


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        here = [value["$ref"]] if "$ref" in value else []
        return here + [ref for child in value.values() for ref in _references(child)]
    if isinstance(value, list):
        return [ref for child in value for ref in _references(child)]
    return []


async def test_without_faults_the_api_says_so() -> None:
    async with running() as rig:
        assert rig.proxy._web is not None
        rig.proxy._web._ctx.steering.faults = None
        status, answer = await rig.call("GET", "/faults")
        assert (status, answer["error"]["code"]) == (404, "no_faults")


async def test_a_capture_that_is_continued_keeps_its_counts(tmp_path: Any) -> None:
    path = tmp_path / "kept.wsproxy"
    for _ in range(2):
        async with running(capture=path) as rig, rig.client() as client:
            await client.send("x")
            await client.recv()
    async with running(capture=path) as rig:
        found = (await rig.get("/connections"))["connections"]
        assert [c["frames"] for c in found] == [{"upstream": 2, "downstream": 2}] * 2
        assert len(await rig.rows(8)) == 8


async def test_an_explicit_port_that_is_taken_is_an_error(rig: Rig) -> None:
    from wsproxy.errors import WsproxyError

    with pytest.raises(WsproxyError, match="--web-port"):
        async with running(web_port=rig.proxy.web_port):
            pass


async def test_no_web(rig: Rig) -> None:
    async with running(no_web=True) as other:
        assert other.proxy.web_port == 0
        with pytest.raises(aiohttp.ClientError):
            await other.get("/status")


async def test_plain_http_is_listed_and_joined_with_the_sockets_of_its_client(rig: Rig) -> None:
    for agent in ("one", "another"):
        with pytest.raises(InvalidStatus):
            async with rig.client("/secret", user_agent_header=agent):
                pass
    async with rig.client(user_agent_header="one"):
        for _ in range(200):
            found = (await rig.get("/http"))["requests"]
            if len(found) == 2:
                break
            await asyncio.sleep(0.02)
    assert [(one["id"], one["target"], one["status"]) for one in found] == [
        (1, "/secret", 403),
        (2, "/secret", 403),
    ]
    assert [one["connection"] for one in found] == [1, 2]
    mine = await rig.get("/http", connection=3)
    assert [one["id"] for one in mine["requests"]] == [1]
    assert (await rig.get("/http", after=1, limit=1))["next"] == 2
    assert [one["id"] for one in (await rig.get("/http", newest=1, limit=1))["requests"]] == [2]
    detail = await rig.get("/http/1")
    assert base64.b64decode(detail["response"]["base64"]) == b"not you\n"
    assert detail["response"]["text"] is True
    async with rig.session.get(f"{rig.api}/http/1/body") as response:
        assert await response.read() == b"not you\n"
    assert (await rig.call("GET", "/http/9"))[1]["error"]["code"] == "no_request"
