"""Playing the server: a real client is answered as it was recorded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from wsproxy.errors import WsproxyError
from wsproxy.model.records import Direction
from wsproxy.replay.changes import changes
from wsproxy.replay.said import PAIRS, Said, Talk, said
from wsproxy.replay.volatile import Ignored

MAX_UNMATCHED = 1000
"""Messages without an answer that are remembered; more are counted."""

_UP = Direction.UPSTREAM


@dataclass(slots=True)
class Step:
    """A message of the recorded client (None: that it opened), and what came of it."""

    asked: Said | None
    answers: list[tuple[float, Said]] = field(default_factory=list)
    """Seconds after it, and what the server said."""
    close: tuple[float, int, str] | None = None
    """Seconds after it, and the Close of the server."""
    used: bool = False


def steps_of(talk: Talk) -> list[Step]:
    """What the server said, by what it was said after: the request, or else the message before."""
    opened = Step(None)
    steps = [opened]
    asked: dict[str, Step] = {}
    start = {id(opened): talk.connection.opened}
    for one in talk.messages:
        if one.direction is _UP:
            step = Step(one)
            steps.append(step)
            start[id(step)] = one.time
            if one.asks is not None:
                asked[one.asks] = step
        else:
            step = asked.get(one.answers or "", steps[-1])
            step.answers.append((max(one.time - start[id(step)], 0.0), one))
    end, closed = talk.connection.end, talk.connection.closed
    if end is not None and end.by == "server" and closed is not None:
        last = steps[-1]
        code = end.code if end.how == "closed" and end.code else 1011
        last.close = (max(closed - start[id(last)], 0.0), code, end.reason)
    return steps


class ReplayServer:
    """Answers clients as the recorded server did."""

    def __init__(
        self,
        talks: Iterable[Talk],
        *,
        speed: float | None = 1.0,
        loop: bool = False,
        strict: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`speed` None: no pauses; `strict`: only a message that says the same is answered."""
        self._talks: dict[str, list[Talk]] = defaultdict(list)
        for talk in talks:
            if talk.connection.status in (101, 200, None):
                self._talks[talk.path].append(talk)
        self._served: dict[str, int] = defaultdict(int)
        self._speed = speed
        self._loop = loop
        self._strict = strict
        self._tell = tell
        self._server: Server | None = None
        self.unmatched: list[str] = []
        """What clients said that the recording has no answer to, in words."""
        self.unmatched_count = 0

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port. Raises WsproxyError."""
        names = {talk.connection.subprotocol for talks in self._talks.values() for talk in talks}

        def choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
            return next((name for name in offered if name in names), None)

        try:
            self._server = await serve(
                self._handle, host, port,
                process_request=self._process, select_subprotocol=choose, ssl=tls,
                ping_interval=None,
            )  # fmt: skip
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise WsproxyError(f"cannot listen on {host}:{port}: {reason}") from None
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _process(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        talks = self._talks.get(path)
        if not talks:
            self._miss(f"no connection to {path} was recorded")
            return connection.respond(
                HTTPStatus.NOT_FOUND, f"no connection to {path} was recorded\n"
            )
        if self._strict and not self._loop and self._served[path] >= len(talks):
            self._miss(f"{path} was opened {len(talks)} times in the recording, and now once more")
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "no recording is left\n")
        return None

    async def _handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        path = socket.request.path.partition("?")[0]
        talks = self._talks[path]
        number = self._served[path]
        self._served[path] += 1
        await _Session(socket, steps_of(talks[number % len(talks)]), self).run()

    def miss(self, path: str, one: Said) -> None:
        """A message that nothing recorded is like."""
        self._miss(f"{path}: nothing recorded is like {one.text}")

    def _miss(self, text: str) -> None:
        self.unmatched_count += 1
        if len(self.unmatched) < MAX_UNMATCHED:
            self.unmatched.append(text)
        self._tell(text)

    def match(self, steps: list[Step], one: Said) -> Step | None:
        """The recorded message that a new one is: by what it says, or else by its kind."""
        fresh = [step for step in steps if step.asked is not None and not step.used]
        if not fresh and self._loop:
            for step in steps:
                step.used = False
            fresh = [step for step in steps if step.asked is not None]
        ignored = Ignored()
        for step in fresh:
            asked = step.asked
            if asked and asked.kind == one.kind and not changes(asked, one, ignored):
                return step
        if self._strict:
            return None
        return next((step for step in fresh if step.asked and step.asked.kind == one.kind), None)

    def pause(self, seconds: float) -> float:
        """How long a recorded pause is."""
        return seconds / self._speed if self._speed else 0.0


class _Session:
    """One client."""

    def __init__(self, socket: ServerConnection, steps: list[Step], server: ReplayServer) -> None:
        self._socket = socket
        self._steps = steps
        self._server = server
        self._count = 0

    async def run(self) -> None:
        assert self._socket.request is not None
        path = self._socket.request.path
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.TaskGroup() as group:
                opened = group.create_task(self._answer(self._steps[0], None))
                running = [opened]
                with contextlib.suppress(ConnectionClosed):
                    async for message in self._socket:
                        content = message.encode() if isinstance(message, str) else message
                        opcode = 1 if isinstance(message, str) else 2
                        one = said(self._count, _UP, 0.0, opcode, content)
                        self._count += 1
                        step = self._server.match(self._steps, one)
                        if step is None:
                            self._server.miss(path, one)
                            continue
                        step.used = True
                        running.append(group.create_task(self._answer(step, one)))
                for task in running:
                    task.cancel()

    async def _answer(self, step: Step, one: Said | None) -> None:
        passed = 0.0
        with contextlib.suppress(ConnectionClosed):
            for after, answer in step.answers:
                await asyncio.sleep(self._server.pause(max(after - passed, 0.0)))
                passed = max(after, passed)
                content = self._content(step, one, answer)
                await self._socket.send(
                    content.decode("utf-8", "replace") if answer.opcode == 1 else content
                )
            if step.close is not None:
                after, code, reason = step.close
                await asyncio.sleep(self._server.pause(max(after - passed, 0.0)))
                await self._socket.close(code, reason)

    def _content(self, step: Step, one: Said | None, answer: Said) -> bytes:
        """An answer, with the id under which it was asked now."""
        then = step.asked
        if then is None or one is None or not isinstance(one.value, dict):
            return answer.content
        if then.asks is None or answer.answers != then.asks:
            return answer.content
        return _with_id(answer, then.value, one.value)


def _with_id(answer: Said, then: Any, now: dict[str, Any]) -> bytes:
    """A JSON answer under the id of a request of now, in place of that of then."""
    content, value = answer.content, answer.value
    if not isinstance(value, dict) or not isinstance(then, dict):
        return content
    changed = dict(value)
    for name in PAIRS:
        if name in then and name in now and changed.get(name) == then[name]:
            changed[name] = now[name]
    if changed == value:
        return content
    return json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode()
