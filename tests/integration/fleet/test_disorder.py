"""What can befall a cluster: afterwards every frame that the peers sent is in the view once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.support.command import piped
from tests.support.fleet import (
    Cluster,
    Node,
    eventually,
    frame_count,
    instance,
    said,
    same_frames,
    view,
)
from tests.support.rig import Rig
from wsproxy.clock import LoopClock
from wsproxy.fleet.names import Names
from wsproxy.store.reader import Capture


@contextlib.asynccontextmanager
async def chatter(rig: Rig) -> AsyncIterator[list[str]]:
    """A client that goes on talking while the block runs; gives what it has said."""
    done: list[str] = []
    stop = asyncio.Event()

    async def talk() -> None:
        async with rig.client() as client:
            while not stop.is_set():
                text = f"number {len(done)}"
                await client.send(text)
                assert await client.recv() == text
                done.append(text)
                await asyncio.sleep(0.002)

    task = asyncio.create_task(talk())
    try:
        yield done
    finally:
        stop.set()
        await task


async def more(done: list[str], count: int) -> None:
    """Wait until the client has said so much more."""
    wanted = len(done) + count
    await eventually(lambda: len(done) >= wanted, "the relay goes on")


async def leader_of(cluster: Cluster, fleet: str) -> Node:
    client = await cluster.connect()
    try:
        info = await client.jetstream().stream_info(Names(fleet).stream)
        assert info.cluster is not None
        return next(node for node in cluster.nodes if node.name == info.cluster.leader)
    finally:
        await client.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_the_leader_is_gone_under_load(
    cluster: Cluster, fleet: str, tmp_path: Path, number: signal.Signals
) -> None:
    """SIGSTOP stands for a network between them that lets nothing through for a while."""
    await cluster.make(fleet)
    shown, a = tmp_path / "view.wsproxy", tmp_path / "a.wsproxy"
    async with view(cluster, fleet, shown):
        async with instance(cluster, fleet, "a", a) as rig, chatter(rig) as done:
            await eventually(lambda: said(shown).get("a"))
            leader = await leader_of(cluster, fleet)
            leader.send(number)
            before = frame_count(shown)
            await more(done, 200)
            await eventually(lambda: frame_count(shown) > before + 100, "another one leads")
            if number == signal.SIGSTOP:
                leader.send(signal.SIGCONT)
            else:
                leader.kill()
                leader.start()
            await more(done, 50)
        await same_frames(shown, a)
    assert said(shown) == {"a": done}


async def test_all_nodes_are_down_for_a_while(cluster: Cluster, fleet: str, tmp_path: Path) -> None:
    await cluster.make(fleet)
    shown, a = tmp_path / "view.wsproxy", tmp_path / "a.wsproxy"
    async with view(cluster, fleet, shown):
        async with instance(cluster, fleet, "a", a) as rig, chatter(rig) as done:
            await eventually(lambda: said(shown).get("a"))
            for node in cluster.nodes:
                node.kill()
            await more(done, 200)
            for node in cluster.nodes:
                node.start()
            before = frame_count(shown)
            await eventually(lambda: frame_count(shown) > before, "the cluster is there again")
            await more(done, 50)
        await same_frames(shown, a)
    assert said(shown) == {"a": done}


async def test_the_stream_is_deleted(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    shown, a = tmp_path / "view.wsproxy", tmp_path / "a.wsproxy"
    client = await server.connect()
    async with view(server, fleet, shown):
        async with instance(server, fleet, "a", a) as rig, chatter(rig) as done:
            await eventually(lambda: said(shown).get("a"))
            await client.jetstream().delete_stream(Names(fleet).stream)
            await more(done, 50)
            await server.make(fleet)
            await more(done, 50)
        await same_frames(shown, a)
    assert said(shown) == {"a": done}
    # A view that comes later has it all too: the new stream got what the capture still has.
    async with view(server, fleet, tmp_path / "later.wsproxy"):
        await same_frames(tmp_path / "later.wsproxy", a)
    await client.close()


async def test_the_stream_is_full(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet, size=64 * 1024, drop_oldest=False)
    shown, a = tmp_path / "view.wsproxy", tmp_path / "a.wsproxy"
    client = await server.connect()
    js = client.jetstream()
    async with view(server, fleet, shown):
        async with instance(server, fleet, "a", a) as rig, chatter(rig) as done:
            async with rig.client() as other:
                await other.send("x" * 100_000)
                assert await other.recv()
            await more(done, 100)
            assert (await js.stream_info(Names(fleet).stream)).state.bytes < 64 * 1024
            await server.make(fleet, size=10_000_000, drop_oldest=False)
            await more(done, 50)
        await same_frames(shown, a)
    await client.close()


async def test_a_stream_that_drops_the_oldest_is_counted(
    server: Cluster, fleet: str, tmp_path: Path
) -> None:
    await server.make(fleet)
    a, shown = tmp_path / "a.wsproxy", tmp_path / "view.wsproxy"
    client = await server.connect()
    js = client.jetstream()
    async with instance(server, fleet, "a", a) as rig, chatter(rig) as done:
        async with view(server, fleet, shown) as _:
            await eventually(lambda: said(shown).get("a"))
        seen = frame_count(shown)
        await more(done, 100)
        await js.purge_stream(Names(fleet).stream)
        await more(done, 50)
    async with view(server, fleet, shown):

        def all_counted() -> bool:
            capture = Capture(shown)
            try:
                missing = capture.left_out().get("not on the stream")
            finally:
                capture.close()
            return missing is not None and frame_count(shown) + missing.frames == frame_count(a)

        await eventually(all_counted)
        assert frame_count(shown) > seen
    await client.close()


async def test_an_instance_is_killed_and_starts_again(
    server: Cluster, fleet: str, tmp_path: Path
) -> None:
    await server.make(fleet)
    shown, a = tmp_path / "view.wsproxy", tmp_path / "a.wsproxy"
    async with instance(server, fleet, "other", tmp_path / "other.wsproxy") as upstream:
        arguments = (
            *("run", upstream.proxy.settings.upstream_url, "-p", "0", "--no-web", "-q"),
            *("--capture", a, "--fleet", *server.urls, "--fleet-name", fleet, "--instance", "a"),
        )
        async with view(server, fleet, shown):
            for killed in (True, False):
                with piped(*arguments) as proxy:
                    url = await asyncio.to_thread(proxy.ready)
                    async with connect(url, compression=None) as client:
                        for number in range(300):
                            await client.send(f"{killed} {number}")
                            await client.recv()
                        if killed:
                            proxy.process.kill()
                            proxy.process.wait()
                    if not killed:
                        assert await asyncio.to_thread(proxy.finish) == 0
            await same_frames(shown, a)


async def test_a_view_is_killed_and_catches_up(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    shown, a = tmp_path / "view.wsproxy", tmp_path / "a.wsproxy"
    arguments = (
        *("fleet", "view", *server.urls, "--fleet-name", fleet),
        *("--capture", shown, "--web-port", "0"),
    )
    async with instance(server, fleet, "a", a) as rig, chatter(rig) as done:
        for _ in range(2):
            with piped(*arguments) as viewer:
                await asyncio.to_thread(viewer.err.expect, "page: http")
                before = frame_count(shown)
                await eventually(lambda: frame_count(shown) > before)  # noqa: B023
                viewer.process.kill()
                viewer.process.wait()
            await more(done, 50)
    async with view(server, fleet, shown):
        await same_frames(shown, a)


async def test_a_view_that_reads_slowly(
    server: Cluster, fleet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the instance nor another view notices, and it misses nothing."""
    await server.make(fleet)
    slow, fast, a = (tmp_path / f"{name}.wsproxy" for name in ("slow", "fast", "a"))
    async with (
        instance(server, fleet, "a", a) as rig,
        view(server, fleet, slow) as one,
        view(server, fleet, fast),
    ):
        release = asyncio.Event()
        take = one.follower._take

        async def waits(*arguments: object) -> None:
            await release.wait()
            await take(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(one.follower, "_take", waits)
        async with rig.client() as client:
            for number in range(40):
                await client.send(f"{number} " + "x" * 60_000)
                await client.recv()
        await eventually(lambda: frame_count(fast) >= 82, "two frames a message, and Close")
        assert frame_count(slow) < frame_count(fast)
        release.set()
        await eventually(lambda: frame_count(slow) >= 82)
        await same_frames(slow, a)


async def test_a_clock_that_is_wrong(
    server: Cluster, fleet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.make(fleet)
    shown = tmp_path / "view.wsproxy"
    captures = [tmp_path / f"{name}.wsproxy" for name in ("a", "b")]
    made = LoopClock.__init__

    def late(clock: LoopClock) -> None:
        made(clock)
        right = clock.time
        clock.time = lambda: right() - 3 * 3600

    async with instance(server, fleet, "a", captures[0]) as one:
        monkeypatch.setattr(LoopClock, "__init__", late)
        async with (
            instance(server, fleet, "b", captures[1]) as two,
            view(server, fleet, shown),
        ):
            for rig in (one, two, one, two):
                async with rig.client() as client:
                    await client.send("hello")
                    await client.recv()
            await eventually(lambda: frame_count(shown) >= 16)
            await same_frames(shown, *captures)
    capture = Capture(shown)
    opened = {one.instance: one.opened for one in capture.connections()}
    assert opened["a"] - opened["b"] > 3500
    capture.close()
