"""mitmproxy's dependencies use what is deprecated: their warnings are no fault of a test."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mitmproxy.addons  # noqa: F401
