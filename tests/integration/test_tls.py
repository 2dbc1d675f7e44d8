"""TLS on both sides: verified unless told otherwise, and what is wrong is said in one line."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.raw import FIN, RST, Server, both_loops, logged, staged
from tests.support.raw_bytes import frame, upgrade


class Certificates:
    """A certificate authority of the test's own, and what it issued, as files."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.authority = trustme.CA()
        self.trusted = path / "authority.pem"
        self.authority.cert_pem.write_to_path(self.trusted)
        self.server = self.issue("127.0.0.1", "localhost")

    def issue(self, *names: str) -> Path:
        """A PEM file with a certificate for `names` and its key."""
        pem = self._path / f"{len(list(self._path.iterdir()))}.pem"
        self.authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(pem)
        return pem

    def upstream(self, pem: Path | None = None, *, mutual: bool = False) -> Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem or self.server)
        if mutual:
            self.authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return Server(context)

    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.trusted)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """The machine trusts the test's authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.trusted))
    return certificates


@both_loops
async def test_trusted_upstream(trusted: Certificates, caplog: pytest.LogCaptureFixture) -> None:
    async with staged(upstream=trusted.upstream()) as stage:
        await stage.converse()
    assert logged(caplog) == []


@both_loops
@pytest.mark.parametrize(
    ("names", "trusting", "reason"),
    [
        (["127.0.0.1"], False, "unable to get local issuer certificate"),
        (["other.example"], True, "IP address mismatch"),
    ],
)
async def test_upstream_that_cannot_be_trusted(
    names: list[str],
    trusting: bool,
    reason: str,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if trusting:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.trusted))
    async with staged(upstream=certificates.upstream(certificates.issue(*names))) as stage:
        client = await stage.connect()
        await client.send(upgrade())
        head, body = await client.answer()
        assert head.status == 502
        said = body.decode()
        assert said.startswith(f"wsproxy: the certificate of {stage.upstream.url} does not verify")
        assert reason in said
        assert said.count("\n") == 1
        (line,) = logged(caplog)
        assert said.removeprefix("wsproxy: ").strip() in line


@both_loops
async def test_insecure_takes_any_upstream(certificates: Certificates) -> None:
    upstream = certificates.upstream(certificates.issue("other.example"))
    async with staged(upstream=upstream, ssl_insecure=True) as stage:
        await stage.converse()


@both_loops
async def test_upstream_that_speaks_no_tls(caplog: pytest.LogCaptureFixture) -> None:
    async with Server() as plain:
        async with staged(upstream_url=f"wss://{plain.authority}") as stage:
            client = await stage.connect()
            await client.send(upgrade())
            server = await plain.accept()
            await server.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            server.close()
            head, body = await client.answer()
            assert head.status == 502
            assert body.startswith(b"wsproxy: ")
            assert body.count(b"\n") == 1
            said = f"wss://{plain.authority} does not speak TLS; try ws://{plain.authority}"
            assert said in body.decode()
    assert len(logged(caplog)) == 1


@both_loops
async def test_client_certificate_is_shown_to_an_upstream_that_asks(
    trusted: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    pem = trusted.issue("client@example.org")
    async with staged(upstream=trusted.upstream(mutual=True), client_certs=pem) as stage:
        _, server = await stage.upgraded()
        subject = server.writer.get_extra_info("ssl_object").getpeercert()
        assert subject["subjectAltName"] == (("email", "client@example.org"),)
    assert logged(caplog) == []


@both_loops
async def test_upstream_that_misses_a_client_certificate(
    trusted: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(upstream=trusted.upstream(mutual=True)) as stage:
        client = await stage.connect()
        await client.send(upgrade())
        head, body = await client.answer()
        assert head.status == 502
        # asyncio's server sends no alert that would say why.
        said = f"{stage.upstream.url} cut off before it answered"
        assert body.decode() == f"wsproxy: {said}\n"
    (line,) = logged(caplog)
    assert said in line


@both_loops
async def test_listening_with_a_certificate(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(certs=certificates.server) as stage:
        assert stage.proxy.url == f"wss://{stage.authority}"
        await stage.converse(tls=certificates.client())
    assert logged(caplog) == []


@both_loops
async def test_client_that_speaks_no_tls_to_a_tls_port(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(certs=certificates.server) as stage:
        client = await stage.connect()
        await client.send(upgrade())
        assert await client.ending() in (FIN, RST)
        await stage.converse(tls=certificates.client())
    logged(caplog)


@both_loops
async def test_redirect_leads_back_to_the_proxy_with_its_own_scheme(
    certificates: Certificates,
) -> None:
    async with staged(certs=certificates.server) as stage:
        client = await stage.connect(certificates.client())
        await client.send(upgrade(host=stage.authority))
        server = await stage.accept()
        await server.head()
        location = f"http://{stage.upstream.authority}/new"
        await server.send(
            f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert (await client.head()).values("Location") == [f"https://{stage.authority}/new"]


SIDES: dict[str, dict[str, Any]] = {
    "TLS to the client": {"certs": True},
    "TLS to the upstream": {"upstream": True},
    "TLS to both": {"certs": True, "upstream": True},
}


@both_loops
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("ender", ["client", "server"])
@pytest.mark.parametrize("way", [FIN, RST])
async def test_cut_is_seen_as_a_cut(
    sides: str, ender: str, way: str, trusted: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    """TLS ends both directions at once: the end is passed on at once too."""
    settings: dict[str, Any] = {}
    if "certs" in SIDES[sides]:
        settings["certs"] = trusted.server
    if "upstream" in SIDES[sides]:
        settings["upstream"] = trusted.upstream()
    async with staged(**settings) as stage:
        client, server = await stage.upgraded(tls=trusted.client() if "certs" in settings else None)
        one, other = (client, server) if ender == "client" else (server, client)
        last = frame(2, b"last" * 50_000, mask=ender == "client")
        await one.send(last)
        assert await other.read(len(last)) == last
        if way == FIN:
            one.close()
        else:
            one.reset()
        assert await other.ending() == way
    assert logged(caplog) == []
