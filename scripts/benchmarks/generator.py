"""The load: clients and the echo server behind the proxy, in one loop over plain sockets.

A process of its own, told what to do line by line (JSON on standard input, answers on standard
output). Frames are made beforehand and counted by their bytes, so that as little as possible of
what is measured is the load's own time.
"""

from __future__ import annotations

import json
import os
import select
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from scripts.benchmarks.streams import Shape, Stream, streams
from wsproxy.protocol.handshake import accept_key

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
OPENING_AT_ONCE = 64
PATIENCE = 30.0
"""Seconds that opening connections may take without one more being open."""

_trusting = ssl.create_default_context()
_trusting.check_hostname = False
_trusting.verify_mode = ssl.CERT_NONE

_buffer = bytearray(256 * 1024)


class End:
    """One end of a connection: it sends one stream and counts what comes of the other."""

    def __init__(self, load: Load, sock: socket.socket, out: Stream, expected: Stream) -> None:
        self._load = load
        self._sock = sock
        self._out = out
        self._expected = expected
        self._unsent: deque[memoryview] = deque()
        self._received = 0
        self._messages = 0
        self._sent = 0
        self._tls = isinstance(sock, ssl.SSLSocket)
        self.swallows = False
        """Whether what comes is not looked at."""
        self.head: bytes | None = b""
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self._sock.fileno()

    def readable(self) -> None:
        if self.head is not None:
            self._read_head()
            return
        try:
            received = self._sock.recv_into(_buffer)
            # What TLS has decrypted already wakes nobody.
            while self._tls and (more := self._sock.pending()):  # type: ignore[attr-defined]
                received += self._sock.recv_into(_buffer, more)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except (ConnectionResetError, ssl.SSLError):
            received = 0
        if not received:
            self.close()
            return
        if self.swallows:
            return
        self._received += received
        messages = self._expected.whole(self._received)
        more = messages - self._messages
        if more:
            self._messages = messages
            self.got(more)

    def writable(self) -> None:
        while self._unsent:
            part = self._unsent.popleft()
            sent = self._try(part)
            if sent < len(part):
                self._unsent.appendleft(part[sent:])
                return
        self._load.watch(self, writing=False)

    def send(self, count: int) -> None:
        first = self._sent
        self._sent += count
        if self._load.burst:
            self.write(self._out.part(first, count))
        else:
            for number in range(first, first + count):
                self.write(self._out.one(number))

    def write(self, part: memoryview) -> None:
        if self._unsent:
            self._unsent.append(part)
            return
        sent = self._try(part)
        if sent < len(part):
            self._unsent.append(part[sent:])
            self._load.watch(self, writing=True)

    def close(self) -> None:
        if self._sock.fileno() >= 0:
            self._load.forget(self)
            self._sock.close()

    def got(self, count: int) -> None:
        raise NotImplementedError

    def opened(self, head: str) -> None:
        raise NotImplementedError

    def _try(self, part: memoryview) -> int:
        try:
            return self._sock.send(part)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0
        except OSError:  # it is gone, with all that was to be sent
            self.close()
            return len(part)

    def _read_head(self) -> None:
        assert self.head is not None
        try:
            data = self._sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        if not data:
            self.close()
            return
        self.head += data
        if self.head.endswith(b"\r\n\r\n"):
            head = self.head.decode("latin-1")
            self.head = None
            self.opened(head)


class Echo(End):
    """The server's end: a message for a message."""

    def opened(self, head: str) -> None:
        self.swallows = head.startswith("GET /flood")
        lines = dict(
            line.lower().partition(":")[::2] if i == 0 else line.partition(":")[::2]
            for i, line in enumerate(head.split("\r\n"))
        )
        key = next(v for k, v in lines.items() if k.lower() == "sec-websocket-key").strip()
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"{DEFLATE if 'permessage-deflate' in head else ''}"
            f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
        )
        self.write(memoryview(answer.encode()))

    def got(self, count: int) -> None:
        self.send(count)


class Client(End):
    """The client's end: keeps so many messages in flight, and notes how long each took."""

    def ask(self, port: int, *, deflate: bool) -> None:
        self.round_trips = 0
        self._times: deque[list[float]] = deque()
        request = (
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n"
            f"{DEFLATE if deflate else ''}\r\n"
        )
        self.write(memoryview(request.encode()))

    def opened(self, head: str) -> None:
        if not head.startswith("HTTP/1.1 101"):
            sys.exit(f"no WebSocket: {head.splitlines()[0]}")
        self._load.open += 1

    def start(self, count: int) -> None:
        self._times.append([time.perf_counter(), count])
        self.send(count)

    def got(self, count: int) -> None:
        now = time.perf_counter()
        self.round_trips += count
        left = count
        while left:
            first = self._times[0]
            taken = min(left, int(first[1]))
            self._load.latencies.append((now - first[0], taken))
            first[1] -= taken
            left -= taken
            if not first[1]:
                self._times.popleft()
        if self._load.running:
            self._times.append([now, count])
            self.send(count)


class Load:
    """The loop, and the commands."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._ends: dict[int, End] = {}
        self._clients: list[Client] = []
        self._listeners = {}
        for tls in (False, True):
            listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
            listener.setblocking(False)
            self._poll.register(listener, select.EPOLLIN)
            self._listeners[listener.fileno()] = (listener, tls)
        self._poll.register(0, select.EPOLLIN)
        # Somebody may look whether a port is open, or dial before anything is asked for.
        self._shape = Shape("none", 128, 0)
        self._up, self._down = streams(self._shape)
        self._commands: deque[dict[str, Any]] = deque()
        self._typed = b""
        self.running = False
        self.burst = False
        self.open = 0
        self.latencies: list[tuple[float, int]] = []

    def serve(self) -> None:
        """Do what comes in until standard input ends."""
        _answer([listener.getsockname()[1] for listener, _ in self._listeners.values()])
        while True:
            self._turn(-1)
            while self._commands:
                command = self._commands.popleft()
                _answer(getattr(self, f"_do_{command.pop('do')}")(**command))

    def watch(self, end: End, *, writing: bool) -> None:
        if end.fileno() in self._ends:
            self._poll.modify(end, select.EPOLLIN | (select.EPOLLOUT if writing else 0))

    def forget(self, end: End) -> None:
        self._ends.pop(end.fileno(), None)

    def _add(self, end: End) -> None:
        self._ends[end.fileno()] = end
        self._poll.register(end, select.EPOLLIN)

    def _turn(self, timeout: float) -> None:
        ends = self._ends
        for fd, event in self._poll.poll(timeout):
            end = ends.get(fd)
            if end is None:
                self._other(fd)
            elif event == select.EPOLLIN:
                end.readable()
            else:
                if event & select.EPOLLOUT:
                    end.writable()
                if event & ~select.EPOLLOUT and fd in ends:
                    end.readable()

    def _other(self, fd: int) -> None:
        if fd == 0:
            typed = os.read(0, 65536)
            if not typed:
                sys.exit()
            *lines, self._typed = (self._typed + typed).split(b"\n")
            self._commands.extend(json.loads(line) for line in lines)
        elif fd in self._listeners:
            listener, tls = self._listeners[fd]
            try:
                while True:
                    sock, _ = listener.accept()
                    self._add(Echo(self, _secured(sock) if tls else sock, self._down, self._up))
            except BlockingIOError:
                pass

    def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not true() and time.monotonic() < deadline:
            self._turn(0.1)
        return true()

    def _do_open(self, port: int, shape: dict[str, Any]) -> int:
        """Open the connections of a shape; answers how many are open."""
        self._shape = Shape(**shape)
        self._up, self._down = streams(self._shape)
        self.burst = self._shape.burst
        self._clients = []
        self.open = 0
        while len(self._clients) < self._shape.connections:
            for _ in range(min(OPENING_AT_ONCE, self._shape.connections - len(self._clients))):
                sock = socket.create_connection(("127.0.0.1", port))
                if self._shape.tls:
                    # The proxy waits for nobody while it shakes hands.
                    sock = _trusting.wrap_socket(sock)
                client = Client(self, sock, self._up, self._down)
                self._add(client)
                client.ask(port, deflate=self._shape.deflate)
                self._clients.append(client)
            if not self._until(lambda: self.open == len(self._clients), PATIENCE):
                sys.exit(f"{self.open} of {len(self._clients)} connections were opened")
        return self.open

    def _do_run(self, seconds: float) -> dict[str, float]:
        """Load the open connections; answers what came of it."""
        self.latencies = []
        self.running = True
        before = time.process_time()
        start = time.perf_counter()
        for client in self._clients:
            client.start(self._shape.in_flight)
        turn, deadline, now = self._turn, start + seconds, time.perf_counter
        while now() < deadline:
            turn(0.1)
        # The slowest may not have answered a single message yet.
        self._until(lambda: bool(self.latencies), PATIENCE)
        elapsed = now() - start
        spent = time.process_time() - before
        self.running = False
        done = sum(client.round_trips for client in self._clients)
        if not done:
            sys.exit("no answer came back")
        return {
            "round_trips": done,
            "seconds": elapsed,
            "busy": spent / elapsed,
            **_percentiles(self.latencies),
        }

    def _do_close(self) -> int:
        """Close all connections."""
        for client in self._clients:
            client.close()
        self._until(lambda: not self._ends, 10)
        return len(self._ends)


def _percentiles(latencies: list[tuple[float, int]]) -> dict[str, float]:
    """Milliseconds that half, and 99 %, of the messages took at most."""
    latencies.sort()
    total = sum(count for _, count in latencies)
    found: dict[str, float] = {}
    found["max"] = latencies[-1][0] * 1000
    seen = 0
    for latency, count in latencies:
        seen += count
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999)):
            if name not in found and seen >= share * total:
                found[name] = latency * 1000
    return found


@cache
def _certified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    return context


def _secured(sock: socket.socket) -> ssl.SSLSocket:
    """A server's end with TLS; argument 1 is the file with certificate and key."""
    sock.setblocking(False)
    return _certified().wrap_socket(sock, server_side=True, do_handshake_on_connect=False)


def _answer(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    Load().serve()
