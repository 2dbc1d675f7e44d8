"""no_pong: a peer that seems dead to whoever pings it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.base import Delivery, Fault, Here, Scope, message_of


@dataclass(frozen=True)
class NoPong(Fault):
    """Swallows pongs.

    Pings arrive and messages flow, but no ping is answered: a peer with a keepalive has to give
    the connection up (many libraries close it with 1011). The stream is the way the pongs go.
    """

    kind: ClassVar[str] = "no_pong"
    example: ClassVar[str] = "no_pong:stream=downstream"
    scope: ClassVar[Scope] = Scope.PONGS

    def explain(self) -> str:
        return "swallows pongs"

    def strike(self, delivery: Delivery | None, here: Here) -> list[Delivery]:
        passing = message_of(delivery)
        assert delivery is not None
        here.struck("pong swallowed", passing, passing.content, b"")
        passing.drop(here.cause)
        return [delivery]
