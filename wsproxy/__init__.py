"""wsproxy: a WebSocket reverse proxy that shows, records and, on request, changes every frame."""

__version__ = "0.1.0"

__all__ = ["__version__"]
