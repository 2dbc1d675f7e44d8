"""What reads bytes of others. Each target takes any bytes, and raises only where wsproxy is wrong.

Hypothesis runs them in CI (test_fuzz.py), atheris by hand for as long as one likes (scripts/fuzz).
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.support.captured import MemoryCapture, conversation
from tests.support.recording import Recording, batch_of, frame_chunks
from tests.unit.payloads.test_robust import PLACES, SEEDS, check
from wsproxy.captures.opening import StoredCapture
from wsproxy.errors import FaultError, ProxyError, WsproxyError
from wsproxy.faults.scenario import parse as parse_scenario
from wsproxy.filters.language import FilterError
from wsproxy.filters.language import parse as parse_filter
from wsproxy.filters.subject import Subject
from wsproxy.formats.interfaces import Imported
from wsproxy.formats.registry import EXPORT_FORMS, FORMS, form_of
from wsproxy.formats.selection import Selection
from wsproxy.formats.wire import frame_bytes
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.payloads.decoded import Facts, Payload
from wsproxy.payloads.registry import FACTORIES
from wsproxy.protocol.deflate import DeflateParameters
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import (
    NegotiatedExtensions,
    check_answer,
    check_request,
    negotiated_extensions,
    parse_extensions,
)
from wsproxy.protocol.secrets import Mask
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.store.folder import INDEX, wire_name

Target = Callable[[bytes], object]

MOST = 4096
"""Bytes of a stream: cutting it everywhere takes its square."""


def frames(data: bytes) -> None:
    """The frame decoder, in both directions: all bytes are on the record, however they were cut."""
    if not data:
        return
    how, data = data[0], data[1 : MOST + 1]
    direction = Direction(how & 1)
    extensions = NegotiatedExtensions(DeflateParameters() if how & 2 else None)
    step = (how >> 2) + 1
    seen = []
    for pieces in ([data], [data[at : at + step] for at in range(0, len(data), step)]):
        decoder = StreamDecoder(1, direction, extensions)
        out = BatchBuilder()
        for piece in pieces:
            rest = decoder.decode(piece, 1.0, out, lambda: False)
            while rest or decoder.unfinished:
                rest = decoder.decode(rest, 1.0, out, lambda: False)
        decoder.eof(1.0, out)
        records = [record for _, record in out.build_batch(1).block.frames()]
        assert b"".join(record.frame.wire for record in records) == data
        seen.append([(r.frame, r.message, r.violations) for r in records])
    assert seen[0] == seen[1]


def handshake(data: bytes) -> None:
    """The headers of an opening handshake."""
    text = data.decode("utf-8", "surrogateescape")
    headers = [(name, value) for name, _, value in (x.partition(":") for x in text.split("\n"))]
    with contextlib.suppress(ProxyError):
        check_request("GET", headers)
    with contextlib.suppress(ProxyError):
        check_answer("x" * 24, headers)
    negotiated_extensions(headers)
    parse_extensions(headers)
    Mask().headers(headers)
    Mask().target(text)


def filters(data: bytes) -> None:
    """The filter language, and what it does to messages that are as odd."""
    text = data.decode("utf-8", "replace")
    try:
        found = parse_filter(text)
    except FilterError as error:
        _one_line(error)
        return
    found.explain()
    for payload in (b"", data, b'{"a": [1, {"b": null}]}'):
        found.matches(Subject(payload=payload, length=len(payload), url=text))


def scenario(data: bytes) -> None:
    """A scenario in YAML."""
    try:
        found = parse_scenario(data.decode("utf-8", "replace"))
    except FaultError as error:
        _one_line(error)
        return
    found.explain()


def _one_line(error: Exception) -> None:
    assert "\n" not in str(error)


def decoders(data: bytes) -> None:
    """Each decoder of payloads: the first byte says which."""
    if not data:
        return
    name = list(FACTORIES)[data[0] % len(FACTORIES)]
    decoder = FACTORIES[name](PLACES.get(name, Facts()))
    for number, content in enumerate(data[1:].split(b"\0\0\0")):
        text = not number & 2
        content = content.decode("utf-8", "replace").encode() if text else content
        check(decoder.feed(Payload(Direction(number & 1), text, content, len(content))))


def imports(data: bytes) -> None:
    """A file of any form."""
    with contextlib.suppress(WsproxyError):
        file = io.BytesIO(data)
        for _ in form_of(file).read()(file):
            pass


def capture(data: bytes) -> None:
    """A capture, parts of which are overwritten: pairs of where (3 bytes) and with what (1 byte)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.wsproxy"
        shutil.copytree(whole_capture(), path)
        files = [path / INDEX, path / wire_name(1)]
        for at in range(0, len(data) - 3, 4):
            file = files[data[at] & 1]
            place = (data[at] >> 1) << 16 | data[at + 1] << 8 | data[at + 2]
            size = file.stat().st_size
            with file.open("r+b") as opened:
                opened.seek(place % size)
                opened.write(data[at + 3 : at + 4])
        with contextlib.suppress(WsproxyError):
            _read_all(path)


def _read_all(path: Path) -> None:
    stored = StoredCapture(path)
    try:
        stored.connections()
        for seen in stored.seen():
            assert frame_bytes(seen.record)  # as exports take it, of a frame that is cut, too
        list(stored.fault_records())
        list(stored.http())
        stored.left_out()
        stored.frame_count()
    finally:
        stored.close()


@cache
def whole_capture() -> Path:
    """A capture with something of everything."""
    path = Path(tempfile.mkdtemp(prefix="wsproxy-fuzz-")) / "whole.wsproxy"
    recording = Recording(path)
    recording.connection_changed(ConnectionRecord(1, 1.0, "c", "ws://u", "/", [], 101))
    decoders_ = [StreamDecoder(1, direction) for direction in Direction]
    for number in range(50):
        for direction in Direction:
            key = b"abcd" if direction is Direction.UPSTREAM else None
            data = make_frame(1, b"number %d" % number, masking_key=key).wire
            data += make_frame(1, b"a", fin=False, masking_key=key).wire
            data += make_frame(0, b"b", masking_key=key).wire
            recording.journal.chunks.append((decoders_[direction], float(number), data))
        recording.flush()
    recording.close()
    return path


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (frames, handshake, filters, scenario, decoders, imports, capture)
}


def exported() -> list[bytes]:
    """The same conversation in every form that can be read again."""
    found = []
    key = b"abcd"
    up, down = Direction
    chunks = frame_chunks(up, make_frame(1, b"hello", masking_key=key).wire)
    chunks += frame_chunks(down, make_frame(1, b"hi").wire, make_frame(8, b"\x03\xe8").wire)
    records = [record for _, record in batch_of(*chunks).block.frames()]
    items: list[Imported] = [conversation(), *records]
    for name, form in EXPORT_FORMS.items():
        if FORMS[name].reads:
            file = io.BytesIO()
            form.write()(MemoryCapture(items), file, Selection())
            found.append(file.getvalue())
    return found


HANDSHAKE = b"""Upgrade: websocket
Connection: keep-alive, Upgrade
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Cookie: a=b; c=d
Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits="10", x; y=1"""

SCENARIO = b"""name: x
seed: 7
faults:
- type: latency
  latency: 1s
  match: ~up
  every: 3
- {type: close, code: 1011, after: 2s, for: 1m, probability: 5%}
"""


def seeds(name: str) -> list[bytes]:
    """What a target takes for good: changed a little, it gets deeper than random bytes."""
    masked = make_frame(1, b"hello", masking_key=b"abcd").wire
    plain = make_frame(1, b"he", fin=False).wire + make_frame(9, b"p").wire
    plain += make_frame(0, b"llo").wire + make_frame(8, b"\x03\xe8bye").wire
    compressed = make_frame(1, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv1=True).wire
    found: dict[str, Callable[[], list[bytes]]] = {
        "frames": lambda: [b"\x00" + masked * 2, b"\x05" + plain, b"\x0b" + compressed + plain],
        "handshake": lambda: [HANDSHAKE],
        "filters": lambda: [
            b'~up & (~b "a+" | ! ~json $.a[0].b == 1) & ~size > 10',
            b"~u /chat & ~proto mqtt & ~kind publish & ~opcode text & ~changed",
        ],
        "scenario": lambda: [SCENARIO],
        "decoders": lambda: [
            bytes([at]) + b"\0\0\0".join(_bytes(content) for _, content in SEEDS.get(known, []))
            for at, known in enumerate(FACTORIES)
        ],
        "imports": exported,
        "capture": lambda: [b"\x00\x00\x64\xff", b"\x01\x00\x10\x00\x00\x20\x00\x41"],
    }
    return found[name]()


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
