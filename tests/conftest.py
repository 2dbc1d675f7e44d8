"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# The tests' own certificates are what they trust; nothing of the machine's may leak in.
os.environ.pop("SSL_CERT_FILE", None)

# No test may fail because the machine is busy, and the same examples come each time: what fails in
# the gate is what the change did. `pytest --hypothesis-profile search` looks for new ones.
settings.register_profile("wsproxy", deadline=None, derandomize=True, database=None)
settings.register_profile("search", deadline=None)
settings.load_profile("wsproxy")
