"""Loading scripts: one that ends the program instead of being loaded is an error."""

from __future__ import annotations

import logging
import types

from mitmproxy.addons import script
from mitmproxy.addons.script import ScriptLoader

__all__ = ["ScriptLoader", "load_script"]

_log = logging.getLogger("mitmproxy.addons.script")

_load = script.load_script


def load_script(path: str) -> types.ModuleType | None:
    """As mitmproxy's, which says nothing about what is not an Exception."""
    module = _load(path)
    # It gives a module its name when all of it has run, and swallows sys.exit().
    if module is not None and not getattr(module, "name", None):
        _log.error("error in script %s: it ended before it was loaded (sys.exit?)", path)
        return None
    return module


# mitmproxy's Script looks it up in its own module.
script.load_script = load_script
