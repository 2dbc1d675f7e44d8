"""Masking of payloads (RFC 6455, section 5.3)."""

from __future__ import annotations


def apply_mask_plain(data: bytes, mask: bytes) -> bytes:
    """XOR `data` with the repeated four bytes of `mask`; masking twice gives `data` back."""
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


try:
    # The C routine of the websockets library: 6 times faster at 128 bytes than the best plain
    # Python, 50 times at 256 KiB. websockets does not document it, and its pure wheels lack it:
    # hence the fallback, which does the same.
    from websockets.speedups import apply_mask
except ImportError:  # pragma: no cover - depends on the wheel that the platform got
    apply_mask = apply_mask_plain  # type: ignore[assignment]

__all__ = ["apply_mask", "apply_mask_plain"]
