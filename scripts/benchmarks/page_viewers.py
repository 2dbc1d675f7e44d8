"""Open pages for scripts.benchmarks.page: a process of their own, as a browser is."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter

from scripts.benchmarks.page import view


async def main(web_port: int, pages: int) -> None:
    heard: Counter[str] = Counter()
    viewing = asyncio.create_task(view(web_port, pages, heard))
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    await asyncio.sleep(0.5)
    print("ready", flush=True)
    try:
        await viewing
        await asyncio.Event().wait()  # without pages: until told to stop
    except asyncio.CancelledError:
        print(", ".join(f"{count:,} {what}" for what, count in heard.items()), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
