"""What a filter is asked about: records and messages in flight, as filters see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord, Direction, FrameRecord, MessageRecord
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.frames import Opcode


@dataclass(slots=True)
class Subject:
    """What a filter looks at: a frame or a message, and the connection it belongs to."""

    opcode: int = Opcode.TEXT
    payload: bytes = b""
    """Inflated, where it was compressed."""
    length: int = 0
    """Bytes on the wire."""
    upstream: bool = True
    """Whether it goes from the client to the server."""
    connection_id: int = 0
    url: str = ""
    """Path and query as the client wrote them."""
    client: str = ""
    instance: str = ""
    """Of a fleet, that the connection went through."""
    route: str = ""
    """The port that the client connected to, where there are several."""
    server: str = ""
    """The URL that the upstream was asked for."""
    request_headers: list[tuple[str, str]] = field(default_factory=list)
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    status: int | None = None
    close_code: int | None = None
    fin: bool = True
    compressed: bool = False
    verdict: str = "relayed"
    rules: tuple[str, ...] = ()
    """Names of the violations."""
    protocols: tuple[str, ...] = ()
    """What decoders make of the message (`payloads.sayings.describe`): the decoders' names, ..."""
    kinds: tuple[str, ...] = ()
    """... what the protocols call its packets, ..."""
    says: tuple[str, ...] = ()
    """... and a line for each packet."""
    waited: float | None = None
    """Seconds that a request waited for its first answer; None for anything else, and while that
    is not known."""
    marks: tuple[str, ...] = ()
    """`delayed` or `faulted` of the faults that struck, `cut`, and `injected` of a frame that no
    peer sent."""
    notes: tuple[str, ...] = ()
    """What somebody wrote down about the message, and about its connection."""
    marked: bool = False
    """Whether one of them is bookmarked."""

    def on(self, connection: ConnectionRecord) -> Self:
        """Add what is known of its connection; returns itself."""
        self.connection_id = connection.id
        self.url = connection.target
        self.client = connection.client
        self.instance = connection.instance
        self.route = connection.route
        self.server = connection.upstream_url
        self.request_headers = connection.request_headers
        self.response_headers = connection.response_headers
        self.status = connection.status
        self.notes += (connection.note,) if connection.note else ()
        self.marked |= connection.marked
        return self


def is_cut(record: FrameRecord, message: MessageRecord | None) -> bool:
    """Whether the record has only a part of the payload, or of the message's content."""
    if message is not None:
        return message.content_length != len(message.content)
    frame = record.frame
    return frame.payload_length != len(frame.payload) or not frame.complete


def subject_of(
    record: FrameRecord,
    message: MessageRecord | None,
    connection: ConnectionRecord | None,
    marks: Sequence[str] = (),
    note: NoteRecord | None = None,
) -> Subject:
    """A frame, or with `message` the message that it ends.

    `marks` are those of the faults that struck it (`faults.registry.strike_mark`), and
    `note` is on the message.
    """
    frame = record.frame
    code = parse_close(frame.payload)[0] if frame.opcode == Opcode.CLOSE else None
    subject = Subject(
        opcode=frame.opcode if message is None else message.opcode,
        payload=frame.payload if message is None else message.content,
        length=frame.payload_length if message is None else message.payload_length,
        upstream=record.direction is Direction.UPSTREAM,
        connection_id=record.connection_id,
        close_code=code,
        fin=frame.fin,
        compressed=message.compressed if message is not None else frame.rsv1,
        verdict=message.verdict if message is not None else "relayed",
        rules=tuple(violation.rule for violation in record.violations),
        marks=(
            *marks,
            *(("injected",) if record.origin is not None else ()),
            *(("cut",) if is_cut(record, message) else ()),
        ),
    )
    if message is not None and message.violations:
        subject.rules += tuple(violation.rule for violation in message.violations)
    if note is not None:
        subject.notes, subject.marked = (note.text,), note.marked
    return subject if connection is None else subject.on(connection)


def subject_of_in_flight(in_flight: InFlightMessage, connection: ConnectionRecord) -> Subject:
    """A message or control frame that is held."""
    close = in_flight.opcode == Opcode.CLOSE
    return Subject(
        opcode=in_flight.opcode,
        payload=in_flight.content,
        length=in_flight.payload_length,
        upstream=in_flight.direction is Direction.UPSTREAM,
        close_code=parse_close(in_flight.content)[0] if close else None,
        compressed=in_flight.compressed,
        verdict=in_flight.verdict,
    ).on(connection)
