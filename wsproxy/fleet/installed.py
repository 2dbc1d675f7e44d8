"""Whether the extra is there. This file is imported without it."""

from __future__ import annotations

from importlib.util import find_spec

from wsproxy.errors import WsproxyError


def need_nats() -> None:
    """Raises WsproxyError that says what to install where nats-py is missing."""
    if find_spec("nats") is None:
        raise WsproxyError("a fleet needs nats-py: pip install 'wsproxy[fleet]'")
