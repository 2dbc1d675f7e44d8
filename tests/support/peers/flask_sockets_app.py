"""Flask-Sockets as a server: a program of its own, for the environment of peers/flask_sockets.py.

It prints its port, then the transcript of each connection that has ended, one a line, until its
standard input ends.
"""

from __future__ import annotations

import sys
from typing import Any

import geventwebsocket.handler  # type: ignore[import-not-found]
from flask import Flask
from flask_sockets import Sockets  # type: ignore[import-not-found]
from gevent.fileobject import FileObject  # type: ignore[import-untyped]
from gevent.pywsgi import WSGIServer  # type: ignore[import-untyped]
from geventwebsocket.exceptions import WebSocketError  # type: ignore[import-not-found]
from geventwebsocket.websocket import Header, WebSocket  # type: ignore[import-not-found]

from tests.support.conversation import (
    SUBPROTOCOL,
    Close,
    Event,
    Heard,
    Message,
    Ping,
    Say,
    SayInPieces,
    answer,
    answer_to_pong,
    closed,
    pinged,
    ponged,
    said,
)


class HearingSocket(WebSocket):  # type: ignore[misc]
    """gevent-websocket keeps pings, pongs and the Close to itself: heard of here."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.events: list[Event] = []
        self.closing = False

    def handle_ping(self, header: Header, payload: bytes) -> None:
        self.events.append(pinged(payload))
        super().handle_ping(header, payload)

    def handle_pong(self, header: Header, payload: bytes) -> None:
        self.events.append(ponged(payload))
        self.send(answer_to_pong(payload))

    def handle_close(self, header: Header, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else None
        self.events.append(closed(code, payload[2:].decode()))
        if self.closing:
            self.closed = True
        else:
            super().handle_close(header, payload)

    def close_with(self, code: int, reason: str) -> None:
        """Close, and go on until the answer is there; the library's close() forgets the code."""
        self.closing = True
        self.send_frame(code.to_bytes(2, "big") + reason.encode(), self.OPCODE_CLOSE)

    def say_in_pieces(self, step: SayInPieces) -> None:
        first = self.OPCODE_TEXT if isinstance(step.pieces[0], str) else self.OPCODE_BINARY
        last = len(step.pieces) - 1
        for index, piece in enumerate(step.encoded):
            opcode = self.OPCODE_CONTINUATION if index else first
            header = Header.encode_header(index == last, opcode, b"", len(piece), 0)
            self.raw_write(header + piece)


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def converse(ws: HearingSocket) -> None:
    environ = ws.environ
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-"), value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    # Nothing else tells what was negotiated.
    negotiated = dict(ws.handler.response_headers).get(b"Sec-WebSocket-Protocol", b"").decode()
    target = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
    heard = Heard.handshake(headers, negotiated or None, target)
    heard.events = ws.events
    try:
        # None says that a Close came.
        while not ws.closed and (message := ws.receive()) is not None:
            content = message if isinstance(message, str) else bytes(message)
            ws.events.append(said(content))
            answer_on(ws, content)
    except WebSocketError as error:
        ws.events.append(Event("error", str(error)))
    finally:
        tell(heard.to_json())


def answer_on(ws: HearingSocket, message: Message) -> None:
    match answer(message):
        case Say(echo):
            ws.send(echo)
        case SayInPieces() as step:
            ws.say_in_pieces(step)
        case Ping(payload):
            ws.send_frame(payload.decode(), ws.OPCODE_PING)
        case Close(None):
            ws.close()
        case Close(int() as code, reason):
            ws.close_with(code, reason)


def main() -> None:
    app = Flask(__name__)
    app.app_protocol = lambda path: SUBPROTOCOL  # type: ignore[attr-defined]  # where gevent-websocket looks
    Sockets(app).add_url_rule("/chat", None, converse)
    geventwebsocket.handler.WebSocket = HearingSocket
    server = WSGIServer(
        ("127.0.0.1", 0), app, log=None, handler_class=geventwebsocket.handler.WebSocketHandler
    )
    server.start()
    tell(str(server.server_port))
    FileObject(sys.stdin.buffer).read()
    server.stop(timeout=1)


if __name__ == "__main__":
    main()
