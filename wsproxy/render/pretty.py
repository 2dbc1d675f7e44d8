"""Records as lines for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from wsproxy.model.records import ConnectionRecord, FaultRecord, FrameRecord, MessageRecord
from wsproxy.payloads.sayings import Said
from wsproxy.protocol.close import close_code_name, parse_close
from wsproxy.protocol.frames import Opcode, opcode_name
from wsproxy.render.difference import excerpts
from wsproxy.render.style import Colour, styled
from wsproxy.render.text import ALL, PREVIEW, preview, printable

_COLOURS: dict[str, Colour] = {
    "TEXT": "green", "BINARY": "cyan", "CLOSE": "magenta", "PING": "blue", "PONG": "blue",
}  # fmt: skip

When = Callable[[float], str]
"""How a time is shown."""


def clock(time: float) -> str:
    """`12:00:01.123`, local time."""
    return datetime.fromtimestamp(time).strftime("%H:%M:%S.%f")[:-3]


def date_and_clock(time: float) -> str:
    """`2024-05-17 12:00:01.123`, local time."""
    return f"{datetime.fromtimestamp(time).date()} {clock(time)}"


def since(start: float) -> When:
    """Times as seconds since `start`: `+1.234`."""
    return lambda time: f"{time - start:+.3f}"


def frame_line(
    record: FrameRecord,
    message: MessageRecord | None = None,
    *,
    colour: bool = False,
    said: Said | None = None,
    width: int = PREVIEW,
    when: When = clock,
) -> str:
    """One frame. `message` is the record of the message that the frame ends, if there is one.

    `said` is what decoders make of it, `width` how many characters of that or of the payload are
    shown (0: all).
    """
    frame = record.frame
    name = _label(frame.opcode)
    parts = [
        _dim(when(record.time), colour),
        f"#{record.connection_id}",
        record.direction.arrow,
        styled(name, _COLOURS.get(name, "yellow")) if colour else name,
    ]
    bits = ("fin", "rsv1", "rsv2", "rsv3")
    parts += [bit for bit in bits if getattr(frame, bit)]
    if frame.masking_key is not None:
        parts.append(f"mask={frame.masking_key.hex()}")
    whole = message if frame.fin else None
    if frame.received >= 0:
        inflated = (
            f" ({whole.content_length})" if whole and whole.compressed and not whole.opaque else ""
        )
        parts.append(f"len={frame.payload_length}{inflated}")
    return " ".join([*parts, *words_of(record, message, said, width=width, colour=colour)])


def words_of(
    record: FrameRecord,
    message: MessageRecord | None,
    said: Said | None,
    *,
    width: int = PREVIEW,
    colour: bool = False,
) -> list[str]:
    """What stands behind a frame's header: what it says, and what is out of the ordinary."""
    frame = record.frame
    whole = message if frame.fin else None
    parts = [] if record.origin is None else [f"[by {record.origin}]"]
    words = _decoded(said, width) or _said(record, whole, width)
    if words:
        parts.append(words)
    parts += _latency(said)
    if whole is not None:
        parts += _verdict(whole, colour)
    if frame.payload_cut:
        parts.append(_warn(f"[{len(frame.payload)} bytes kept]", colour))
    return parts + [
        _warn(
            f"! {violation.rule} ({violation.section}, {violation.side.value}): {violation.text}",
            colour,
        )
        for violation in record.violations
    ]


def message_line(
    record: FrameRecord,
    message: MessageRecord | None = None,
    *,
    colour: bool = False,
    said: Said | None = None,
    width: int = PREVIEW,
    when: When = clock,
) -> str:
    """One message, by the frame that ends it; `said` and `width` as for `frame_line`."""
    if message is None:
        return frame_line(record, colour=colour, said=said, width=width, when=when)
    frame = record.frame
    opcode = message.opcode if not message.opaque else Opcode.BINARY
    name = _label(message.opcode)
    inflated = f" ({message.content_length})" if message.compressed and not message.opaque else ""
    parts = [
        _dim(when(message.time), colour),
        f"#{record.connection_id}",
        record.direction.arrow,
        styled(name, _COLOURS.get(name, "yellow")) if colour else name,
        f"len={message.payload_length}{inflated}",
        _decoded(said, width)
        or preview(opcode, message.content, length=message.content_length, limit=width or ALL),
        *_latency(said),
    ]
    if frame.opcode == Opcode.CONTINUATION:
        parts.insert(4, "fragmented")
    return " ".join([*filter(None, parts), *_verdict(message, colour)])


def fault_line(record: FaultRecord, *, colour: bool = False, when: When = clock) -> str:
    """One strike of a fault."""
    type_ = f" ({record.type})" if record.type != record.name else ""
    parts = [
        _dim(when(record.time), colour),
        f"#{record.connection_id}",
        "--" if record.direction is None else record.direction.arrow,
        _warn(f"FAULT {printable(record.name)}{type_}", colour),
        *([f"message {record.message}"] if record.message is not None else []),
        printable(record.detail),
    ]
    if record.before or record.after:
        before, after = excerpts(record.before, record.after)
        parts.append(f"{before or 'nothing'} => {after or 'nothing'}")
    return " ".join(parts)


def connection_lines(
    connection: ConnectionRecord, *, colour: bool = False, when: When = clock
) -> list[str]:
    """What is new about a connection: that it opened, or how it ended."""
    end = connection.end
    if end is None and connection.status is None:
        return []  # the upstream has not answered yet
    head = f"#{connection.id}"
    at = [f"at {printable(connection.instance)}"] if connection.instance else []
    at += [f"route={printable(connection.route)}"] if connection.route else []
    client = [*at, connection.client, printable(connection.target)]
    if end is None:
        parts = [_dim(when(connection.opened), colour), head, "open", *client]
        parts += [f"protocol={printable(connection.subprotocol)}"] if connection.subprotocol else []
        parts += [f"[{printable(connection.extensions)}]"] if connection.extensions else []
        return [" ".join(parts)]
    never_open = end.how in ("refused", "failed")
    words = ended(connection) if end.how == "closed" else _warn(ended(connection), colour)
    time = _dim(when(connection.closed or connection.opened), colour)
    return [" ".join([time, head, *(client if never_open else []), words])]


def duration(seconds: float) -> str:
    """`85 ms`, `1.50 s`."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.{0 if seconds >= 0.01 else 1}f} ms"


def handshake_lines(connection: ConnectionRecord) -> list[str]:
    """Both headers of the opening handshake: `>` of the client's, `<` of the answer's."""
    head = f"#{connection.id}"
    asked = [f"{name}: {value}" for name, value in connection.request_headers]
    answered = [f"{name}: {value}" for name, value in connection.response_headers]
    lines = [f"{head} > {printable(line)}" for line in (f"GET {connection.target}", *asked)]
    if connection.status is not None:
        status = f"{connection.status} {connection.reason}".rstrip()
        lines += [f"{head} < {printable(line)}" for line in (status, *answered)]
    return lines


def ending_lines(connection: ConnectionRecord, when: When = clock) -> list[str]:
    """Each step of its end: `#3 ! 12:00:01.123 FIN by client`."""
    return [
        f"#{connection.id} ! {when(ending.time)} {ending.what} by {printable(ending.by)}"
        for ending in connection.endings
    ]


def ended(connection: ConnectionRecord) -> str:
    """How a connection ended, in words."""
    end = connection.end
    if end is None:
        return "open"
    by = f" by {end.by}" if end.by else ""
    reason = f" {printable(end.reason)}" if end.reason else ""
    if end.how == "failed":
        return f"failed:{reason} (wsproxy answered {end.code})"
    if end.how == "refused":
        answer = f" {end.code}" if end.code is not None else " no answer"
        return f"refused{by}:{answer}{reason} to {printable(connection.upstream_url)}"
    code = f" {end.code} {close_code_name(end.code)}" if end.code is not None else ""
    return f"{end.how}{by}{code}{reason}"


def _decoded(said: Said | None, width: int) -> str:
    if said is None or said.plain:
        return ""
    line = said.line
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def _latency(said: Said | None) -> list[str]:
    if said is None or said.latency is None:
        return []
    return [duration(said.latency)]


def _said(record: FrameRecord, message: MessageRecord | None, width: int) -> str:
    frame = record.frame
    if frame.opcode == Opcode.CLOSE:
        code, reason = parse_close(frame.payload)
        if code is None:
            return ""
        return f"{code} {close_code_name(code)}" + (f" {printable(reason)}" if reason else "")
    if message is not None and message.compressed and not message.opaque:
        length = message.content_length
        return preview(message.opcode, message.content, length=length, limit=width or ALL)
    opcode = frame.opcode
    if opcode in (Opcode.CONTINUATION, Opcode.PING, Opcode.PONG) and frame.payload.isascii():
        opcode = Opcode.TEXT
    if frame.rsv1:
        opcode = Opcode.BINARY  # compressed: the message's last frame shows what it says
    length = max(frame.payload_length, 0)
    return preview(opcode, frame.payload, length=length, limit=width or ALL)


def _verdict(message: MessageRecord, colour: bool) -> list[str]:
    if message.verdict == "relayed":
        return []
    by = f" by {message.cause}" if message.cause else ""
    parts = [_warn(f"[{message.verdict}{by}]", colour)]
    if message.sent is not None:
        parts.append(f"=> {preview(message.opcode, message.sent)}")
    return parts


def _label(opcode: int) -> str:
    if opcode == Opcode.CONTINUATION:
        return "CONT"
    name = opcode_name(opcode)
    return name if name.startswith("0x") else name.upper()


def _dim(text: str, colour: bool) -> str:
    return styled(text, "dim") if colour else text


def _warn(text: str, colour: bool) -> str:
    return styled(text, "red") if colour else text
