"""`wsproxy connect`: a client in the terminal that shows every frame."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import click
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from wsproxy.app import Proxy
from wsproxy.cli.decoding import flat
from wsproxy.cli.lines import line_options, lines_of
from wsproxy.cli.runtime import configure_logging, run_loop
from wsproxy.cli.said import HELP, Said, SaidError, parse_said
from wsproxy.cli.typed import Typed, typed_lines
from wsproxy.cli.types import Parsed
from wsproxy.clock import LoopClock
from wsproxy.config import Settings, parse_upstream
from wsproxy.errors import WsproxyError
from wsproxy.log.printer import Jsonl, Pretty, Printer
from wsproxy.payloads.rules import DecodeRule
from wsproxy.relay.tasks import start_task

CLEAN = (1000, 1001, 1005)
"""Close codes of a connection that has ended well (RFC 6455, section 7.4.1)."""

EPILOG = """\b
Examples:
  wsproxy connect ws://localhost:8000/chat
  echo '{"type": "hello"}' | wsproxy connect wss://api.example/v2 -H 'Authorization: Bearer T'
  wsproxy connect ws://localhost:8000/mqtt -s mqtt --record today.wsproxy

\b
Each line is a text message. A line may also be one of these:
""" + "\n".join(f"  {line}" for line in HELP)


def _target(text: str) -> str:
    """A URL with path and query."""
    parse_upstream(urlunsplit(urlsplit(text)._replace(query="", fragment="")))
    return text


def _header(text: str) -> tuple[str, str]:
    """`Name: value`."""
    name, colon, rest = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"{text!r} is not a header: write 'Name: value'")
    return name.strip(), rest.strip()


_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("connect", epilog=EPILOG)
@click.argument("url", type=Parsed("url", _target))
@click.option("-s", "--subprotocol", "subprotocols", multiple=True, metavar="NAME",
              help="Offer this subprotocol; may be repeated.")  # fmt: skip
@click.option("-H", "--header", "headers", multiple=True, type=Parsed("header", _header), metavar="'NAME: VALUE'",
              help="Send this header with the handshake; may be repeated.")  # fmt: skip
@click.option("--compress/--no-compress", default=True, show_default=True,
              help="Whether to offer permessage-deflate.")  # fmt: skip
@click.option("-k", "--ssl-insecure", is_flag=True, help="Do not verify the server's certificate.")
@click.option("--upstream-ca", type=_FILE, metavar="PEM",
              help="Trust the authorities in PEM too.")  # fmt: skip
@click.option("--client-certs", type=_FILE, metavar="PEM",
              help="Certificate and key to show to the server (mutual TLS).")  # fmt: skip
@click.option("--record", type=click.Path(path_type=Path), metavar="CAPTURE",
              help="Keep what passes in CAPTURE, as `wsproxy run --capture` does.")  # fmt: skip
@click.option("--wait", type=click.FloatRange(min=0), default=1.0, show_default=True,
              metavar="SECONDS",
              help="How long to wait for answers where the input has ended.")  # fmt: skip
@line_options
def command(
    url: str,
    subprotocols: tuple[str, ...],
    headers: tuple[tuple[str, str], ...],
    compress: bool,
    ssl_insecure: bool,
    upstream_ca: Path | None,
    client_certs: Path | None,
    record: Path | None,
    wait: float,
    log_format: str,
    decode: tuple[list[DecodeRule], ...],
    log_width: int,
) -> None:
    """Open a WebSocket to URL: what is typed or piped in are messages, every frame is shown.

    Ends with exit code 1 where there is no connection, or it is not closed well.
    """
    rules = flat(decode)
    server = urlsplit(url)
    settings = Settings(
        upstream_url=urlunsplit((server.scheme, server.netloc, "", "", "")),
        listen_port=0,
        no_web=True,
        capture=record,
        decode=rules,
        ssl_insecure=ssl_insecure,
        upstream_ca=upstream_ca,
        client_certs=client_certs,
    )
    configure_logging()
    target = urlunsplit(("", "", server.path or "/", server.query, ""))
    with typed_lines() as typed:
        lines = lines_of(log_format, rules, log_width)
        talk = _Talk(typed, wait, target, subprotocols, headers, compress=compress)
        run_loop(talk.run(settings, lines))


class _Talk:
    """One connection, through a proxy of its own: the proxy sees every frame."""

    def __init__(
        self,
        typed: Typed,
        wait: float,
        target: str,
        subprotocols: tuple[str, ...],
        headers: tuple[tuple[str, str], ...],
        *,
        compress: bool,
    ) -> None:
        self._typed = typed
        self._wait = wait
        self._target = target
        self._subprotocols = [Subprotocol(name) for name in subprotocols]
        self._headers = headers
        self._compress = compress
        self._closing = False
        self._heard = asyncio.Event()

    async def run(self, settings: Settings, lines: Pretty | Jsonl) -> None:
        """Talk until one side has enough. Raises WsproxyError where that ends badly."""
        printer = Printer(lines, LoopClock())
        proxy = Proxy(settings, [printer])
        try:
            await proxy.start()
            try:
                async with self._connected(proxy.url + self._target) as socket:
                    await self._talk(socket)
            finally:
                await proxy.stop()
        finally:
            await asyncio.to_thread(printer.close)

    @contextlib.asynccontextmanager
    async def _connected(self, url: str) -> AsyncIterator[ClientConnection]:
        try:
            socket = await connect(
                url,
                additional_headers=self._headers,
                subprotocols=self._subprotocols or None,
                compression="deflate" if self._compress else None,
                max_size=None,
                ping_interval=None,
                close_timeout=2,
            )
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise WsproxyError(f"there is no WebSocket: {error or type(error).__name__}") from None
        try:
            yield socket
        finally:
            await socket.close()

    async def _talk(self, socket: ClientConnection) -> None:
        hearing = start_task(self._hear(socket), "hearing the server", awaited=True)
        saying = start_task(self._say(socket), "what is typed", awaited=True)
        await asyncio.wait({hearing, saying}, return_when=asyncio.FIRST_COMPLETED)
        saying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await saying
        await socket.close()
        await hearing
        if not self._closing and socket.close_code not in CLEAN:
            raise WsproxyError(f"the server has closed the connection: {socket.close_code}")

    async def _hear(self, socket: ClientConnection) -> None:
        # The proxy shows the frames; here they only have to be taken.
        with contextlib.suppress(ConnectionClosed):
            async for _ in socket:
                self._heard.set()

    async def _say(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for line in self._typed.lines():
                try:
                    said = parse_said(line)
                except SaidError as error:
                    click.echo(f"wsproxy: {error}", err=True)
                    continue
                if await self._send(socket, said):
                    return
            await self._quiet()
            self._closing = True

    async def _quiet(self) -> None:
        """Wait until nothing has come for a while."""
        with contextlib.suppress(TimeoutError):
            while True:
                self._heard.clear()
                await asyncio.wait_for(self._heard.wait(), self._wait)

    async def _send(self, socket: ClientConnection, said: Said) -> bool:
        """Send what somebody typed; True where that was to close."""
        if said.what == "close":
            self._closing = True
            await socket.close(said.code, said.reason)
            return True
        if said.what == "ping":
            await socket.ping(said.content)
        elif said.what == "pong":
            await socket.pong(said.content)
        elif said.fragmented:
            await socket.send(iter(said.parts))
        else:
            await socket.send(said.parts[0])
        return False
