"""Which script changed a message: mitmproxy does not say."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import mitmproxy
from mitmproxy.http import HTTPFlow
from mitmproxy.websocket import WebSocketMessage

CAUSE = "addon"

_MITMPROXY = str(Path(mitmproxy.__file__).parent)
_AUTHOR = "changed_by_script"

Hook = Callable[..., Awaitable[None] | None]


def script_of(hook: Callable[..., Any]) -> str | None:
    """The name of the file that a hook stands in; None for one of mitmproxy's own addons."""
    code = getattr(hook, "__code__", None)
    if code is None or code.co_filename.startswith(_MITMPROXY):
        return None
    return Path(code.co_filename).name


def noting_author(hook: Hook, script: str) -> Hook:
    """`hook` as it is, and the message that it changes remembers `script`."""

    @functools.wraps(hook)
    def noting(flow: HTTPFlow) -> Awaitable[None] | None:
        if flow.websocket is None or not flow.websocket.messages:
            return hook(flow)
        message = flow.websocket.messages[-1]
        before = message.content, message.dropped
        result = hook(flow)
        if result is not None and inspect.isawaitable(result):
            return _then_note(result, message, before, script)
        _note(message, before, script)
        return result

    return noting


def cause_of(message: WebSocketMessage) -> str:
    """Who decided about a message: `addon greet.py`, or `addon` where that is not known."""
    author = vars(message).get(_AUTHOR)
    return CAUSE if author is None else f"{CAUSE} {author}"


async def _then_note(
    rest: Awaitable[None], message: WebSocketMessage, before: tuple[bytes, bool], script: str
) -> None:
    await rest
    _note(message, before, script)


def _note(message: WebSocketMessage, before: tuple[bytes, bool], script: str) -> None:
    if message.dropped != before[1] or message.content is not before[0]:
        vars(message)[_AUTHOR] = script
