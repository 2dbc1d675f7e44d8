"""Instances, and views over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fleet import Cluster, eventually, instance, said, same_frames, view
from tests.support.rig import Rig
from wsproxy.errors import WsproxyError
from wsproxy.model.queries import Seen
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.reader import Capture


async def talk(rig: Rig, *texts: str) -> None:
    async with rig.client() as client:
        for text in texts:
            await client.send(text)
            await client.recv()


async def test_two_instances_in_one_view(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    shown = tmp_path / "view.wsproxy"
    a, b = tmp_path / "a.wsproxy", tmp_path / "b.wsproxy"
    async with instance(server, fleet, "a", a) as one, instance(server, fleet, "b", b) as two:
        await talk(one, "before the view")
        async with view(server, fleet, shown):
            await talk(two, "while it looks", "x" * 900_000)
            await talk(one, "again")
            await eventually(lambda: len(said(shown).get("a", ())) == 2)
            await eventually(lambda: len(said(shown).get("b", ())) == 2)
    async with view(server, fleet, shown):
        await same_frames(shown, a, b)
        await eventually(lambda: sorted(_ends(shown)) == ["a 1000", "a 1000", "b 1000"])
    capture = Capture(shown)
    assert capture.left_out() == {}
    capture.close()


def _ends(path: Path) -> list[str]:
    capture = Capture(path)
    try:
        return [f"{one.instance} {one.end and one.end.code}" for one in capture.connections()]
    finally:
        capture.close()


async def test_messages_and_faults_come_along(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    shown = tmp_path / "view.wsproxy"
    async with (
        instance(server, fleet, "a", tmp_path / "a.wsproxy") as rig,
        view(server, fleet, shown),
    ):
        await rig.call("POST", "/faults", {"type": "latency", "attributes": {"latency": "1ms"}})
        async with rig.client(compression="deflate") as client:
            await client.send(["one ", "two ", "three"])
            assert await client.recv() == "one two three"
        await eventually(lambda: _faults(shown) >= 2)
        here, there = Capture(tmp_path / "a.wsproxy"), Capture(shown)
        assert list(map(_content, there.seen())) == list(map(_content, here.seen()))
        assert there.fault_records() == here.fault_records()
        for each in (here, there):
            each.close()


async def test_plain_http_and_notes_come_along(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    async with (
        instance(server, fleet, "a", tmp_path / "a.wsproxy") as rig,
        view(server, fleet, tmp_path / "view.wsproxy") as shown,
    ):
        url = rig.proxy.url.replace("ws://", "http://")
        for path in ("/one", "/two?token=abc"):
            async with rig.session.get(f"{url}{path}") as response:
                await response.read()
        await talk(rig, "hello")
        (connection,) = (await rig.get("/connections"))["connections"]
        note = {"note": "look here", "marked": True}
        status, _ = await rig.call("PATCH", f"/connections/{connection['id']}/note", note)
        assert status == 200

        def same() -> bool:
            both = []
            for capture in (tmp_path / "a.wsproxy", tmp_path / "view.wsproxy"):
                browser = CaptureBrowser(capture)
                requests = [
                    (one.target, one.status) for one in browser.http(0, 100, newest=False, of=None)
                ]
                notes = [(one.text, one.marked) for one in browser.notes()]
                both.append((requests, notes))
                browser.close()
            return both[0] == both[1] and bool(both[0][1])

        await eventually(same)
        assert shown.follower.unreadable == 0


def _content(seen: Seen) -> tuple[object, ...]:
    return seen.record, seen.message, seen.faults


def _faults(path: Path) -> int:
    capture = Capture(path)
    try:
        return len(capture.fault_records())
    finally:
        capture.close()


async def test_payloads_stay_at_the_instance(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    shown = tmp_path / "view.wsproxy"
    async with (
        instance(server, fleet, "a", tmp_path / "a.wsproxy", fleet_options={"payload": 4}) as rig,
        view(server, fleet, shown),
    ):
        await talk(rig, "secret", "abc")
        await eventually(lambda: len(said(shown).get("a", ())) == 2)
    assert said(shown)["a"] == ["secr", "abc"]
    capture = Capture(shown)
    first = next(record for _, record in capture.frames())
    assert (first.frame.payload_length, first.frame.received) == (6, 6)
    capture.close()


async def test_secrets_are_masked_before_they_leave(
    server: Cluster, fleet: str, tmp_path: Path
) -> None:
    await server.make(fleet)
    shown = tmp_path / "view.wsproxy"
    local = tmp_path / "a.wsproxy"
    async with (
        instance(server, fleet, "a", local, capture_secrets=True) as rig,
        view(server, fleet, shown),
    ):
        async with rig.client("/x?token=abc", additional_headers={"Cookie": "id=1"}) as client:
            await client.send("hello")
            await client.recv()
        await eventually(lambda: said(shown).get("a"))
    for path, token in ((local, "abc"), (shown, "***")):
        capture = Capture(path)
        (connection,) = capture.connections()
        assert connection.target == f"/x?token={token}"
        assert dict(connection.request_headers)["Cookie"] == ("id=1" if token == "abc" else "***")
        capture.close()


async def test_the_same_name_twice_is_refused(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    async with instance(server, fleet, "a", tmp_path / "a.wsproxy") as one:
        assert one.proxy.member is not None
        assert await one.proxy.member.joined()
        async with instance(server, fleet, "a", tmp_path / "b.wsproxy") as two:
            assert two.proxy.member is not None
            with pytest.raises(WsproxyError, match="there is an instance 'a' in the fleet already"):
                await two.proxy.member.joined()
            await talk(two, "it relays all the same")
        await talk(one, "the first goes on")
        async with view(server, fleet, tmp_path / "view.wsproxy") as shown:
            await eventually(lambda: said(shown.capture) == {"a": ["the first goes on"]})


async def test_a_view_without_nats_says_so(tmp_path: Path) -> None:
    nowhere = Cluster()
    nowhere.nodes = []
    with pytest.raises(WsproxyError, match="there is no NATS at"):
        async with view(_Closed(), "x", tmp_path / "view.wsproxy"):
            pass


class _Closed(Cluster):
    @property
    def urls(self) -> tuple[str, ...]:
        return ("nats://user:secret@127.0.0.1:9",)
