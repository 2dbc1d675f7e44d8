"""Packets: retransmitted, reordered, lost."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from tests.support.captured import DOWN, UP, MemoryCapture, Peers, captures, conversation
from tests.unit.formats.test_messages import said
from wsproxy.formats import pcap, pcapng, reassembly
from wsproxy.formats.interfaces import FormatError, Imported
from wsproxy.formats.reassembly import Way
from wsproxy.model.records import FaultRecord, FrameRecord

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")


def talk() -> list[Imported]:
    peers = Peers(conversation(1, deflate=True)).say(UP, "hello").say(DOWN, "x" * 300, cuts=[3])
    return peers.say(UP, b"\x03\xe8", opcode=8).say(DOWN, b"\x03\xe8", opcode=8).items


@pytest.mark.parametrize("form", ["pcapng", "pcap"])
def test_what_was_exported_comes_back(tmp_path: Path, form: str) -> None:
    path = tmp_path / "c.pcapng"
    with path.open("wb") as file:
        pcapng.write(MemoryCapture(talk()), file)
    if form == "pcap":
        subprocess.run(["editcap", "-F", "pcap", path, tmp_path / "c.pcap"], check=True)
        path = tmp_path / "c.pcap"
    with path.open("rb") as file:
        back = MemoryCapture(pcap.read(file))
    before = MemoryCapture(talk())
    assert [seen.record for seen in back.seen()] == [seen.record for seen in before.seen()]
    assert [seen.message for seen in back.seen()] == [seen.message for seen in before.seen()]
    (connection,) = back.connections()
    assert connection.target == "/chat?x=1"
    assert connection.end is not None
    assert (connection.end.how, connection.end.by) == ("closed", "client")


def test_bytes_are_in_order_whatever_order_they_came_in() -> None:
    for seed in range(200):
        generator = random.Random(seed)
        data = generator.randbytes(200)
        start = generator.choice([1, 0xFFFFFFF0])
        pieces = []
        for _ in range(40):
            at = generator.randrange(200)
            pieces.append((at, data[at : at + generator.randrange(1, 30)]))
        pieces += [(at, data[at : at + 10]) for at in range(0, 200, 10)]
        generator.shuffle(pieces)
        way = Way(start)
        got = b"".join(way.add(start + at & 0xFFFFFFFF, piece) for at, piece in pieces)
        assert got == data


def test_many_packets_that_wait_cost_no_look_each(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    distance = reassembly._distance

    def counted(start: int, to: int) -> int:
        nonlocal looks
        looks += 1
        return distance(start, to)

    monkeypatch.setattr(reassembly, "_distance", counted)
    way = Way(0)
    for number in range(300, 0, -1):
        assert way.add(5 * number, b"12345") == b""
    assert way.add(0, b"12345") == b"12345" * 301
    assert looks <= 301
    assert (way.size, way.waiting, way.order) == (0, {}, [])


def test_a_cut_file_is_said(tmp_path: Path) -> None:
    out = io.BytesIO()
    pcapng.write(MemoryCapture(talk()), out)
    path = tmp_path / "cut"
    path.write_bytes(out.getvalue()[:-10])
    with path.open("rb") as file, pytest.raises(FormatError, match="cut off"):
        list(pcap.read(file))
    assert any(isinstance(item, FrameRecord) for item in talk())


def back_from_packets(items: list[Imported]) -> MemoryCapture:
    with tempfile.TemporaryFile() as file:
        pcapng.write(MemoryCapture(items), file)
        file.seek(0)
        return MemoryCapture(pcap.read(file))


def told(capture: MemoryCapture) -> list[object]:
    """Messages and control frames of each connection with all that packets can tell of them."""
    sent = [
        (seen.record.connection_id, seen.record.direction, seen.message.sent, seen.message.cause)
        for seen in sorted(capture.seen(), key=lambda seen: seen.record[:3])
        if seen.message is not None and seen.message.verdict != "relayed"
    ]
    connections = [
        (c.id, c.client, c.upstream_url, c.target, c.status, c.end, c.note, c.marked)
        for c in capture.connections()
    ]
    return [said(capture, control=True), sent, connections]


@settings(max_examples=12, deadline=None, phases=[Phase.generate])  # tshark takes its time
@given(captures(odd=False))
def test_packets_bring_back_what_was_changed_and_noted(items: list[Imported]) -> None:
    assert told(back_from_packets(items)) == told(MemoryCapture(items))


def test_faults_come_back() -> None:
    peers = Peers(conversation(1)).say(UP, "hello")
    fault = FaultRecord(1, UP, peers.time, "slow", "latency", 1, 'late, "very"', b"\xff", b"b")
    assert back_from_packets([*peers.items, fault]).fault_records() == [fault]


def packets_of(items: list[Imported]) -> list[bytes]:
    """The blocks of an export."""
    out = io.BytesIO()
    pcapng.write(MemoryCapture(items), out)
    data, found = out.getvalue(), []
    while data:
        size = int.from_bytes(data[4:8], "little")
        found.append(data[:size])
        data = data[size:]
    return found


def read_blocks(blocks: list[bytes]) -> MemoryCapture:
    with tempfile.TemporaryFile() as file:
        file.writelines(blocks)
        file.seek(0)
        return MemoryCapture(pcap.read(file))


def with_data(blocks: list[bytes]) -> list[int]:
    """Places of the packets that carry frames: they have an id."""
    return [at for at, block in enumerate(blocks) if b"\x05\x00\x08\x00" in block[-24:]]


def long_talk() -> list[Imported]:
    peers = Peers(conversation(1))
    for number in range(20):
        peers.say(UP, f"{number} " + "x" * 100).say(DOWN, f"{number} " + "y" * 100)
    return peers.items


def contents(capture: MemoryCapture) -> list[bytes]:
    return [seen.record.frame.payload for seen in capture.seen()]


def test_retransmission_and_reordering_change_nothing() -> None:
    blocks = packets_of(long_talk())
    places = with_data(blocks)
    for at in places[::3]:
        blocks[at] += blocks[at]  # sent twice
    first, second = places[4], places[6]  # the same direction
    blocks[first], blocks[second] = blocks[second], blocks[first]
    back = read_blocks(blocks)
    assert sorted(contents(back)) == sorted(contents(MemoryCapture(long_talk())))
    assert back.left_out() == {}


def test_what_is_behind_a_lost_packet_is_counted() -> None:
    blocks = packets_of(long_talk())
    del blocks[next(at for at in with_data(blocks) if b"5 yyy" in blocks[at])]
    back = read_blocks(blocks)
    kept = contents(back)
    told = [f"{number} ".encode() + b"y" * 100 for number in range(5)]
    assert [content for content in kept if content.endswith(b"y")] == told
    assert len([content for content in kept if content.endswith(b"x")]) == 20
    (counted,) = back.left_out().values()
    assert [*back.left_out()] == ["packets were lost"]
    assert counted.bytes == sum(2 + len(f"{number} ") + 100 for number in range(6, 20))
