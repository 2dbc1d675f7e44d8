"""refuse: an opening handshake that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import DURATION, attribute, choice, whole
from wsproxy.faults.base import Fault, Scope
from wsproxy.text.units import show_duration


@dataclass(frozen=True)
class Refuse(Fault):
    """Refuses upgrades, or lets them wait.

    The client gets an HTTP answer with `status` instead of 101, or the true answer `delay` late,
    or none as long as it waits; the upstream hears nothing of a refused handshake. Conditions
    count handshakes; `after` and `for` count from when the fault was added.
    """

    type: ClassVar[str] = "refuse"
    example: ClassVar[str] = "refuse:answer=status,status=503,first=2"
    scope: ClassVar[Scope] = Scope.UPGRADES

    answer: str = attribute(
        choice("status", "late", "never"), "What the client gets instead of the answer.", "status"
    )
    status: int = attribute(whole(400, 599), "The HTTP status, where `answer` is status.", 503)
    delay: float = attribute(DURATION, "How late the answer comes.", 0.0)

    def explain(self) -> str:
        late = f" after {show_duration(self.delay)}" if self.delay else ""
        if self.answer == "never":
            return "never answers opening handshakes"
        if self.answer == "late":
            return f"lets opening handshakes go on{late}"
        return f"answers opening handshakes with {self.status}{late}"

    def check(self) -> None:
        if self.answer == "late" and not self.delay:
            raise ValueError("answer late needs a delay, for instance delay=5s")
