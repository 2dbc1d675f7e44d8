"""Libraries that only some decoders need."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class MissingLibraryError(Exception):
    """A decoder's library is not installed; the text says what to do."""


def need(module: str, what: str) -> ModuleType:
    """The module. Raises MissingLibraryError: `what` names the protocol that needs it."""
    try:
        return import_module(module)
    except ImportError:
        raise MissingLibraryError(
            f"to read {what}, install wsproxy[decoders] (no module {module.split('.', maxsplit=1)[0]})"
        ) from None
