"""The recorded client plays, and the answers are compared."""

from __future__ import annotations

from wsproxy.clock import LoopClock
from wsproxy.replay.client import How, play
from wsproxy.replay.diff import Comparison, compare
from wsproxy.replay.said import Talk
from wsproxy.replay.volatile import Ignored


async def replay(
    talks: list[Talk], how: How, ignored: Ignored, *, later: float | None = None
) -> Comparison:
    """Play the client of `talks` against the server of `how`; what it answers is the second side.

    What is `ignored` does not count, and answers that took `later` seconds longer do; None: no
    time does. Raises WsproxyError if the server cannot be reached, ValueError for a JSONPath of
    `how` that is not one.
    """
    talks = [talk for talk in talks if talk.messages or talk.connection.status == 101]
    return compare(talks, await play(talks, how, LoopClock()), ignored, later=later)
