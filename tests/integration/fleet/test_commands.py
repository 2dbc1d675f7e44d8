"""`wsproxy fleet` as people type it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.command import environment, piped, run
from tests.support.fleet import Cluster, eventually, instance
from tests.support.rig import running


async def test_up_list_and_tail(tmp_path: Path) -> None:
    async with running() as upstream:
        target = upstream.proxy.settings.upstream_url
        arguments = ("fleet", "up", target, "--instances", "2", "-p", "0", "--web-port", "0")
        with piped(*arguments, "--folder", tmp_path / "up") as fleet:
            url = (await asyncio.to_thread(fleet.out.expect, r"listens on (\S+) with 2 inst"))[1]
            nats = (await asyncio.to_thread(fleet.err.expect, r"^NATS: (\S+)"))[1]
            listed = await asyncio.to_thread(run, "fleet", "list", nats)
            assert listed.stdout, listed.stderr
            lines = listed.stdout.splitlines()
            assert [line.split()[:2] for line in lines] == [["i1", "alive"], ["i2", "alive"]]
            assert url in lines[0]
            with piped("fleet", "tail", nats, "--log-format", "jsonl") as tail:
                from websockets.asyncio import client

                async with client.connect(f"{url}/echo") as socket:
                    await socket.send("to whichever")
                    await socket.recv()
                await asyncio.to_thread(tail.out.expect, '"text":"to whichever"')
            assert await asyncio.to_thread(fleet.finish) == 0
    assert sorted(path.name for path in (tmp_path / "up").glob("*.wsproxy")) == [
        "i1.wsproxy",
        "i2.wsproxy",
        "view.wsproxy",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
async def test_up_that_is_killed_leaves_nothing_running(tmp_path: Path) -> None:
    arguments = ("fleet", "up", "ws://127.0.0.1:9", "--instances", "1", "-p", "0")
    with piped(*arguments, "--web-port", "0", "--folder", tmp_path / "up") as fleet:
        await asyncio.to_thread(fleet.out.expect, "listens on")
        children = _children(fleet.process.pid)
        assert len(children) == 2, "NATS and an instance"
        fleet.process.kill()
        fleet.process.wait()
        await eventually(lambda: not any(map(_runs, children)), "all have ended")


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_create_says_what_it_made_and_what_differs(server: Cluster, fleet: str) -> None:
    arguments = ("fleet", "create", *server.urls, "--fleet-name", fleet, "--size", "50MB")
    made = await asyncio.to_thread(run, *arguments)
    assert made.returncode == 0
    assert f"made the stream wsproxy_{fleet}: 1 replica(s), 24 hours, 50MB" in made.stdout
    assert f"made the bucket wsproxy_{fleet}_control" in made.stdout
    again = await asyncio.to_thread(run, *arguments)
    assert f"the stream wsproxy_{fleet} is there" in again.stdout
    other = await asyncio.to_thread(run, *arguments, "--age", "2h")
    assert other.returncode == 1
    assert "differs: --age (seconds) is 86400, not 7200; --update changes it" in other.stderr
    changed = await asyncio.to_thread(run, *arguments, "--age", "2h", "--update")
    assert "changed the stream" in changed.stdout


async def test_a_name_in_use_is_one_line(server: Cluster, fleet: str, tmp_path: Path) -> None:
    await server.make(fleet)
    async with instance(server, fleet, "a", tmp_path / "a.wsproxy") as rig:
        refused = await asyncio.to_thread(
            run,
            *("run", rig.proxy.settings.upstream_url, "-p", "0", "--no-web", "-q"),
            *("--fleet", *server.urls, "--fleet-name", fleet, "--instance", "a"),
        )
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("wsproxy: there is an instance 'a' in the fleet already (")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """A folder that stands before all others hides nats-py, as if it was not installed."""
    hide = tmp_path / "sitecustomize.py"
    hide.write_text(
        "import sys, importlib.abc\n"
        "class Hide(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'nats':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hide())\n"
    )
    env = {"PYTHONPATH": str(tmp_path)}
    for arguments in (
        ("run", "ws://localhost:1", "--fleet", "nats://localhost"),
        ("fleet", "view", "nats://localhost"),
        ("fleet", "up", "ws://localhost:1"),
    ):
        refused = run(*arguments, env=env)
        assert refused.returncode == 1
        assert refused.stderr == ("wsproxy: a fleet needs nats-py: pip install 'wsproxy[fleet]'\n")


def test_nothing_of_nats_is_imported_without_a_fleet() -> None:
    import subprocess

    code = "import sys, wsproxy.cli.run, wsproxy.app; print([m for m in sys.modules if m.partition('.')[0] == 'nats'])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    assert found.stdout == "[]\n"
