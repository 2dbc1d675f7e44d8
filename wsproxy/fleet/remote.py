"""The view's side of steering: connections that are open elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable
from typing import Any

import nats.errors
from nats.aio.client import Client

from wsproxy.errors import NotReachedError
from wsproxy.fleet.connecting import TROUBLE
from wsproxy.fleet.names import Names
from wsproxy.model.records import ConnectionRecord, Direction

ANSWER_SECONDS = 3.0
"""How long an instance may take to do what it is asked."""

MAX_FETCHED = 64 * 1024 * 1024
"""Bytes of one frame that are fetched from its instance."""

MAX_CONTENT = 512 * 1024
"""Bytes of a message that can be injected from a view: servers take 1 MiB unless told otherwise."""


class Remote:
    """Asks instances to do something, and waits for their answer."""

    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names

    async def ask(self, instance: str, request: dict[str, Any]) -> dict[str, Any]:
        """What an instance answers to who steers.

        Raises NotReachedError where it does not answer, or says no.
        """
        return await self._ask(self._names.requests(instance), instance, request)

    async def read(self, instance: str, request: dict[str, Any]) -> dict[str, Any]:
        """What it answers to who looks on; raises NotReachedError."""
        return await self._ask(self._names.reads(instance), instance, request)

    async def _ask(self, subject: str, instance: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            message = await self._client.request(
                subject, json.dumps(request).encode(), ANSWER_SECONDS
            )
            answer: dict[str, Any] = json.loads(message.data)
        except nats.errors.NoRespondersError:
            raise NotReachedError(
                f"the instance {instance} is gone, or runs with --fleet-control off"
            ) from None
        except TROUBLE:
            raise NotReachedError(
                f"the instance {instance} did not answer in {ANSWER_SECONDS:g} s;"
                " it may have done it all the same"
            ) from None
        except ValueError:
            raise NotReachedError(f"the instance {instance} answered nonsense") from None
        if "error" in answer:
            raise NotReachedError(f"the instance {instance}: {answer['error']}")
        return answer


async def fetch(remote: Remote, origin: tuple[str, str, int]) -> tuple[bytes, bytes, bytes] | None:
    """What an instance has of a frame: payload, content, what was sent; None if it has none."""
    instance, capture, number = origin
    request = {"capture": capture, "frame": number}
    data = b""
    while True:
        try:
            answer = await remote.read(instance, request | {"offset": len(data)})
            a, b, c = map(int, answer["lengths"])
            part = base64.b64decode(answer["data"])
        except (NotReachedError, KeyError, TypeError, ValueError):
            return None
        data += part
        if len(data) >= a + b + c or not part or len(data) > MAX_FETCHED:
            return data[:a], data[a : a + b], data[a + b :]


class RemoteConnection:
    """An open connection of an instance (web.interfaces.SteeredConnection)."""

    def __init__(
        self, remote: Remote, connection: ConnectionRecord, origin: tuple[str, str, int]
    ) -> None:
        """`origin`: the instance, its capture, and the connection's number there."""
        self.connection = connection
        self._remote = remote
        self.origin = origin

    def inject(
        self, direction: Direction, opcode: int, content: bytes, cause: str
    ) -> Awaitable[None]:
        """Send a message that no peer sent."""
        if len(content) > MAX_CONTENT:
            raise NotReachedError(f"a view can inject {MAX_CONTENT} bytes, not {len(content)}")
        text = base64.b64encode(content).decode()
        return self._do("inject", cause, direction=int(direction), opcode=opcode, content=text)

    def close(self, code: int, reason: str, cause: str) -> Awaitable[None]:
        """Send Close to both peers."""
        return self._do("close", cause, code=code, reason=reason)

    def reset(self, cause: str) -> Awaitable[None]:
        """Cut both sockets off."""
        return self._do("reset", cause)

    def pause(self, direction: Direction, paused: bool) -> Awaitable[None]:
        """Read nothing from the sender of a direction, or go on."""
        return self._do("pause", "view", direction=int(direction), paused=paused)

    async def _do(self, do: str, cause: str, **more: object) -> None:
        instance, capture, number = self.origin
        request = {"do": do, "capture": capture, "connection": number, "cause": cause, **more}
        await self._remote.ask(instance, request)
