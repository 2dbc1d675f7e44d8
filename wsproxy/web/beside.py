"""Commands of wsproxy that run beside the proxy, each in a process of its own.

What reads whole captures takes time and memory that the relay must not feel.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from asyncio.subprocess import Process
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from wsproxy.payloads.rules import DecodeRule
from wsproxy.web.errors import ApiError

MAX_FILE = 1024 * 1024 * 1024
"""Bytes of a file that somebody drops on the page."""

MAX_COMMANDS = 2
"""Commands at a time."""

SECONDS = 120.0
"""How long a command may take."""

MAX_OUTPUT = 32 * 1024 * 1024
"""Bytes that a command may print."""

MAX_VIEWERS = 4
"""Pages over files that were opened from the page."""

END_SECONDS = 5.0
"""How long such a page may take to end."""

LOWER = 10
"""By how much the priority of these processes is below the proxy's."""


_URL = re.compile(r"http://\S+")


PIECE = 256 * 1024
"""Bytes of an export that are handed on at once."""


class ExportForm(Protocol):
    """A form that a capture can be written in."""

    @property
    def title(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def lacks(self) -> str:
        """What it does not hold, in words; empty where it holds everything."""


class Export:
    """An export that is being written."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def read(self) -> bytes:
        """The next piece; empty when all is there. Raises ApiError where it failed."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        piece = await self._process.stdout.read(PIECE)
        if not piece and await self._process.wait():
            why = _why(await self._process.stderr.read())
            raise ApiError("bad_request", why or "it cannot be exported")
        return piece


class Beside:
    """Runs commands; at most MAX_COMMANDS at a time."""

    def __init__(
        self,
        capture: Path,
        host: str,
        forms: Mapping[str, ExportForm],
        rules: Sequence[DecodeRule] = (),
    ) -> None:
        """`host` is where pages listen, `forms` are what `wsproxy export` writes, by name.

        `rules` say which decoder reads what.
        """
        self.forms = forms
        self.capture = capture
        """What the page shows."""
        self._host = host
        self._rules = rules
        self._running = 0
        self._viewers: deque[tuple[Process, Path]] = deque()

    async def view(self, pieces: AsyncIterable[bytes], name: str) -> str:
        """The URL of a page over a file that was sent; raises ApiError.

        It is there until MAX_VIEWERS newer ones are, or the proxy stops.
        """
        folder = Path(tempfile.mkdtemp(prefix="wsproxy-"))
        process = None
        try:
            path = await _kept(pieces, folder / _file_name(name))
            options = ("--web-port", "0", "--web-host", self._host)
            process = await self._start("view", *options, "--", str(path))
            async with asyncio.timeout(SECONDS):
                url = await _url_of(process, folder)
        except BaseException as error:
            await self._end(process, folder)
            if isinstance(error, TimeoutError):
                raise ApiError("busy", f"it took longer than {SECONDS:g} seconds") from None
            raise
        self._viewers.append((process, folder))
        while len(self._viewers) > MAX_VIEWERS:
            await self._end(*self._viewers.popleft())
        return url

    async def close(self) -> None:
        """End the pages that were opened."""
        while self._viewers:
            await self._end(*self._viewers.popleft())

    async def _end(self, process: Process | None, folder: Path) -> None:
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(END_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def statistics(self) -> dict[str, Any]:
        """What `wsproxy stats --json` says of the capture; raises ApiError."""
        rules = [f"--decode={rule.pattern.source}={rule.name}" for rule in self._rules]
        printed, said = await self._run("stats", "--json", *rules, "--", str(self.capture))
        try:
            found: dict[str, Any] = json.loads(printed)
        except ValueError:
            raise ApiError("bad_request", _why(said) or "it cannot be read") from None
        return found

    async def diff(self, before: Path, after: Path, *options: str) -> dict[str, Any]:
        """What `wsproxy diff --json` says of two captures; raises ApiError."""
        printed, said = await self._run("diff", "--json", *options, "--", str(before), str(after))
        try:
            found: dict[str, Any] = json.loads(printed)
        except ValueError:
            why = _why(said).replace(f"{before.parent}/", "").replace(f"{after.parent}/", "")
            raise ApiError("bad_request", why or "they cannot be compared") from None
        return found

    @asynccontextmanager
    async def export(self, form: str, options: Sequence[str]) -> AsyncIterator[Export]:
        """What `wsproxy export` writes; it goes as fast as it is read. Raises ApiError."""
        if self._running >= MAX_COMMANDS:
            raise ApiError("busy")
        self._running += 1
        process = None
        try:
            arguments = ("--format", form, "-o", "-", *options, "--", str(self.capture))
            process = await self._start("export", *arguments)
            yield Export(process)
        finally:
            self._running -= 1
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()

    @asynccontextmanager
    async def file(self, pieces: AsyncIterable[bytes], name: str) -> AsyncIterator[Path]:
        """A file of its own with what was sent, for the time being; raises ApiError."""
        with tempfile.TemporaryDirectory(prefix="wsproxy-") as folder:
            yield await _kept(pieces, Path(folder) / _file_name(name))

    async def _run(self, *arguments: str) -> tuple[bytes, bytes]:
        if self._running >= MAX_COMMANDS:
            raise ApiError("busy")
        self._running += 1
        process = None
        try:
            process = await self._start(*arguments)
            async with asyncio.timeout(SECONDS):
                return await _output(process)
        except TimeoutError:
            raise ApiError("busy", f"it took longer than {SECONDS:g} seconds") from None
        finally:
            self._running -= 1
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()

    async def _start(self, *arguments: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wsproxy", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
            limit=MAX_OUTPUT,
        )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, LOWER)
        return process


async def _url_of(process: Process, folder: Path) -> str:
    """Where the page is that a command has begun to serve; raises ApiError."""
    assert process.stdout is not None
    assert process.stderr is not None
    found = _URL.search((await process.stdout.readline()).decode())
    if found is None:
        why = _why(await process.stderr.read()).replace(f"{folder}/", "")
        raise ApiError("bad_request", why or "it cannot be read")
    return found[0]


def _file_name(name: str) -> str:
    """A name that is not a path, and keeps what a person knows it by."""
    plain = "".join(c for c in name if c.isalnum() or c in "._- ").strip(". ")[-60:]
    return plain or "dropped"


async def _kept(pieces: AsyncIterable[bytes], path: Path) -> Path:
    size = 0
    with path.open("wb") as file:
        async for piece in pieces:
            size += len(piece)
            if size > MAX_FILE:
                raise ApiError("too_large", f"the file must have at most {MAX_FILE} bytes")
            await asyncio.to_thread(file.write, piece)
    return path


async def _output(process: Process) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    printed, said = bytearray(), bytearray()

    async def read(stream: asyncio.StreamReader, into: bytearray) -> None:
        while piece := await stream.read(65536):
            into += piece
            if len(into) > MAX_OUTPUT:
                raise ApiError("too_large", "there is more to say than can be shown here")

    await asyncio.gather(read(process.stdout, printed), read(process.stderr, said))
    await process.wait()
    return bytes(printed), bytes(said)


def environment() -> dict[str, str]:
    """The proxy's own, less the options that were meant for it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WSPROXY_")}


def _why(said: bytes) -> str:
    """The line that says what was wrong."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("Error: ").removeprefix("wsproxy: ") if lines else ""
