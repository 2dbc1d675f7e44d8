"""Recordings that play in tests: what the fixtures wsproxy_replay and wsproxy_serve give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wsproxy.captures.opening import opened
from wsproxy.replay.client import How
from wsproxy.replay.compared import replay
from wsproxy.replay.diff import Comparison
from wsproxy.replay.said import Talk, talks_of
from wsproxy.replay.server import ReplayServer
from wsproxy.replay.volatile import Ignored
from wsproxy.testing.proxy import LoopThread


def replayed(
    thread: LoopThread,
    capture: str | Path,
    to: object,
    *,
    speed: float | None = 1.0,
    carry: Sequence[str] = (),
    headers: Sequence[tuple[str, str]] = (),
    ignore: Sequence[str] = (),
    guess: bool = True,
    patience: float = 10.0,
) -> Comparison:
    """Play the recorded client against a server, and compare; `speed` None: without pauses."""
    how = How(str(to), speed, [*headers], carry, patience)
    work = replay(_talks(capture), how, Ignored(ignore, guess=guess))
    return thread.submit(work).result()


class Served:
    """A recorded server that plays."""

    def __init__(
        self,
        thread: LoopThread,
        capture: str | Path,
        *,
        speed: float | None = 1.0,
        loop: bool = False,
        strict: bool = False,
    ) -> None:
        self._thread = thread
        self._server = ReplayServer(_talks(capture), speed=speed, loop=loop, strict=strict)
        port = thread.submit(self._server.start("127.0.0.1", 0)).result()
        self.url = f"ws://127.0.0.1:{port}"

    @property
    def unmatched(self) -> list[str]:
        """What clients said that the recording has no answer to, in words."""
        return list(self._server.unmatched)

    def close(self) -> None:
        """End it."""
        self._thread.submit(self._server.stop()).result()


def _talks(capture: str | Path) -> list[Talk]:
    with opened(Path(capture)) as reader:
        return [*talks_of(reader)]
