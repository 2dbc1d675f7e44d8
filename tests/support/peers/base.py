"""What the adapters have in common."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar

from tests.support.conversation import (
    Event,
    Heard,
    Message,
    Ping,
    Say,
    SayInPieces,
    Step,
)

PATIENCE = 30.0
"""Seconds that anything may take before a test gives up on it."""


class Client(ABC):
    """A client library at work on one connection."""

    name: ClassVar[str]
    compresses: ClassVar[bool] = True
    """Whether the library has permessage-deflate."""
    fragments: ClassVar[bool] = True
    """Whether the library has any way to send a message in pieces."""

    @abstractmethod
    async def connect(self, url: str, *, compress: bool) -> Heard:
        """Open a connection; return a transcript with the server's handshake."""

    @abstractmethod
    async def say(self, message: Message) -> None: ...

    async def say_in_pieces(self, step: SayInPieces) -> None:
        raise NotImplementedError

    @abstractmethod
    async def ping(self, payload: bytes) -> None: ...

    @abstractmethod
    async def receive(self) -> Event:
        """What comes next: a message, a ping (which is answered), a pong or the Close."""

    @abstractmethod
    async def close(self, code: int, reason: str) -> Event:
        """Close; return the server's answer as the library tells it."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Leave nothing open, whatever happened."""

    async def take(self, step: Step) -> None:
        """Take a step of the conversation."""
        match step:
            case Say(message):
                await self.say(message)
            case SayInPieces():
                await self.say_in_pieces(step)
            case Ping(payload):
                await self.ping(payload)
            case _:
                raise AssertionError(f"no client begins with {step}")


class Server(ABC):
    """A server library that listens on a free port of 127.0.0.1."""

    name: ClassVar[str]
    url = ""
    """Without a path; known once it has started."""

    def __init__(self) -> None:
        self.ended: asyncio.Queue[Heard] = asyncio.Queue()
        """A transcript for each connection that has ended."""

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None: ...

    async def heard(self) -> Heard:
        """The transcript of the next connection that ends."""
        return await asyncio.wait_for(self.ended.get(), PATIENCE)
