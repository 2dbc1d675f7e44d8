"""Packets: retransmitted, reordered, lost."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.captured import DOWN, UP, MemoryCapture, Peers, conversation
from wsproxy.formats import pcap, pcapng
from wsproxy.formats.interfaces import FormatError, Imported
from wsproxy.formats.pcap import _Way
from wsproxy.model.records import FrameRecord

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
        way = _Way(start)
        got = b"".join(way.add(start + at & 0xFFFFFFFF, piece) for at, piece in pieces)
        assert got == data


def test_a_cut_file_is_said(tmp_path: Path) -> None:
    out = io.BytesIO()
    pcapng.write(MemoryCapture(talk()), out)
    path = tmp_path / "cut"
    path.write_bytes(out.getvalue()[:-10])
    with path.open("rb") as file, pytest.raises(FormatError, match="cut off"):
        list(pcap.read(file))
    assert any(isinstance(item, FrameRecord) for item in talk())
