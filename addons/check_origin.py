"""Rejects upgrades from origins that are not allowed, with a 403 that the server never hears of.

`--set allowed_origin=https://app.example`, which may be repeated.
"""

from collections.abc import Sequence

from mitmproxy import ctx, http


class CheckOrigin:
    def load(self, loader):
        loader.add_option("allowed_origin", Sequence[str], [], "Origins that may connect.")

    def request(self, flow):
        if flow.request.headers.get("upgrade", "").lower() != "websocket":
            return
        origin = flow.request.headers.get("origin", "none")
        if origin not in ctx.options.allowed_origin:
            print(f"rejected an upgrade from origin {origin}", flush=True)
            flow.response = http.Response.make(403, b"this origin may not connect\n")


addons = [CheckOrigin()]
