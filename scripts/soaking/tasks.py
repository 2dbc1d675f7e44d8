"""`python -m scripts.soaking.tasks FILE ARGUMENT ...`: wsproxy, and the number of its tasks.

At SIGUSR1 it writes to FILE how many asyncio tasks there are, which nobody can see from outside.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from wsproxy.cli import main


def _say(_: int, __: object) -> None:
    try:
        count = len(asyncio.all_tasks())
    except RuntimeError:  # between two turns of the loop
        return
    Path(sys.argv[0]).write_text(str(count))


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    signal.signal(signal.SIGUSR1, _say)
    main()
