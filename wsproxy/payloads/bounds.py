"""What a decoder may spend on untrusted bytes. Sizes are bytes."""

from __future__ import annotations

MAX_PARSED = 256 * 1024
"""Content that is parsed whole; of more only the beginning is read."""

MAX_HEAD = 64 * 1024
"""What is read of content that is longer than MAX_PARSED, and what is kept of a packet that
spans several messages; the rest is counted."""

MAX_PACKETS = 64
"""Packets of one message that are described; the others are counted."""

MAX_REMEMBERED = 1024
"""Requests, subscriptions or streams that a decoder remembers in a connection."""

MAX_ATTACHMENTS = 1024
"""Attachments that a packet may announce."""

MAX_DEPTH = 32
"""Depth of a tree; what lies deeper is left out."""

MAX_NODES = 5000
"""Members and elements of a tree; what comes after them is left out."""

MAX_STRING = 16 * 1024
"""Characters of one string in a tree."""

MAX_SUMMARY = 1000
"""Characters of a summary."""

MAX_INFLATED = 256 * 1024
"""What is inflated of a compressed content."""

MAX_SCHEMALESS = 16 * 1024
"""Content that is read as Protobuf without a schema, which takes long."""

MAX_QUERY = 16 * 1024
"""Characters of a GraphQL document that is parsed; of a longer one its beginning is shown."""

MAX_QUERY_TOKENS = 1000
"""Tokens of a GraphQL document that is parsed."""

TRIED_MESSAGES = 8
"""First messages of a connection that may tell its protocol."""

MAX_CONVERSATIONS = 1024
"""Connections whose state is kept; the one that was silent longest goes first."""

MAX_WAITING = 1024
"""Requests of one connection that wait for their answers; the oldest goes first."""
