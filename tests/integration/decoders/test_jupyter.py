"""A Jupyter server and its kernel, with the server's own framing, by both subprotocols."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
    serialize_binary_message,
    serialize_msg_to_ws_v1,
)

from tests.integration.decoders.conftest import Start, free_port, lines, server

V1 = "v1.kernel.websocket.jupyter.org"


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("jupyter")
    port = free_port()
    names = ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    environment = {name: str(folder / name.lower()) for name in names}
    options = (
        "--no-browser",
        "--allow-root",
        f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={folder}",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--ServerApp.terminals_enabled=False",
    )
    with server(port, sys.executable, "-m", "jupyter_server", *options, env=environment):
        yield f"http://127.0.0.1:{port}"


class Legacy:
    """Text, or binary where there are buffers."""

    protocols: tuple[str, ...] = ()

    @staticmethod
    def encode(message: dict[str, Any]) -> str | bytes:
        if message["buffers"]:
            return bytes(serialize_binary_message(message))  # type: ignore[no-untyped-call]
        return json.dumps(message)

    @staticmethod
    def decode(data: str | bytes) -> tuple[str, Any]:
        told = json.loads(data) if isinstance(data, str) else deserialize_binary_message(data)  # type: ignore[no-untyped-call]
        return told["channel"], told


class Version1:
    """An offset table first."""

    protocols = (V1,)

    @staticmethod
    def encode(message: dict[str, Any]) -> bytes:
        parts = [*(message[name] for name in ("header", "parent_header", "metadata", "content"))]
        packed = [json.dumps(each).encode() for each in parts] + message["buffers"]
        return bytes(serialize_msg_to_ws_v1(packed, message["channel"]))  # type: ignore[no-untyped-call]

    @staticmethod
    def decode(data: bytes) -> tuple[str, Any]:
        channel, parts = deserialize_msg_from_ws_v1(data)  # type: ignore[no-untyped-call]
        header, parent, _, content = (json.loads(each) for each in parts[:4])
        return channel, {"header": header, "parent_header": parent, "content": content}


def question(kind: str, **content: Any) -> dict[str, Any]:
    return {
        "channel": "shell",
        "header": {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": "s",
            "username": "ann",
            "version": "5.3",
            "date": "2026-01-01T00:00:00Z",
        },
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }


@pytest.mark.parametrize("framing", [Legacy, Version1])
async def test_what_client_and_kernel_say(
    upstream: str, through: Start, framing: type[Legacy | Version1]
) -> None:
    proxy = through(upstream)
    asked = question(
        "execute_request",
        code="print(6*7)",
        silent=False,
        store_history=True,
        user_expressions={},
        allow_stdin=False,
        stop_on_error=True,
    )
    comm = question("comm_msg", comm_id="none", data={}) | {"buffers": [b"\x00\x01", b"xyz"]}
    heard: list[str] = []
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{proxy.http_url}/api/kernels", json={}) as response:
            kernel = (await response.json())["id"]
        url = f"{proxy.http_url}/api/kernels/{kernel}/channels?session_id=s"
        async with session.ws_connect(url, protocols=framing.protocols) as socket:
            for message in (asked, comm):
                data = framing.encode(message)
                await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))
            async with asyncio.timeout(30):
                while "shell execute_reply" not in heard or heard.count("iopub status") < 2:
                    channel, told = framing.decode((await socket.receive()).data)
                    if told["parent_header"].get("msg_id") == asked["header"]["msg_id"]:
                        heard.append(f"{channel} {told['header']['msg_type']}")
        async with session.delete(f"{proxy.http_url}/api/kernels/{kernel}"):
            pass

    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert up == ["shell execute_request print(6*7)", "shell comm_msg none (2 buffers)"]
    mine = [
        one.summary
        for seen in proxy.messages
        for one in seen.decoded
        if one.pair is not None and one.pair.key == asked["header"]["msg_id"]
    ]
    assert mine[0] == up[0]
    assert [" ".join(line.split()[:2]) for line in mine[1:]] == heard
    assert {"iopub status busy", "iopub stream stdout 42", "shell execute_reply ok"} <= set(down)
    (reply,) = proxy.messages.where("~kind execute_reply")
    assert reply.latency is not None
    assert [(r.method, r.status) for r in proxy.requests] == [("POST", 201), ("DELETE", 204)]
