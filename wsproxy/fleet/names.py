"""What things of a fleet are called in NATS. docs/fleet.md lists them for permissions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wsproxy.errors import WsproxyError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_name(text: str, what: str) -> str:
    """A name of a fleet or an instance; raises WsproxyError for one that NATS cannot have."""
    if not _NAME.fullmatch(text):
        raise WsproxyError(
            f"{text!r} cannot be the name of {what}:"
            " up to 64 letters, digits, dashes and underscores can"
        )
    return text


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one fleet's things."""

    fleet: str

    @property
    def stream(self) -> str:
        return f"wsproxy_{self.fleet}"

    @property
    def subjects(self) -> list[str]:
        """What the stream keeps."""
        return [self.blocks("*"), self.events("*")]

    @property
    def instances(self) -> str:
        """The bucket where each instance says how it is."""
        return f"wsproxy_{self.fleet}_instances"

    @property
    def control(self) -> str:
        """The bucket of what shall be in force."""
        return f"wsproxy_{self.fleet}_control"

    def blocks(self, instance: str) -> str:
        """Where an instance sends what its capture holds."""
        return f"wsproxy.{self.fleet}.{instance}.block"

    def events(self, who: str) -> str:
        """Where somebody says what they changed."""
        return f"wsproxy.{self.fleet}.{who}.event"

    def requests(self, instance: str) -> str:
        """Where an instance listens for what it shall do with a connection."""
        return f"wsproxy.{self.fleet}.{instance}.do"

    def reads(self, instance: str) -> str:
        """Where an instance listens for who wants to read what it kept to itself."""
        return f"wsproxy.{self.fleet}.{instance}.read"

    def beats(self, instance: str) -> str:
        """Where an instance says, beside its bucket, how it is."""
        return f"wsproxy.{self.fleet}.{instance}.beat"

    @property
    def nudge(self) -> str:
        """Where instances hear that the control bucket has changed."""
        return f"wsproxy.{self.fleet}.control"


def instance_of(subject: str) -> str:
    """The instance that a subject of the stream names."""
    return subject.split(".")[2]
