"""What is recorded of a request and its answer while they pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wsproxy.engine.http import readable
from wsproxy.engine.outgoing import CutOffError
from wsproxy.errors import ProxyError
from wsproxy.model.http import HttpRecord
from wsproxy.protocol.handshake import Headers
from wsproxy.protocol.secrets import Mask

CLIENT_LEFT = "the client left"


class HttpNote:
    """One request, from its head to the end of its answer."""

    def __init__(
        self, record: HttpRecord, mask: Mask, time: Callable[[], float], most: int
    ) -> None:
        """`most`: bytes of each body that are kept."""
        self.record = record
        self.upgraded = False
        """Whether a WebSocket came of it, which has a record of its own."""
        self._mask = mask
        self._time = time
        self._most = most
        self._request = bytearray()
        self._response = bytearray()

    def asked(self, data: bytes) -> None:
        """A piece of the request's body came."""
        self.record.request_length += len(data)
        self._keep(self._request, data)

    def answering(self, status: int, reason: str, headers: Headers) -> None:
        """The head of the answer goes out."""
        record = self.record
        record.answered = self._time()
        record.status = status
        ((_, record.reason),) = readable([("", reason)])
        record.response_headers = self._mask.headers(readable(headers))

    def answered(self, data: bytes) -> None:
        """A piece of the answer's body went out."""
        self.record.response_length += len(data)
        self._keep(self._response, data)

    def failed(self, why: str) -> None:
        """It goes wrong; what is said first counts."""
        if self.record.error is None:
            self.record.error = why

    def broke_off(self, error: Exception, *, client_left: bool) -> None:
        """One side broke off in mid-body."""
        if client_left:
            self.failed(CLIENT_LEFT)
        elif isinstance(error, CutOffError):
            self.failed("the server cut off before the answer was whole")
        else:
            self.failed(str(error) or type(error).__name__)

    @contextmanager
    def passing(self, ended: Callable[[HttpRecord], None]) -> Iterator[None]:
        """While it passes; `ended` gets the record, unless a WebSocket came of it."""
        try:
            yield
        except asyncio.CancelledError:
            self.failed("cut off")
            raise
        except Exception as error:
            reason = error.reason if isinstance(error, ProxyError) else type(error).__name__
            self.failed(reason)
            raise
        finally:
            if not self.upgraded:
                self.record.ended = self._time()
                self.record.request_body = bytes(self._request)
                self.record.response_body = bytes(self._response)
                ended(self.record)

    def _keep(self, kept: bytearray, data: bytes) -> None:
        room = self._most - len(kept)
        if room > 0:
            kept += data[:room]
