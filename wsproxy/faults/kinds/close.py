"""close: a Close frame out of the blue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import TEXT, attribute, whole
from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of
from wsproxy.model.inflight import InFlightMessage, injected
from wsproxy.protocol.close import close_code_name, encode_close
from wsproxy.protocol.frames import MAX_CONTROL_PAYLOAD, Opcode


@dataclass
class _Said:
    close: bool = False


@dataclass(frozen=True)
class Close(Fault):
    """Sends a Close frame.

    The receiver sees the connection closed with `code` and `reason`, and nothing that was sent
    after that (a message that meets the conditions is the first to be left out). Its answer goes
    on to the other side, which sees its peer closing.
    """

    type: ClassVar[str] = "close"
    example: ClassVar[str] = "close:code=1012,reason=restart,after=5s"
    timed: ClassVar[bool] = True

    code: int = attribute(whole(1000, 4999), "The close code.", 1011)
    reason: str = attribute(TEXT, "The reason.", "")

    def explain(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        return f"sends Close {self.code} {close_code_name(self.code)}{reason}"

    def check(self) -> None:
        if len(encode_close(self.code, self.reason)) > MAX_CONTROL_PAYLOAD:
            raise ValueError("a reason has room for 123 bytes")

    def memory(self) -> _Said:
        return _Said()

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        said: _Said = context.memory
        if said.close and delivery is not None:
            return self.spare(delivery, context)
        said.close = True
        payload = encode_close(self.code, self.reason)
        at = delivery.at if delivery is not None else context.now
        in_flight = message_of(delivery) if delivery is not None else None
        before = in_flight.content if in_flight is not None else b""
        context.struck(f"Close {self.code} sent", in_flight, before, payload)
        close = injected(context.direction, Opcode.CLOSE, payload, context.now, context.cause)
        rest = self.spare(delivery, context) if delivery is not None else []
        return [Delivery(close, at), *rest]

    def spare(self, delivery: Delivery, context: FaultContext) -> list[Delivery]:
        said: _Said = context.memory
        if said.close and isinstance(delivery.what, InFlightMessage):
            delivery.what.drop(context.cause)  # RFC 6455, section 5.5.1: nothing after a Close
        return [delivery]

    def busy(self, context: FaultContext) -> bool:
        said: _Said = context.memory
        return said.close
