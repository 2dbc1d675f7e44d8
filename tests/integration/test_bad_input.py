"""Whatever goes wrong: one clear line to whom it concerns, and the proxy goes on."""

from __future__ import annotations

import resource
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.raw import FIN, Server, both_loops, logged, staged
from tests.support.raw_bytes import ACCEPT, KEY, frame, lines, upgrade
from tests.support.raw_child import child
from wsproxy.app import Proxy
from wsproxy.config import Settings
from wsproxy.errors import WsproxyError
from wsproxy.store.lock import Lock
from wsproxy.store.reader import Capture


def one_line(body: bytes) -> str:
    """The text of an answer of the proxy's own."""
    text = body.decode().removesuffix("\n")
    assert text
    assert "\n" not in text
    return text


REQUESTS = {
    "no HTTP": (b"hello, is it me you're looking for?\r\n\r\n", 400),
    "TLS": (bytes.fromhex("16030100c8010000c40303") + b"\x00\xff" * 100, 400),
    "zeros": (bytes(100), 400),
    "no host": (lines("GET / HTTP/1.1"), 400),
    "version of the future": (lines("GET / HTTP/9.9", "Host: x"), 400),
    "a space in the target": (lines("GET /a b HTTP/1.1", "Host: x"), 400),
    "bytes in the target": (lines("GET /gr\xfc\xdfe HTTP/1.1", "Host: x"), 400),
    "no colon": (lines("GET / HTTP/1.1", "Host x"), 400),
    "a control character": (lines("GET / HTTP/1.1", "Host: x", "X: a\x00b"), 400),
    "two lengths": (lines("POST / HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400),
    "a length of a kind": (lines("POST / HTTP/1.1", "Content-Length: many"), 400),
    "a very long header": (lines("GET / HTTP/1.1", "X: " + "x" * 70_000), 400),
    "no key": (upgrade().replace(f"Sec-WebSocket-Key: {KEY}\r\n".encode(), b""), 400),
    "two keys": (upgrade("/", f"Sec-WebSocket-Key: {KEY}"), 400),
    "a short key": (upgrade().replace(KEY.encode(), b"c2hvcnQ="), 400),
    "a key that is not base64": (upgrade().replace(KEY.encode(), b"!" * 24), 400),
    "version 8": (upgrade().replace(b"Version: 13", b"Version: 8"), 426),
    "no WebSocket version": (upgrade().replace(b"Sec-WebSocket-Version: 13\r\n", b""), 426),
    "a POST": (upgrade().replace(b"GET", b"POST"), 400),
}


@both_loops
@pytest.mark.parametrize("name", REQUESTS)
async def test_bad_request(name: str, caplog: pytest.LogCaptureFixture) -> None:
    request, status = REQUESTS[name]
    async with staged() as stage:
        client = await stage.connect()
        client.writer.write(request)
        head, body = await client.answer()
        assert head.status == status
        assert one_line(body)
        if status == 426:
            assert head.values("Sec-WebSocket-Version") == ["13"]  # RFC 6455, section 4.2.2
        await stage.converse()
    assert len(logged(caplog)) == 1


@both_loops
async def test_client_that_leaves_in_the_middle_of_its_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged() as stage:
        for size in (1, 20, len(upgrade()) - 1):
            client = await stage.connect()
            await client.send(upgrade()[:size])
            client.finish()
            assert await client.ending() == FIN
            client = await stage.connect()
            await client.send(upgrade()[:size])
            client.reset()
        await stage.converse()
    assert not logged(caplog)


@both_loops
async def test_absolute_target_is_relayed_to_the_upstream_and_nowhere_else() -> None:
    """RFC 9112, section 3.2.2: a server has to accept it."""
    async with staged() as stage, Server() as other:
        client = await stage.connect()
        await client.send(lines(f"GET http://{other.authority}/path?query HTTP/1.1", "Host: x"))
        server = await stage.accept()
        assert (await server.head()).start == "GET /path?query HTTP/1.1"


@both_loops
@pytest.mark.parametrize("target", ["@{}", "me:pass@{}", ".example:80"])
async def test_tunnel_leads_nowhere(target: str, caplog: pytest.LogCaptureFixture) -> None:
    """The upstream is the one server that clients reach, whatever they write."""
    async with Server() as other:
        # Without a port, so that a target could be taken for the rest of an address.
        async with staged(upstream_url="ws://127.0.0.1") as stage:
            client = await stage.connect()
            await client.send(
                lines(f"CONNECT {target} HTTP/1.1".format(other.authority), "Host: x")
            )
            head, body = await client.answer()
            assert 400 <= head.status < 500
            assert one_line(body)
            assert other.idle
    assert len(logged(caplog)) == 1


@both_loops
async def test_frames_sent_before_a_refusal_are_no_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A client that does not wait for the 101 gets the refusal, and its frames are dropped."""
    async with staged() as stage:
        client = await stage.connect()
        await client.send(upgrade() + frame(1, b"too early", mask=True))
        server = await stage.accept()
        await server.head()
        await server.send(lines("HTTP/1.1 403 Forbidden", "Content-Length: 2") + b"no")
        head, body = await client.answer()
        assert (head.status, body) == (403, b"no")
        assert await client.ending() == FIN
        await stage.converse()
    assert not logged(caplog)


ANSWERS: dict[str, tuple[bytes | None, str]] = {
    # What the upstream sends before it cuts off (None: a reset), and what is said of it.
    "nothing": (b"", "cut off before it answered"),
    "a reset": (None, "cut off before it answered"),
    "half a line": (b"HTTP/1.1 101 Swi", "cut off before it answered"),
    "half a head": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: w",
        "cut off before it answered",
    ),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "answered something that is not HTTP"),
    "zeros": (bytes(100), "answered something that is not HTTP"),
    "bad header": (lines("HTTP/1.1 101 OK", "Upgrade"), "answered something that is not HTTP"),
    "endless length": (
        lines("HTTP/1.1 200 OK", f"Content-Length: {'9' * 5000}"),
        "answered something that is not HTTP",
    ),
    "interim answers": (
        lines("HTTP/1.1 102 Processing") * 101,
        "answered something that is not HTTP",
    ),
    "wrong accept": (
        lines(
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {ACCEPT.swapcase()}",
        ),
        "wrong Sec-WebSocket-Accept",
    ),
    "no accept": (
        lines("HTTP/1.1 101 OK", "Upgrade: websocket", "Connection: Upgrade"),
        "wrong Sec-WebSocket-Accept",
    ),
    "another protocol": (
        lines("HTTP/1.1 101 OK", "Upgrade: h2c", "Connection: Upgrade"),
        "without upgrading to websocket",
    ),
    "no upgrade": (lines("HTTP/1.1 101 OK"), "without upgrading to websocket"),
}


@both_loops
@pytest.mark.parametrize("name", ANSWERS)
async def test_bad_answer(name: str, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    answer, reason = ANSWERS[name]
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client = await stage.connect()
        await client.send(upgrade("/bad"))
        server = await stage.accept()
        await server.head()
        if answer is None:
            server.reset()
        else:
            server.writer.write(answer)
            server.close()
        head, body = await client.answer()
        assert head.status == 502
        assert reason in one_line(body)
        await stage.converse()
        recorded = await stage.recorded()
    assert recorded.end[:3] == ("failed", "server", 502)
    assert reason in recorded.end[3]
    (line,) = logged(caplog)
    assert reason in line


@both_loops
async def test_upstream_that_is_down_and_comes_up(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with staged(upstream_url=f"ws://127.0.0.1:{port}") as stage:
        client = await stage.connect()
        await client.send(upgrade())
        head, body = await client.answer()
        assert head.status == 502
        said = f"wsproxy: cannot connect to ws://127.0.0.1:{port}: connection refused"
        assert one_line(body).lower() == said
        async with Server(port=port) as upstream:
            stage.accept = upstream.accept
            await stage.converse()
    assert len(logged(caplog)) == 1


@both_loops
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 101 Switching Pro"])
async def test_upstream_that_hangs(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with staged(handshake_timeout=0.2) as stage:
        client = await stage.connect()
        await client.send(upgrade())
        server = await stage.accept()
        await server.head()
        await server.send(said)
        head, body = await client.answer()
        assert head.status == 504
        assert "did not answer within 0.2 seconds" in one_line(body)
        assert await server.ending() == FIN
        await stage.converse()
    assert len(logged(caplog)) == 1


@both_loops
async def test_client_that_leaves_while_the_upstream_thinks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged() as stage:
        client = await stage.connect()
        await client.send(upgrade())
        server = await stage.accept()
        await server.head()
        client.reset()
        await stage.converse()
        await server.send(lines("HTTP/1.1 101 OK", "Upgrade: websocket", "Connection: Upgrade"))
        await server.ending()
    logged(caplog)


# What the user has to mend before anything starts.


def missing(path: Path) -> Path:
    return path / "missing" / "file"


def folder(path: Path) -> Path:
    return path


def text(path: Path) -> Path:
    (path / "text").write_text("Dear diary,\n" * 1000)
    return path / "text"


def other_database(path: Path) -> Path:
    with sqlite3.connect(path / "other.db") as db:
        db.execute("CREATE TABLE connection (id INTEGER PRIMARY KEY)")
    db.close()
    return path / "other.db"


def folder_of_other_things(path: Path) -> Path:
    (path / "letters").mkdir()
    (path / "letters" / "to-mum.txt").write_text("Dear mum")
    return path / "letters"


def newer_capture(path: Path) -> Path:
    (path / "newer.wsproxy").mkdir(mode=0o700)
    with sqlite3.connect(path / "newer.wsproxy" / "index.sqlite") as db:
        db.execute(f"PRAGMA application_id = {0x77737078}")
        db.execute("PRAGMA user_version = 99")
        db.execute("CREATE TABLE something (id)")
    db.close()
    return path / "newer.wsproxy"


STARTS: list[tuple[str, Callable[[Path], Path], str]] = [
    ("certs", missing, "cannot read the certificate {}: no such file or directory"),
    ("certs", folder, "cannot read the certificate {}: is a directory"),
    ("certs", text, "{} is not a PEM file with a certificate and its key"),
    ("client_certs", missing, "cannot read the certificate {}: no such file or directory"),
    ("client_certs", text, "{} is not a PEM file with a certificate and its key"),
    ("capture", missing, "cannot write the capture {}: no such file or directory"),
    ("capture", folder_of_other_things, "{} is not a capture of wsproxy: it is a folder of other"),
    ("capture", text, "{} is not a capture of wsproxy"),
    ("capture", other_database, "{} is not a capture of wsproxy"),
    ("capture", newer_capture, "{} is a capture of another version of wsproxy (99)"),
]


@both_loops
@pytest.mark.parametrize(("setting", "make", "message"), STARTS)
async def test_bad_file(
    tmp_path: Path, setting: str, make: Callable[[Path], Path], message: str
) -> None:
    path = make(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(WsproxyError) as error:
        async with staged(**{setting: path}):  # type: ignore[arg-type]
            pass
    assert str(error.value).startswith(message.format(path))
    assert "\n" not in str(error.value)
    assert contents(tmp_path) == before


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.is_file()}


@both_loops
async def test_port_in_use(tmp_path: Path) -> None:
    path = tmp_path / "c.wsproxy"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        proxy = Proxy(Settings(upstream_url="ws://x", listen_port=port, capture=path))
        with pytest.raises(WsproxyError) as error:
            await proxy.start()
    said = f"cannot listen on 127.0.0.1:{port}: address already in use"
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)
    # Nothing is left open: the capture can be had at once, and the port with it.
    lock = Lock(path)
    lock.release()


@both_loops
async def test_address_of_another_machine() -> None:
    proxy = Proxy(Settings(upstream_url="ws://x", listen_host="192.0.2.1", listen_port=0))
    with pytest.raises(WsproxyError, match=r"^cannot listen on 192\.0\.2\.1:0: [^\n]+$"):
        await proxy.start()


@pytest.mark.parametrize("port", [-1, 65536])
async def test_port_that_cannot_be(port: int) -> None:
    with pytest.raises(WsproxyError, match=rf"^[^\n]*{port}[^\n]*$"):
        await Proxy(Settings(upstream_url="ws://x", listen_port=port)).start()


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
@both_loops
async def test_full_disk_costs_the_record_but_not_the_traffic(
    tmp_path: Path, loop_name: str
) -> None:
    path = tmp_path / "c.wsproxy"
    message = frame(2, bytes(200_000), mask=True)
    async with child(loop_name, capture=str(path)) as stage:
        client, server = await stage.upgraded()

        async def pass_messages(count: int) -> int:
            for _ in range(count):
                client.writer.write(message)
                assert await server.read(len(message)) == message
            return count

        passed = await pass_messages(5)
        unlimited = resource.prlimit(stage.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(stage.process.pid, resource.RLIMIT_FSIZE, (4096, unlimited[1]))
        passed += await pass_messages(30)
        assert "cannot write the capture" in await stage.log_line()
        passed += await pass_messages(100)  # many times what is written at once
        resource.prlimit(stage.process.pid, resource.RLIMIT_FSIZE, unlimited)
        passed += await pass_messages(5)
        client.finish()
        assert await server.ending() == FIN
        server.close()
        assert await client.ending() == FIN  # so that the proxy has nothing to close
        log = await stage.stop()
    assert [line for line in log if "cannot write" in line] == []  # it was said once
    assert not any("Traceback" in line for line in log)
    capture = Capture(path)
    recorded = sum(1 for _ in capture.frames(1))
    left_out = sum(counted.frames for counted in capture.left_out().values())
    capture.close()
    assert 0 < recorded < passed
    assert recorded + left_out == passed  # nothing is lost silently
