"""RFC 6455 and RFC 7692 as values and functions: bytes in, values out, no I/O."""
