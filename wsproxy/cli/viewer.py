"""Putting together the page over a saved capture: no upstream, and nothing to steer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

from wsproxy.clock import LoopClock
from wsproxy.config import DEFAULT_WEB_PORT
from wsproxy.formats.registry import EXPORT_FORMS
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.notes import NoteRecord
from wsproxy.payloads.rules import DecodeRule
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.notes import keep_note
from wsproxy.store.reader import Capture
from wsproxy.web.beside import Beside
from wsproxy.web.context import Context
from wsproxy.web.feed import Feed
from wsproxy.web.reading import Reading
from wsproxy.web.server import WebServer, page_url
from wsproxy.web.totals import Totals


class Viewer:
    """The page over one capture, from `start` to `stop`."""

    def __init__(
        self,
        capture: Path,
        name: str,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        token: str | None = None,
        rules: Sequence[DecodeRule] = (),
    ) -> None:
        """`capture` is read and has the notes; `name` is what the page calls it.

        `port` None: the usual one, or a free one if that is taken.
        """
        self._capture = capture
        self._name = name
        self._host = host
        self._port = port
        self._token = token or secrets.token_urlsafe(24)
        self._rules = rules
        self.port = 0

    @property
    def page_url(self) -> str:
        """The page, with the token."""
        return page_url(self._host, self.port, self._token)

    async def start(self) -> None:
        """Listen. Raises WsproxyError."""
        Capture(self._capture).close()  # what is wrong with it is said now
        clock, totals = LoopClock(), Totals()
        self._feed = Feed(clock, totals, self._rules)
        reading = Reading(lambda: CaptureBrowser(self._capture, self._rules))
        beside = Beside(self._capture, self._host, EXPORT_FORMS, self._rules)
        ctx = Context(reading, None, totals, clock, self._keep_note, self._name, beside)
        try:
            totals.start_with(await reading(lambda reader: reader.traffic()), count=True)
            self._web = WebServer(ctx, self._feed, self._token, self._host)
            self.port = await self._web.start(
                DEFAULT_WEB_PORT if self._port is None else self._port, or_any=self._port is None
            )
        except BaseException:
            await reading.close()
            raise

    async def stop(self) -> None:
        """Close everything."""
        await self._web.stop()

    async def _keep_note(self, note: NoteRecord) -> None:
        await asyncio.to_thread(keep_note, self._capture, note)
        out = BatchBuilder()
        out.note_records.append(note)
        self._feed.passed(out.build_batch(1))  # so that other pages hear of it
