"""pcapng, judged by programs of others: tshark, capinfos, python-pcapng."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pcapng import FileScanner  # type: ignore[import-untyped]
from pcapng.blocks import EnhancedPacket  # type: ignore[import-untyped]

from tests.support.captured import DOWN, UP, MemoryCapture, Peers, captures, conversation
from wsproxy.formats import pcapng
from wsproxy.formats.interfaces import Imported
from wsproxy.formats.selection import EVERYTHING, Selection
from wsproxy.formats.tcp import checksum
from wsproxy.model.records import End, FaultRecord, FrameRecord

wireshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")


def written(items: list[Imported], selection: Selection = EVERYTHING) -> bytes:
    out = io.BytesIO()
    pcapng.write(MemoryCapture(items), out, selection)
    return out.getvalue()


def tshark(path: Path, data: bytes, *fields: str, only: str = "websocket") -> list[list[str]]:
    path.write_bytes(data)
    wanted = [part for field in fields for part in ("-e", field)]
    arguments = ["tshark", "-r", str(path), "-n", "-Y", only, "-T", "fields", *wanted]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)
    return [line.split("\t") for line in done.stdout.splitlines()]


def everything() -> list[Imported]:
    deflated = Peers(conversation(1, deflate=True))
    deflated.say(UP, '{"op": "subscribe"}').say(DOWN, "a long text " * 20, cuts=[5, 9])
    deflated.say(DOWN, "a long text again").say(UP, b"ping me", opcode=9)
    deflated.say(UP, b"\x03\xe8bye", opcode=8).say(DOWN, b"\x03\xe8bye", opcode=8)
    plain = Peers(conversation(2, opened=2000.0, end=End("aborted", "server")))
    plain.say(UP, "x" * 70_000).say(DOWN, b"\x00\x01", cuts=[1]).say(UP, "old").change_last(b"new")
    plain.say(DOWN, "seen by nobody").change_last(None, "dropped").say(DOWN, "last")
    plain.send(DOWN, b"\xc1\x00")
    plain.items.append(FaultRecord(2, UP, plain.time, "slow", "latency", 1, "late"))
    return [*deflated.items, *plain.items]


@wireshark
def test_tshark_dissects_every_frame(tmp_path: Path) -> None:
    items = everything()
    rows = tshark(
        tmp_path / "c.pcapng",
        written(items, Selection(connection_id=1)),
        "websocket.opcode",
        "frame.time_epoch",
    )
    records = [i for i in items if isinstance(i, FrameRecord) and i.connection_id == 1]
    assert [int(row[0]) for row in rows] == [record.frame.opcode for record in records]
    assert [float(row[1]) for row in rows] == [record.time for record in records]


@wireshark
def test_tshark_inflates_what_was_compressed(tmp_path: Path) -> None:
    peers = Peers(conversation(1, deflate=True))
    peers.say(DOWN, '{"first": "text"}').say(DOWN, '{"second": "text"}')
    path = tmp_path / "c.pcapng"
    path.write_bytes(written(peers.items))
    done = subprocess.run(
        ["tshark", "-r", path, "-n", "-V"], capture_output=True, text=True, check=True, timeout=60
    )
    assert '{"first": "text"}' in done.stdout
    assert '{"second": "text"}' in done.stdout


@wireshark
def test_both_legs_of_a_changed_message_have_one_id_and_the_marks(tmp_path: Path) -> None:
    rows = tshark(
        tmp_path / "c.pcapng",
        written(everything(), Selection(connection_id=2)),
        "frame.interface_name",
        "frame.packet_id",
        "frame.comment",
        "websocket.payload.text",
    )
    sent = [row for row in rows if row[0] == "sent"]
    received = {row[1]: row for row in rows if row[0] == "received"}
    assert [row[3] for row in sent[:2]] == ["new", "last"]
    assert received[sent[0][1]][3] == "old"
    assert json.loads(sent[0][2]) == {"verdict": "changed", "cause": "addon"}
    dropped = next(row for row in received.values() if row[3] == "seen by nobody")
    assert json.loads(dropped[2])["verdict"] == "dropped"
    assert dropped[1] not in {row[1] for row in sent}
    odd = [row[2] for row in received.values() if "violation" in row[2]]
    assert '"violation":"rsv-bits"' in odd[0]


@wireshark
def test_ends_and_faults_are_packets(tmp_path: Path) -> None:
    path = tmp_path / "c.pcapng"
    data = written(everything())
    flags = ("tcp.flags.syn", "tcp.flags.fin", "tcp.flags.reset")
    ends = tshark(path, data, "tcp.stream", *flags, only="tcp.flags.fin==1 || tcp.flags.reset==1")
    assert [row[0] for row in ends] == ["0", "0", "1", "2"]
    assert [row[3] for row in ends] in (["0", "0", "1", "1"], ["False", "False", "True", "True"])
    (fault,) = tshark(path, data, "frame.comment", only='frame.comment contains "latency"')
    assert json.loads(fault[0])["detail"] == "late"
    assert not tshark(
        path, data, "frame.number", only="tcp.analysis.lost_segment || tcp.analysis.retransmission"
    )
    assert not tshark(path, data, "frame.number", only="tcp.checksum.status==0")
    capinfos = subprocess.run(
        ["capinfos", path], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Strict time order:   True" in capinfos.stdout


@wireshark
def test_what_is_left_of_a_filtered_conversation_is_still_readable(tmp_path: Path) -> None:
    peers = Peers(conversation(1, deflate=True))
    peers.say(DOWN, "hello one").say(DOWN, "hello two").say(DOWN, "hello three", cuts=[3])
    rows = tshark(
        tmp_path / "c.pcapng",
        written(peers.items, Selection(since=peers.connection.opened + 1.4)),
        "websocket.payload.text",
    )
    assert rows == [["hello two"], ["hello three"]]


@pytest.mark.filterwarnings("ignore:Field type:DeprecationWarning")
@settings(max_examples=30, deadline=None)
@given(captures())
def test_python_pcapng_reads_every_packet(items: list[Imported]) -> None:
    packets = [
        block
        for block in FileScanner(io.BytesIO(written(items)))
        if isinstance(block, EnhancedPacket)
    ]
    frames = [item for item in items if isinstance(item, FrameRecord)]
    own = [each for each in frames if each.origin is None or each.frame.fin]  # or injected, whole
    ids = {block.options["epb_packetid"] for block in packets if "epb_packetid" in block.options}
    assert len(ids) == len(own)


@given(st.binary(max_size=200))
def test_a_checksum_makes_the_sum_all_ones(data: bytes) -> None:
    whole = data + bytes(len(data) & 1)
    words = [int.from_bytes(whole[i : i + 2], "big") for i in range(0, len(whole), 2)]
    total = sum(words) + checksum(data)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF


def test_what_is_told_after_an_end_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    peers = Peers(conversation(1)).say(UP, "in time").say(UP, "late", after=500.0)
    data = written(peers.items)
    assert "1 frames are later than the end of their connection: left out" in caplog.text
    assert data
