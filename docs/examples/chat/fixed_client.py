"""The same client with the three bugs mended."""

from __future__ import annotations

import asyncio
from typing import Any

from chat_client import ChatClient, ChatError

PATIENCE = 1.0
"""Seconds that an answer may take."""


class FixedChatClient(ChatClient):
    """What the tests of test_chat.py ask for."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, name)
        self._numbers: set[int] = set()

    async def _answer(self, answered: asyncio.Future[None]) -> None:
        try:
            await asyncio.wait_for(answered, PATIENCE)
        except TimeoutError:
            raise ChatError(f"no answer within {PATIENCE:g} s") from None

    async def _back_again(self) -> None:
        for message, _ in list(self._waiting.values()):
            await self._socket.send_json(message)  # the server knows what it had already

    def _show(self, message: dict[str, Any]) -> None:
        if message["number"] not in self._numbers:
            self._numbers.add(message["number"])
            super()._show(message)
