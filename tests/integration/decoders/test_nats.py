"""nats-server and nats-py over WebSockets: requests, headers, large payloads."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from nats.aio.msg import Msg

from tests.integration.decoders.conftest import Start, free_port, lines, server


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    assert program is not None
    port = free_port()
    configuration = tmp_path / "nats.conf"
    configuration.write_text(
        f'listen: "127.0.0.1:{free_port()}"\n'
        f'websocket {{ listen: "127.0.0.1:{port}", no_tls: true }}\n'
    )
    with server(port, program, "-c", str(configuration)):
        yield f"ws://127.0.0.1:{port}"


# nats-py uses what aiohttp deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


async def test_what_client_and_server_say(upstream: str, through: Start) -> None:
    proxy = through(upstream)
    client = await nats.connect(proxy.url, max_reconnect_attempts=1)

    async def answer(message: Msg) -> None:
        await message.respond(message.data.upper())

    await client.subscribe("help", cb=answer)
    assert (await client.request("help", b"please", timeout=5)).data == b"PLEASE"
    await client.publish("big", b"x" * 300_000, headers={"A": "b"})
    await client.flush()
    await client.close()
    await asyncio.to_thread(proxy.wait_for, "~say '^HPUB big 300 kB'")

    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert down[0].startswith("INFO {server_name:")
    assert up[0].startswith("CONNECT {version:") or up[0].startswith("CONNECT {")
    assert "SUB help sid=1" in up
    assert any(line.startswith("HPUB big 300 kB xxx") for line in up)
    assert any(line.startswith("PUB help 6 B please reply=_INBOX") for line in up)
    assert any(line.endswith("6 B PLEASE") and line.startswith("MSG _INBOX") for line in down)
    answered = [seen for seen in proxy.messages if seen.latency is not None]
    assert answered
