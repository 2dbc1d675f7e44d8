"""pcap and pcapng of clear WebSocket traffic, as tcpdump writes them, and wsproxy's own.

tshark reads the packets (every link type, IP fragments, tunnels); the bytes of each direction are
put in order here by their sequence numbers, which keeps the time of each. Frames are decoded as the
proxy decodes them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from wsproxy.formats.conversations import Conversation, SentLeg
from wsproxy.formats.interfaces import FormatError, Imported, LeftOut
from wsproxy.formats.packets import FIELDS, Packet, packet_of
from wsproxy.formats.pcapng import SENT_NAME


def read(file: BinaryIO) -> Iterator[Imported]:
    """The WebSockets in a file of packets; raises FormatError."""
    tshark = shutil.which("tshark")
    if tshark is None:
        raise FormatError("files of packets need tshark: install Wireshark's command line")
    arguments = [tshark, "-n", "-r", "-", "-Y", "tcp", "-o", "tcp.desegment_tcp_streams:FALSE"]
    arguments += ["-T", "fields", *(part for name in FIELDS for part in ("-e", name))]
    streams = _Streams()
    with (
        tempfile.TemporaryFile() as errors,  # a pipe would fill up and stop it
        subprocess.Popen(  # noqa: S603 - a program and options of our own
            arguments, stdin=file, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                try:
                    packet = packet_of(line)
                except ValueError:  # cut off by a snapshot length: no whole TCP header
                    streams.unreadable += 1
                    continue
                yield from streams.packet(packet)
            process.wait()
            errors.seek(0)
            complaint = errors.read().decode("utf-8", "replace")
        finally:
            process.kill()
    if "cut short" in complaint or "isn't a capture file" in complaint:
        raise FormatError(f"it is cut off or damaged: {complaint.strip().splitlines()[-1]}")
    yield from streams.end()


class _Streams:
    """All TCP connections of a file."""

    def __init__(self) -> None:
        self.unreadable = 0
        """Packets that tshark could not read as TCP."""
        self._streams: dict[str, Conversation | SentLeg] = {}
        self._by_client: dict[tuple[str, tuple[str, str]], Conversation] = {}
        self._numbers = count(1)

    def packet(self, packet: Packet) -> Iterator[Imported]:
        """What a packet brings."""
        stream = self._streams.get(packet.stream)
        if stream is None:
            stream = self._streams[packet.stream] = self._new(packet)
        yield from stream.packet(packet)

    def end(self) -> Iterator[Imported]:
        """What is known when there are no more packets."""
        lost = 0
        for stream in self._streams.values():
            if isinstance(stream, Conversation):
                yield from stream.finish()
                lost += stream.lost
        if lost:
            yield LeftOut("packets were lost", 0, lost)
        if self.unreadable:
            yield LeftOut("packets were cut off", self.unreadable, 0)

    def _new(self, packet: Packet) -> Conversation | SentLeg:
        if packet.interface == SENT_NAME:
            received = self._by_client.get((packet.source[1], packet.target))
            if received is not None:
                return SentLeg(received)
        stream = Conversation(self._numbers)
        self._by_client[packet.source[1], packet.target] = stream
        return stream
