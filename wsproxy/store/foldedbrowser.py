"""Browsing a folded capture: what instances kept to themselves is fetched when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from wsproxy.filters.subject import is_cut
from wsproxy.model.queries import Seen
from wsproxy.payloads.rules import DecodeRule
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.folding import Origin

Bytes = tuple[bytes, bytes, bytes]
"""A frame's payload; the content of the message that it ends, and what was sent in its place."""


class FoldedBrowser(CaptureBrowser):
    """A CaptureBrowser that asks for what it lacks."""

    def __init__(
        self, path: Path, rules: Sequence[DecodeRule], fetch: Callable[[Origin], Bytes | None]
    ) -> None:
        """`fetch` may block; None where it cannot be had. Raises CaptureError."""
        super().__init__(path, rules)
        self._fetch = fetch

    def frame(self, frame_id: int) -> Seen | None:
        """One frame, whole."""
        seen = super().frame(frame_id)
        if seen is None or not is_cut(seen.record, seen.message):
            return seen
        row = self._db.execute(
            "SELECT instance, capture, source_first_id + ? - first_id FROM fleet_block"
            " JOIN fleet_source ON fleet_source.id = source"
            " WHERE first_id <= ? ORDER BY first_id DESC LIMIT 1",
            (frame_id, frame_id),
        ).fetchone()
        found = self._fetch(Origin(*row)) if row is not None else None
        if found is None:
            return seen
        payload, content, sent = found
        record = seen.record._replace(frame=seen.record.frame._replace(payload=payload))
        message = seen.message
        if message is not None:
            sent_now = sent if message.sent is not None else None
            message = replace(message, content=content, sent=sent_now)
        return seen._replace(record=record, message=message)
