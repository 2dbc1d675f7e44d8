"""TLS contexts for both sides, with errors that say which file is wrong."""

from __future__ import annotations

import ssl
from pathlib import Path

from wsproxy.errors import WsproxyError


def upstream_context(
    *, insecure: bool = False, ca: Path | None = None, client_certs: Path | None = None
) -> ssl.SSLContext:
    """For wss upstreams: verified with the system's roots, and those of the PEM file `ca`, unless
    `insecure`.

    `client_certs` is a PEM file with certificate and key, for mutual TLS.
    """
    context = ssl.create_default_context()
    if ca is not None:
        _trust(context, ca)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client_certs is not None:
        _load(context, client_certs)
    return context


def listening_context(certs: Path) -> ssl.SSLContext:
    """For clients that come by wss; `certs` is a PEM file with certificate chain and key."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _load(context, certs)
    return context


def _trust(context: ssl.SSLContext, pem: Path) -> None:
    try:
        context.load_verify_locations(pem)
    except ssl.SSLError as error:
        reason = error.reason or str(error)
        raise WsproxyError(f"{pem} is not a PEM file of certificates ({reason.lower()})") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WsproxyError(f"cannot read the certificates {pem}: {reason}") from None


def _load(context: ssl.SSLContext, pem: Path) -> None:
    try:
        context.load_cert_chain(pem)
    except ssl.SSLError as error:
        reason = error.reason or str(error)
        raise WsproxyError(
            f"{pem} is not a PEM file with a certificate and its key ({reason.lower()})"
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WsproxyError(f"cannot read the certificate {pem}: {reason}") from None
