"""Draw docs/images/terminal.svg: what `wsproxy demo --once` prints on a terminal."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

TARGET = Path(__file__).parent.parent / "docs" / "images" / "terminal.svg"


def on_a_terminal(command: list[str]) -> str:
    """What a command prints where it believes to be on a terminal."""
    ours, theirs = os.openpty()
    with subprocess.Popen(command, stdout=theirs, stdin=subprocess.DEVNULL):
        os.close(theirs)
        pieces = []
        # A terminal whose other end is closed reads as an error.
        with contextlib.suppress(OSError):
            while data := os.read(ours, 65536):
                pieces.append(data)
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def main() -> None:
    output = on_a_terminal([sys.executable, "-m", "wsproxy", "demo", "--once"])
    shown = output[: output.index("All of it is in the capture")].rstrip()
    console = Console(record=True, width=150, file=io.StringIO(), force_terminal=True)
    console.print("$ wsproxy demo --once")
    console.print(Text.from_ansi(shown))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    svg = console.export_svg(title="wsproxy", font_aspect_ratio=0.61)
    # Nothing is fetched from elsewhere: the reader's own monospaced font will do.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    TARGET.write_text(re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL))
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
