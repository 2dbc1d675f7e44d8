"""What deploy/ holds: manifests that Kubernetes takes, options that exist, permissions that suffice."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import nats
import pytest
import yaml

from tests.integration.fleet.test_control import call, status_of
from tests.support.fleet import Cluster, Node, eventually, free_ports, instance, said, view
from wsproxy.cli.fleet import command as fleet_command
from wsproxy.cli.run import command as run_command

DEPLOY = Path(__file__).parents[3] / "deploy"

MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


@pytest.mark.parametrize("path", MANIFESTS, ids=[path.stem for path in MANIFESTS])
def test_kubernetes_takes_the_manifests(path: Path) -> None:
    for manifest in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    program = Path(sys.executable).parent / "hadolint"
    found = subprocess.run(
        [program, DEPLOY / "Dockerfile"], check=False, capture_output=True, text=True
    )
    assert (found.returncode, found.stdout) == (0, "")


def commands() -> list[list[str]]:
    """The arguments that the files give to wsproxy."""
    found = []
    for path in MANIFESTS:
        for manifest in yaml.safe_load_all(path.read_text()):
            pod = manifest["spec"].get("template", {}).get("spec", {})
            found += [one["args"] for one in pod.get("containers", ()) if "args" in one]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    found += [
        one["command"] for one in compose["services"].values() if one.get("image") == "wsproxy"
    ]
    return [list(map(str, one)) for one in found]


def test_all_options_exist() -> None:
    assert len(commands()) == 7
    for arguments in commands():
        command: Any = run_command
        if arguments[0] == "fleet":
            command = fleet_command.commands[arguments[1]]
        rest = arguments[2 if arguments[0] == "fleet" else 1 :]
        with click.Context(command) as context:
            command.parse_args(context, rest)


PASSWORDS = {name: f"pw-{name}" for name in ("admin", "instance", "reader", "operator")}


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """A server with the configuration that the documentation recommends."""
    port = free_ports(1)[0]
    text = (DEPLOY / "nats.conf").read_text()
    text = text.replace("0.0.0.0:4222", f"127.0.0.1:{port}")
    text = text.replace("/data/jetstream", str(tmp_path / "js"))
    text = re.sub(r"\$WSPROXY_(\w+)", lambda found: PASSWORDS[found[1].lower()], text)
    path = tmp_path / "nats.conf"
    path.write_text(text)
    node = Node(port, "guarded", path)
    node.start()
    yield node
    node.kill()


class _As(Cluster):
    def __init__(self, node: Node, user: str) -> None:
        super().__init__([node])
        self._user = user

    @property
    def urls(self) -> tuple[str, ...]:
        return (f"nats://{self._user}:{PASSWORDS[self._user]}@127.0.0.1:{self.nodes[0].port}",)


async def test_each_user_may_do_its_own(guarded: Node, tmp_path: Path) -> None:
    await _As(guarded, "admin").make("wsproxy")
    shown = tmp_path / "view.wsproxy"
    async with (
        instance(
            *(_As(guarded, "instance"), "wsproxy", "a", tmp_path / "a.wsproxy"),
            fleet_options={"payload": 2},
        ) as rig,
        view(_As(guarded, "operator"), "wsproxy", shown) as steering,
        view(_As(guarded, "reader"), "wsproxy", tmp_path / "reader.wsproxy") as reading,
    ):
        async with rig.client() as client:
            await client.send("hello")
            await client.recv()
            for looker in (steering, reading):
                await eventually(lambda: said(looker.capture).get("a"))  # noqa: B023
                await eventually(lambda: status_of(looker, "a").get("alive"))  # noqa: B023
                _, page = await call(looker, "GET", "/frames?filter=~up%20%26%20~text")
                _, frame = await call(looker, "GET", f"/frames/{page['rows'][0]['id']}")
                assert frame["text"] == "hello", "it was fetched from the instance"
            fault = {"name": "gone", "type": "drop", "match": "~b gone"}
            await call(reading, "POST", "/faults", fault | {"name": "no"})
            await call(steering, "POST", "/faults", fault)
            await eventually(lambda: status_of(steering, "a").get("faults") == {"gone": 0})
            (number,) = reading.live()
            body = {"direction": "downstream", "text": "psst"}
            status, _ = await call(reading, "POST", f"/connections/{number}/send", body)
            assert status == 504
            (number,) = steering.live()
            status, _ = await call(steering, "POST", f"/connections/{number}/send", body)
            assert status == 200
            assert await client.recv() == "psst"
    # An instance can neither read what others captured nor make others do something.
    client_ = await nats.connect(_As(guarded, "instance").urls[0])
    js = client_.jetstream(timeout=1)
    with pytest.raises((nats.errors.Error, asyncio.TimeoutError)):
        await js.pull_subscribe("wsproxy.wsproxy.>", stream="wsproxy_wsproxy")
    for what in ("do", "read"):
        with pytest.raises((nats.errors.Error, asyncio.TimeoutError)):
            await client_.request(f"wsproxy.wsproxy.a.{what}", b"{}", 0.5)
    await client_.close()
