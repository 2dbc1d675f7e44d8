"""What addons write down: `flow.comment` and `flow.marked` about a connection, and two entries of
`flow.metadata`, set in `websocket_message`, about that message.
"""

from __future__ import annotations

from mitmproxy import http

from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.notes import NoteRecord
from wsproxy.relay.interfaces import LiveConnection

NOTE, MARKED = "wsproxy_note", "wsproxy_marked"


class Notes:
    """Takes the notes of one flow over into the capture."""

    def __init__(self, flow: http.HTTPFlow, live: LiveConnection) -> None:
        self._flow = flow
        self._live = live
        self._known = ("", "")

    def take(self, in_flight: InFlightMessage | None) -> None:
        """Look what is new; `in_flight` is the message that addons were shown last."""
        flow, number = self._flow, self._live.connection.id
        if flow.comment != self._known[0] or flow.marked != self._known[1]:
            self._known = (flow.comment, flow.marked)
            note = NoteRecord(number, None, None, str(flow.comment), bool(flow.marked))
            self._live.add_note(note)
        if not flow.metadata or in_flight is None:
            return
        text, marked = flow.metadata.pop(NOTE, ""), flow.metadata.pop(MARKED, False)
        if (text or marked) and in_flight.number is not None:
            way = in_flight.direction
            note = NoteRecord(number, way, in_flight.number, str(text), bool(marked))
            self._live.add_note(note)
