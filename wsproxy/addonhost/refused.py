"""Options of mitmproxy's that cannot work here, and why."""

from __future__ import annotations

_UPSTREAM = "give the upstream as the argument of `wsproxy run`"
_TLS = "wsproxy has no certificate authority of its own; it listens with --certs PEM"
_VERIFY = "wsproxy verifies upstreams with the system's certificates, or with -k not at all"
_PROTOCOLS = "wsproxy speaks HTTP/1.1 and WebSocket only"
_REVERSE = "wsproxy is a reverse proxy for one upstream, all of whose traffic it handles"

REFUSED: dict[str, str] = {
    "mode": _UPSTREAM,
    "server": "wsproxy always listens",
    "listen_host": "use --listen-host",
    "listen_port": "use -p/--listen-port",
    "keep_host_header": "use --keep-host-header",
    "ssl_insecure": "use -k/--ssl-insecure",
    "certs": _TLS,
    "cert_passphrase": _TLS,
    "key_size": _TLS,
    "client_certs": "use --client-certs PEM",
    "add_upstream_certs_to_client_chain": _TLS,
    "upstream_cert": _TLS,
    "ssl_verify_upstream_trusted_ca": _VERIFY,
    "ssl_verify_upstream_trusted_confdir": _VERIFY,
    "ciphers_client": _TLS,
    "ciphers_server": _VERIFY,
    "tls_version_client_min": _TLS,
    "tls_version_client_max": _TLS,
    "tls_version_server_min": _VERIFY,
    "tls_version_server_max": _VERIFY,
    "tls_ecdh_curve_client": _TLS,
    "tls_ecdh_curve_server": _VERIFY,
    "request_client_cert": _TLS,
    "http2": _PROTOCOLS,
    "http2_ping_keepalive": _PROTOCOLS,
    "http3": _PROTOCOLS,
    "http_connect_send_host_header": _REVERSE,
    "normalize_outbound_headers": _PROTOCOLS,
    "rawtcp": _PROTOCOLS,
    "tcp_hosts": _PROTOCOLS,
    "udp_hosts": _PROTOCOLS,
    "ignore_hosts": _REVERSE,
    "allow_hosts": _REVERSE,
    "show_ignored_hosts": _REVERSE,
    "connect_addr": "the system chooses the address that wsproxy dials from",
    "proxy_debug": "wsproxy has no log of mitmproxy's layers",
    "store_streamed_bodies": "what is streamed is not collected; the capture has the WebSockets",
    "validate_inbound_headers": "aiohttp reads the requests, and always refuses malformed ones",
    "keep_alt_svc_header": "wsproxy relays Alt-Svc as it comes",
    "dns_name_servers": "wsproxy asks the system's resolver",
    "dns_use_hosts_file": "wsproxy asks the system's resolver",
    "strip_ech": _TLS,
    "websocket": "wsproxy is there for WebSockets; a filter in the addon can leave them alone",
}
"""By the option's name, in words that follow `option NAME cannot be set here: `."""
