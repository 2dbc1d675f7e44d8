"""What all tests share."""

from __future__ import annotations

import os

# The tests' own certificates are what they trust; nothing of the machine's may leak in.
os.environ.pop("SSL_CERT_FILE", None)
