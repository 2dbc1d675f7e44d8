"""no_pong: a peer that seems dead to whoever pings it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.base import Delivery, Fault, FaultContext, Scope, message_of


@dataclass(frozen=True)
class NoPong(Fault):
    """Swallows pongs.

    Pings arrive and messages flow, but no ping is answered: a peer with a keepalive has to give
    the connection up (many libraries close it with 1011). The direction is the way the pongs go.
    """

    type: ClassVar[str] = "no_pong"
    example: ClassVar[str] = "no_pong:direction=downstream"
    scope: ClassVar[Scope] = Scope.PONGS

    def explain(self) -> str:
        return "swallows pongs"

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        in_flight = message_of(delivery)
        assert delivery is not None
        context.struck("pong swallowed", in_flight, in_flight.content, b"")
        in_flight.drop(context.cause)
        return [delivery]
