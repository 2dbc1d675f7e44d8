"""Whether the extra is there. This file is imported without it."""

from __future__ import annotations

from wsproxy.errors import WsproxyError


def need_nats() -> None:
    """Raises WsproxyError that says what to install where nats-py is missing."""
    try:
        import nats  # noqa: F401 - whether it can be
    except ImportError:
        raise WsproxyError("a fleet needs nats-py: pip install 'wsproxy[fleet]'") from None
