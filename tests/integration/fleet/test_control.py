"""Control of all instances from a view."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.command import piped
from tests.support.fleet import Cluster, eventually, frame_count, instance, view
from tests.support.rig import TOKEN
from wsproxy.cli.fleetviewer import FleetView
from wsproxy.errors import FaultError, NotReachedError
from wsproxy.fleet.presence import GONE_SECONDS


async def call(
    shown: FleetView, method: str, path: str, body: object = None
) -> tuple[int, dict[str, Any]]:
    """A request to the view's API."""
    url = f"http://127.0.0.1:{shown.web_port}/api/v1{path}"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        session.request(method, url, json=body) as response,
    ):
        return response.status, await response.json()


def status_of(shown: FleetView, name: str) -> dict[str, Any]:
    return next((one for one in shown.roster.instances() if one["instance"] == name), {})


async def test_a_fault_is_felt_everywhere(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    async with (
        instance(server, fleet, "a", tmp_path / "a.wsproxy") as one,
        instance(server, fleet, "b", tmp_path / "b.wsproxy") as two,
        view(server, fleet, tmp_path / "view.wsproxy") as shown,
    ):
        fault = {"name": "gone", "type": "drop", "match": "~b gone & ~instance [ac]"}
        status, added = await call(shown, "POST", "/faults", fault)
        assert (status, added["name"]) == (201, "gone")
        await eventually(
            lambda: all("gone" in status_of(shown, name).get("faults", {}) for name in "ab")
        )
        url = f"http://127.0.0.1:{shown.web_port}/metrics"
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
            session.get(url) as response,
        ):
            metrics = await response.text()
        assert "wsproxy_fleet_instances 2.0" in metrics
        for rig, first in ((one, "here"), (two, "gone")):
            async with rig.client() as client:
                await client.send("gone")
                await client.send("here")
                assert await client.recv() == first
        # One that joins later takes what is in force, with the fleet's seed.
        async with instance(server, fleet, "c", tmp_path / "c.wsproxy") as three:
            await eventually(lambda: "gone" in status_of(shown, "c").get("faults", {}))
            async with three.client() as client:
                await client.send("gone")
                await client.send("here")
                assert await client.recv() == "here"
            _, mine = await three.call("GET", "/faults")
            assert mine["seed"] == shown.orders.faults.seed
        await eventually(lambda: shown.orders.faults.faults()[0]["strikes"] == 2)
        _, state = await call(shown, "GET", "/fleet")
        assert [event["what"] for event in state["events"]] == ["fault gone added"]
        assert {x["revision"] for x in state["instances"] if x["alive"]} == {state["revision"]}
        status, _ = await call(shown, "DELETE", "/faults/gone")
        assert status == 200
        await eventually(lambda: status_of(shown, "a").get("faults") == {})


async def test_a_connection_is_steered_from_the_view(
    server: Cluster, fleet: str, tmp_path: Path
) -> None:
    await server.make(fleet)
    async with (
        instance(server, fleet, "a", tmp_path / "a.wsproxy") as rig,
        instance(
            server, fleet, "b", tmp_path / "b.wsproxy", fleet_options={"control": False}
        ) as watched,
        view(server, fleet, tmp_path / "view.wsproxy") as shown,
    ):
        async with rig.client() as client, watched.client():
            await eventually(lambda: len(shown.live()) == 2)
            mine, other = (
                next(n for n, c in shown.live().items() if c.connection.instance == name)
                for name in "ab"
            )
            body = {"direction": "downstream", "text": "from the view"}
            assert await call(shown, "POST", f"/connections/{mine}/send", body) == (
                200,
                {"sent": 13},
            )
            assert await client.recv() == "from the view"
            status, answer = await call(shown, "POST", f"/connections/{other}/send", body)
            assert status == 504
            assert "--fleet-control off" in answer["error"]["message"]
            live = shown.live()[mine]
            status, _ = await call(shown, "POST", f"/connections/{mine}/close", {"code": 4000})
            assert status == 200
            await client.wait_closed()
            assert client.close_code == 4000
            await eventually(lambda: mine not in shown.live())
            done = live.reset("test")
            assert done is not None
            with pytest.raises(NotReachedError, match="is not open any more"):
                await done


async def test_a_message_is_held_and_let_go(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    async with (
        instance(server, fleet, "a", tmp_path / "a.wsproxy") as rig,
        view(server, fleet, tmp_path / "view.wsproxy") as shown,
    ):
        status, _ = await call(shown, "POST", "/breakpoints", {"filter": "~b wait & ~up"})
        assert status == 201
        await eventually(lambda: status_of(shown, "a").get("revision"))
        async with rig.client() as client:
            await client.send("wait for me")
            await eventually(shown.orders.breakpoints.held)
            (held,) = shown.orders.breakpoints.held()
            status, _ = await call(shown, "POST", f"/held/{held['id']}/forward", {"text": "go"})
            assert status == 200
            assert await client.recv() == "go"
            status, answer = await call(shown, "POST", f"/held/{held['id']}/drop", {})
            assert (status, answer["error"]["code"]) == (404, "not_held")


async def test_a_breakpoint_of_one_connection(server: Cluster, fleet: str, tmp_path: Path) -> None:
    """It stops that connection only, and what waits there goes on waiting when another is added."""
    await server.make(fleet)
    async with (
        instance(server, fleet, "a", tmp_path / "a.wsproxy") as one,
        instance(server, fleet, "b", tmp_path / "b.wsproxy") as two,
        view(server, fleet, tmp_path / "view.wsproxy") as shown,
        one.client() as stopped,
        two.client() as other,
    ):
        await eventually(lambda: len(shown.live()) == 2)
        number = next(n for n, c in shown.live().items() if c.connection.instance == "a")
        status, refused = await call(shown, "POST", "/breakpoints", {"connection": 999})
        assert (status, refused["error"]["message"]) == (
            400,
            "connection: there is no connection 999 that is open",
        )
        stop = {"filter": "~up", "connection": number}
        assert (await call(shown, "POST", "/breakpoints", stop))[0] == 201
        await eventually(lambda: all(status_of(shown, x).get("revision") == 1 for x in "ab"))
        await stopped.send("wait")
        await other.send("pass")
        assert await other.recv() == "pass"
        await eventually(shown.orders.breakpoints.held)
        (held,) = shown.orders.breakpoints.held()
        assert held["connection"] == number
        # Another view lists it with its own number of that connection.
        async with view(server, fleet, tmp_path / "other.wsproxy") as second:
            await eventually(second.orders.breakpoints.breakpoints)
            (listed,) = second.orders.breakpoints.breakpoints()
            assert listed["connection"] is not None
            assert (await call(second, "POST", "/breakpoints", {"filter": "~b never"}))[0] == 201
            await eventually(lambda: all(status_of(shown, x).get("revision") == 2 for x in "ab"))
        assert len(shown.orders.breakpoints.breakpoints()) == 2
        assert (await call(shown, "POST", f"/held/{held['id']}/forward", {"text": "go"}))[0] == 200
        assert await stopped.recv() == "go"


async def test_two_views_change_at_once(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    async with (
        view(server, fleet, tmp_path / "one.wsproxy") as one,
        view(server, fleet, tmp_path / "two.wsproxy") as two,
    ):
        views = [one, two]
        for round_ in range(3):
            # No await between: both write on top of the same revision, one of them in vain.
            for number, shown in enumerate(views):
                shown.orders.faults.add({"name": f"f{round_}{number}", "type": "drop"})
                shown.orders.breakpoints.add({"filter": f"~b x{round_}{number}"})
            await eventually(
                lambda: all(len(x.orders.faults.faults()) == 2 * round_ + 2 for x in views)  # noqa: B023
            )
        names = {f"f{round_}{number}" for round_ in range(3) for number in range(2)}
        for shown in views:
            assert {one["name"] for one in shown.orders.faults.faults()} == names
            assert len(shown.orders.breakpoints.breakpoints()) == len(names)
        # Who changed what is told once, each.
        await eventually(lambda: len(one.state()["events"]) == 2 * len(names))
        told = sorted(event["what"] for event in one.state()["events"] if "fault" in event["what"])
        assert told == sorted(f"fault {name} added" for name in names)


async def test_orders_that_are_too_large(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    async with view(server, fleet, tmp_path / "view.wsproxy") as shown:
        fault = {"type": "drop", "match": f"~b {'x' * 900}"}
        with pytest.raises(FaultError, match="is ordered is at most 524,288 bytes"):
            shown.orders.faults.populate([fault] * 700)
        assert shown.orders.faults.faults() == []


async def test_a_kill_shows_within_five_seconds(
    server: Cluster, fleet: str, tmp_path: Path
) -> None:
    assert GONE_SECONDS < 5
    await server.make(fleet)
    async with (
        instance(server, fleet, "other", tmp_path / "other.wsproxy") as upstream,
        view(server, fleet, tmp_path / "view.wsproxy") as shown,
    ):
        arguments = (
            *("run", upstream.proxy.settings.upstream_url, "-p", "0", "--no-web", "-q"),
            *("--fleet", *server.urls, "--fleet-name", fleet, "--instance", "a"),
        )
        with piped(*arguments) as proxy:
            await asyncio.to_thread(proxy.ready)
            await eventually(lambda: status_of(shown, "a").get("alive"))
            proxy.process.kill()
            await eventually(lambda: not status_of(shown, "a")["alive"])
            assert not status_of(shown, "a").get("left")
            assert status_of(shown, "other")["alive"]


async def test_a_payload_is_fetched_when_somebody_opens_it(
    server: Cluster, fleet: str, tmp_path: Path
) -> None:
    """Also from an instance that may only be watched."""
    await server.make(fleet)
    text = "a" * 900_000 + " the end"
    async with (
        instance(
            server,
            fleet,
            "a",
            tmp_path / "a.wsproxy",
            fleet_options={"payload": 8, "control": False},
        ) as rig,
        view(server, fleet, tmp_path / "view.wsproxy") as shown,
    ):
        async with rig.client(compression="deflate") as client:
            await client.send("x" * 50)
            await client.recv()
        async with rig.client() as client:
            await client.send(text)
            await client.recv()
        await eventually(lambda: frame_count(tmp_path / "view.wsproxy") >= 8)
        _, page = await call(shown, "GET", "/frames?filter=~up%20%26%20~text")
        small, large = (row["id"] for row in page["rows"])
        _, frame = await call(shown, "GET", f"/frames/{small}")
        assert frame["text"] == "x" * 50
        _, frame = await call(shown, "GET", f"/frames/{large}")
        assert frame["payload"]["recorded"] == frame["payload"]["length"] == len(text)
    # The instance is gone: what is there is shown.
    async with view(server, fleet, tmp_path / "view.wsproxy") as shown:
        _, frame = await call(shown, "GET", f"/frames/{large}")
        assert frame["payload"]["recorded"] == 8
