"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# The tests' own certificates are what they trust; nothing of the machine's may leak in.
os.environ.pop("SSL_CERT_FILE", None)

# No test may fail because the machine is busy.
settings.register_profile("wsproxy", deadline=None)
settings.load_profile("wsproxy")
