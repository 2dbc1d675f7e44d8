"""A proxy for tests; docs/testing.md explains it. The pytest plugin hands these out."""

from __future__ import annotations

from wsproxy.testing.proxy import AsyncProxy, Faults, LoopThread, SyncProxy
from wsproxy.testing.traffic import Seen, SeenList

__all__ = ["AsyncProxy", "Faults", "LoopThread", "Seen", "SeenList", "SyncProxy"]
