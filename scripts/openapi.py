"""Print the API's OpenAPI description: `scripts/check-page` makes types of it."""

from __future__ import annotations

import json

from wsproxy.web.openapi import describe
from wsproxy.web.server import API_ROUTES

if __name__ == "__main__":
    print(json.dumps(describe(API_ROUTES)))
