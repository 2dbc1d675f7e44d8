"""What starts the proxy loads only what every run needs: it is ready within 0.6 s."""

from __future__ import annotations

import subprocess
import sys

SELDOM = {"mitmproxy", "nats", "yaml", "msgpack", "cbor2", "bson", "lxml", "rich"}
"""What only some runs need; YAML alone takes 30 ms, mitmproxy a second."""


def test_seldom_used_libraries_are_not_loaded() -> None:
    code = "import sys, wsproxy.cli.run; print(*{m.partition('.')[0] for m in sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not SELDOM & set(found.stdout.split())
