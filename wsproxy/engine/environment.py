"""What every connection of a proxy shares."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wsproxy.engine.server import Limits
from wsproxy.engine.upstream import Upstream
from wsproxy.faults.refusals import Refusal
from wsproxy.model.records import ConnectionRecord, Direction, FaultRecord
from wsproxy.protocol.secrets import Mask
from wsproxy.relay.holding import HoldBudget
from wsproxy.relay.http_hooks import HttpHooks
from wsproxy.relay.interfaces import Clock, Interception, LiveConnection, Recorder
from wsproxy.relay.journal import Journal
from wsproxy.relay.parts import Faults


class FaultSource(Protocol):
    """Where the faults of a connection come from (`faults.control.FaultSet`)."""

    def chain(
        self,
        connection: ConnectionRecord,
        direction: Direction,
        record: Callable[[FaultRecord], None],
    ) -> Faults:
        """The faults of one direction; `record` is told of every strike."""

    def refusal(
        self, connection: ConnectionRecord, record: Callable[[FaultRecord], None]
    ) -> Refusal | None:
        """What to do with an opening handshake instead of relaying it."""

    def subscribe(self, live: LiveConnection) -> None:
        """Call `live.reconsider` when faults change, until `unsubscribe`."""

    def unsubscribe(self, live: LiveConnection) -> None:
        """Undo subscribe."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What every connection of a proxy shares."""

    upstream: Upstream
    tls: Callable[[], ssl.SSLContext]
    """What servers that speak TLS are verified with."""
    recorder: Recorder
    journal: Journal
    clock: Clock
    max_payload: int
    max_http_body: int
    """Bytes that are recorded of each body of plain HTTP."""
    limits: Limits
    interceptions: Sequence[Interception] = ()
    faults: FaultSource | None = None
    hooks: HttpHooks | None = None
    budget: HoldBudget = field(default_factory=HoldBudget)
    instance: str = ""
    """Our name in a fleet."""
    mask: Mask = field(default_factory=Mask)
    """Takes secrets out of all that is recorded or logged; what is relayed keeps them."""
