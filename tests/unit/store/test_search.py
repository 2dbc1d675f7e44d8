"""Searching blocks as bytes finds what a look at every frame finds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.big import START, StillClock
from tests.support.recording import Recording
from wsproxy.faults.registry import strike_marks
from wsproxy.filters.language import parse
from wsproxy.filters.regex import Regex
from wsproxy.filters.subject import subject_of
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Query
from wsproxy.model.records import ConnectionRecord, Direction, FaultRecord, MessageRecord
from wsproxy.protocol.deflate import DeflateParameters, Deflater
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.store import bytesearch
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.bytesearch import matching, spans_of
from wsproxy.store.reader import Capture

DOWN = Direction.DOWNSTREAM


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plain, compressed, fragmented, cut, wrong, changed and struck messages."""
    path = tmp_path_factory.mktemp("capture") / "marked.wsproxy"
    chance = random.Random(7692)
    recorder = Recording(path, 1 << 40, clock=StillClock(), call_soon=lambda _: None)  # type: ignore[arg-type]
    for number in (1, 2):
        record = ConnectionRecord(number, START, f"c:{number}", "ws://up", f"/{number}", [], 101)
        record.instance, record.route = ("", "east")[number - 1], ("8080", "8090")[number - 1]
        recorder.connection_changed(record)
    deflate = NegotiatedExtensions(DeflateParameters())
    decoders = {1: StreamDecoder(1, DOWN, max_payload=40), 2: StreamDecoder(2, DOWN, deflate)}
    deflater = Deflater()
    counts = {1: 0, 2: 0}
    for n in range(800):
        number = chance.choice((1, 2))
        content = b"say %d " % n + b"x" * chance.choice((0, 0, 60))
        kind = chance.random()
        if kind < 0.1:
            wire = make_frame(9, b"ping %d" % n).wire
        else:
            counts[number] += 1
            if kind < 0.2:
                wire = make_frame(1, content, fin=False).wire + make_frame(0, b"rest").wire
                content += b"rest"
            elif kind < 0.3:
                wire = make_frame(1, content + b"\xff").wire
            elif number == 2 and kind < 0.7:
                wire = make_frame(1, deflater.message(content), rsv1=True).wire
            else:
                wire = make_frame(2, content).wire
        time = START + n
        recorder.journal.chunks.append((decoders[number], time, wire))
        if kind > 0.9:
            late = chance.choice(("latency", "drop"))
            recorder.journal.add_fault(
                FaultRecord(number, DOWN, time, "f", late, counts[number], "said")
            )
        elif kind > 0.8:
            recorder.journal.out.add_message(
                MessageRecord(
                    number, DOWN, counts[number], time, 2, content, len(content), len(content),
                    verdict=chance.choice(("changed", "dropped")), sent=b"other",
                )
            )  # fmt: skip
        if n % 40 == 7 and kind >= 0.1:
            text = chance.choice(("", "look at this"))
            note = NoteRecord(number, DOWN, counts[number], text, chance.random() < 0.7)
            recorder.journal.add_note(note)
        if n % 50 == 49:
            recorder.flush()
    recorder.close()
    return path


def _brute(path: Path, filter_: str) -> list[int]:
    capture = Capture(path)
    matches = parse(filter_).matches
    connections = {connection.id: connection for connection in capture.connections()}
    found = []
    for seen in capture.seen():
        record = seen.record
        marks = strike_marks(seen.faults)
        if matches(
            subject_of(record, seen.message, connections[record.connection_id], marks, seen.note)
        ):
            found.append(seen.id)
    capture.close()
    return found


@pytest.mark.parametrize(
    "source",
    [
        "say",
        "~b 'say [0-9]*5 '",
        "~b ^rest",
        "~b 'x$'",
        "~b say.*x",
        "~b '[^z]+rest'",
        r"~b \xff",
        "~b ping",
        "~changed",
        "! ~changed & ~b say",
        "~dropped | ~delayed",
        "~faulted & ~b 7",
        "~delayed",
        "~violation",
        "~rule utf8",
        "! ~violation ~b say",
        "~cut",
        "~cut & ! ~compressed",
        "~compressed",
        "! ~compressed",
        "~text",
        "! ~text & ~data",
        "~size >30",
        "~size <=9 | ~size =70",
        "~cont",
        "~conn 2 & ~b 'say 1'",
        "~u /1 & ~b rest",
        "~json $.x",
        "~fin & ! ~ping",
        "~marked",
        "! ~marked & ~conn 2",
        "~note look",
        "~note . & ! ~marked",
        "~route 8090",
        "! ~instance east & ~b say",
    ],
)
def test_a_search_finds_what_a_look_at_every_frame_finds(marked: Path, source: str) -> None:
    browser = CaptureBrowser(marked)
    page = browser.page(Query(filter=source), limit=10_000, budget=60)
    assert page.complete
    assert [seen.id for seen in page.rows] == _brute(marked, source)
    browser.close()


def _found(source: str, payloads: list[bytes], wanted: bytes | None = None) -> list[int]:
    data = b"".join(b"\x81\x7d" + payload for payload in payloads)
    spans = spans_of(0, [2] * len(payloads), [len(payload) + 2 for payload in payloads])
    flags = wanted if wanted is not None else b"\x01" * len(payloads)
    return list(matching(Regex(source), data, spans, flags, lambda: None))


@pytest.mark.parametrize("piece", [10, 100, 1 << 20])
@pytest.mark.parametrize(
    "source",
    [
        *("a", "a+b", "b.*a", "^a", "b$", r"\bab", "[^c]*", "x*", "}", r"\x81", "a|}b", "ca"),
        *("^ab$", "^a.*}$", r"\bab\b", r"\Aa.\z", "^a|b", "a|b$", "[^a]b$", "(^a)b", "^", "^a*$"),
        *("(?i)^A", r"a\b|c", "^[^a]+b"),
    ],
)
def test_hits_are_those_within_payloads(
    monkeypatch: pytest.MonkeyPatch, source: str, piece: int
) -> None:
    monkeypatch.setattr(bytesearch, "PIECE", piece)
    draw = random.Random(source)
    payloads = [bytes(draw.choices(b"abc }", k=draw.randrange(6))) for _ in range(400)]
    regex = Regex(source)
    wanted = bytes(draw.choices((0, 1), (1, 4), k=400))
    expected = [i for i, data in enumerate(payloads) if wanted[i] and regex.found_in(data)]
    assert _found(source, payloads, wanted) == expected


def test_hits_that_run_on_cost_no_more_than_a_few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = 0
    regex = Regex(r"\x01[\x00-\xff]*z")

    class Counted:
        def search(self, data: bytes, pos: int = 0, endpos: int | None = None) -> object:
            nonlocal scanned
            scanned += (len(data) if endpos is None else endpos) - pos
            return compiled.search(data, pos, endpos)

    compiled = regex.compiled
    regex.compiled = Counted()
    payloads = [b"\x01" + b"a" * 50] * 8000 + [b"z"]
    data = b"".join(b"\x81\x7d" + payload for payload in payloads)
    spans = spans_of(0, [2] * len(payloads), [len(payload) + 2 for payload in payloads])
    assert list(matching(regex, data, spans, b"\x01" * len(payloads), lambda: None)) == []
    assert scanned < 20 * (len(data) + bytesearch.PIECE)
