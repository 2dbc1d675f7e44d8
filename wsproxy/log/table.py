"""Frames as a table."""

from __future__ import annotations

from collections.abc import Sequence

from wsproxy.log.printer import Decoding
from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Said
from wsproxy.render.pretty import When, ended
from wsproxy.render.table import FRAME_HEAD, FRAME_WIDTHS, fault_cells, frame_cells, http_cells, row


class Table(Decoding):
    """Rows in columns that stand under each other; made for `log.printer.Printer`'s callers."""

    def __init__(self, *, width: int, when: When, rules: Sequence[DecodeRule] = ()) -> None:
        super().__init__(rules)
        self._width = width
        self._when = when
        # Times with a date are longer.
        room = max(FRAME_WIDTHS[1], len(when(0.0)))
        self._widths = (FRAME_WIDTHS[0], room, *FRAME_WIDTHS[2:])

    def head(self) -> str:
        """What stands above the columns."""
        return row(FRAME_HEAD, self._widths)

    def frame(self, seen: Seen, said: Said | None) -> str:
        """A frame, and what the message says that it ends."""
        return row(frame_cells(seen, said, self._when, self._width), self._widths)

    message = frame

    def fault(self, record: FaultRecord) -> str:
        """A strike of a fault."""
        return row(fault_cells(record, self._when), self._widths)

    def http(self, record: HttpRecord) -> str:
        """A request of plain HTTP and its answer."""
        return row(http_cells(record, self._when), self._widths)

    def connection(self, connection: ConnectionRecord) -> list[str]:
        """How a connection ended; that it opened is no row."""
        if connection.closed is None:
            return []
        when = self._when(connection.closed)
        cells = ["", when, f"#{connection.id}", "", "", "", "", ended(connection)]
        return [row(cells, self._widths)]
