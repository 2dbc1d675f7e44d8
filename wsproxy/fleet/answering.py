"""Answering what the fleet asks of an instance, and letting it read what was kept here."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from nats.aio.msg import Msg

from wsproxy.errors import WsproxyError
from wsproxy.model.queries import Seen

PART_BYTES = 384 * 1024
"""Bytes of a frame in one answer: servers take 1 MiB unless told otherwise."""


class GoneError(WsproxyError):
    """What somebody asks for is not there any more."""


async def answer(message: Msg, do: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
    """Answer a request with what `do` says; it may raise GoneError, or ValueError for nonsense."""
    try:
        said = await do(json.loads(message.data))
    except GoneError as error:
        said = {"error": str(error), "gone": True}
    except (WsproxyError, KeyError, TypeError, ValueError) as error:
        said = {"error": f"this cannot be done: {error}"}
    await message.respond(json.dumps(said).encode())


class Shelf:
    """The capture of an instance, for those who may look on: nothing is changed here."""

    def __init__(self, read: Callable[[int], Awaitable[Seen | None]]) -> None:
        """`read` gives a frame of the capture, whole."""
        self._read = read
        self.capture = ""
        """What the fleet knows the capture by: frames have the numbers of one capture."""

    async def asked(self, message: Msg) -> None:
        """Answer somebody who wants a part of a frame."""
        await answer(message, self._frame)

    async def _frame(self, request: dict[str, Any]) -> dict[str, Any]:
        seen = None
        if request["capture"] == self.capture:
            seen = await self._read(int(request["frame"]))
        if seen is None:
            raise GoneError("the capture does not have it any more")
        message = seen.message
        parts = (
            seen.record.frame.payload,
            message.content if message is not None else b"",
            (message.sent or b"") if message is not None else b"",
        )
        offset = int(request["offset"])
        data = b"".join(parts)[offset : offset + PART_BYTES]
        return {"lengths": [len(part) for part in parts], "data": base64.b64encode(data).decode()}
