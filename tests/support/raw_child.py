"""A proxy in a process of its own, to be weighed, starved and killed.

As a program: `python -m tests.support.raw_child LOOP SETTINGS` (JSON), prints the proxy's URL, stops on SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.raw import TIMEOUT, Server, Stage
from wsproxy.app import Proxy
from wsproxy.config import Settings


class Child(Stage):
    """A stage whose proxy is a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, upstream: Server) -> None:
        super().__init__(port, upstream)
        self.process = process

    def memory(self, name: str) -> int:
        """VmRSS (what it holds now) or VmHWM (the most it ever held) of the process, in bytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise KeyError(name)

    async def log_line(self) -> str:
        """The next line that it logs."""
        assert self.process.stderr is not None
        async with asyncio.timeout(TIMEOUT):
            return (await self.process.stderr.readline()).decode()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> list[str]:
        """Stop it in good order; the lines that it logged."""
        self.cut()
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(TIMEOUT):
            _, log = await self.process.communicate()
        assert self.process.returncode == 0, log
        return log.decode().splitlines()


@asynccontextmanager
async def child(loop_name: str, **settings: Any) -> AsyncIterator[Child]:
    """A proxy in a process of its own before an upstream of the test's own."""
    async with Server() as upstream:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.raw_child",
            loop_name,
            json.dumps({"upstream_url": upstream.url, **settings}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(TIMEOUT):
                line = await process.stdout.readline()
            assert line, await process.communicate()
            stage = Child(process, int(line.rsplit(b":", 1)[1]), upstream)
            try:
                yield stage
            finally:
                stage.cut()
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def run(settings: dict[str, Any]) -> None:
    if "capture" in settings:
        settings["capture"] = Path(settings["capture"])
    if "files" in settings:  # how many it may have open
        files = settings.pop("files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    proxy = Proxy(Settings(listen_port=0, **settings))
    await proxy.start()
    print(proxy.url, flush=True)  # noqa: T201 - for the test
    await stopped.wait()
    await proxy.stop()


def main() -> None:
    logging.basicConfig(format="%(levelname)s %(message)s")
    loop_factory = asyncio.new_event_loop
    if sys.argv[1] == "uvloop":
        import uvloop

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run(json.loads(sys.argv[2])))


if __name__ == "__main__":
    main()
