"""NATS' commands, several in a message or one in several."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.payloads.talk import DOWN, UP, Talk, cuts


def test_lines() -> None:
    talk = Talk()
    assert talk.down(b'INFO {"server_name":"s","version":"2.10"}\r\n') == (
        'INFO {server_name:"s",version:"2.10"}'
    )
    assert talk.conversation.protocol == "nats"
    assert talk.lines(UP, b"SUB a 1\r\nPUB a 5\r\nhello\r\nPING\r\n") == [
        "SUB a sid=1",
        "PUB a 5 B hello",
        "PING",
    ]
    assert talk.lines(DOWN, b"+OK\r\nMSG a 1 2\r\nhi\r\nPONG\r\n-ERR 'no'\r\n") == [
        "+OK",
        "MSG a sid=1 2 B hi",
        "PONG",
        "-ERR 'no'",
    ]
    assert talk.up(b"sub a q 2\r\n") == "SUB a queue=q sid=2"
    assert talk.up(b"UNSUB 2 5\r\n") == "UNSUB sid=2 max=5"


def test_headers() -> None:
    talk = Talk("nats")
    (found,) = talk.feed(UP, b"HPUB a 22 27\r\nNATS/1.0\r\nBar: Baz\r\n\r\nhello\r\n")
    assert found.summary == "HPUB a 5 B hello"
    assert found.value["headers"] == "NATS/1.0\r\nBar: Baz"


def test_secrets_are_not_shown() -> None:
    (found,) = Talk("nats").feed(UP, b'CONNECT {"user":"u","pass":"hunter2"}\r\n')
    assert "hunter2" not in f"{found.summary} {found.tree}"


def test_a_command_over_several_messages() -> None:
    talk = Talk("nats")
    assert talk.up(b"PUB a 5\r\nhe") == "(partial) PUB 11 B of 16 B"
    assert talk.lines(UP, b"llo\r\nPI") == ["PUB a 5 B hello", "(partial) PI 2 B"]
    assert talk.up(b"NG\r\n") == "PING"


def test_requests_and_answers() -> None:
    talk = Talk("nats")
    assert talk.pair(UP, b"PUB a _INBOX.1 0\r\n\r\n") == ("_INBOX.1", "request", "upstream")
    assert talk.pair(DOWN, b"MSG _INBOX.1 9 2\r\nhi\r\n") == ("_INBOX.1", "answer", "upstream")
    assert talk.pair(DOWN, b"MSG b 2 _INBOX.7 0\r\n\r\n") == ("_INBOX.7", "request", "downstream")
    assert talk.pair(UP, b"PUB _INBOX.7 0\r\n\r\n") == ("_INBOX.7", "answer", "downstream")
    assert talk.pair(UP, b"PUB a 0\r\n\r\n") is None


def test_what_was_not_recorded_of_a_payload_is_counted() -> None:
    talk = Talk("nats")
    # 300 bytes of payload, of which 10 were kept; the rest of the message is missing.
    assert talk.up(b"PUB a 300\r\n" + b"x" * 10, 11 + 302) == "PUB a 300 B xxxxxxxxxx…"
    assert talk.up(b"PING\r\n") == "PING"


SUBJECTS = st.text("abc.>*", min_size=1, max_size=8)
COMMANDS = st.one_of(
    st.tuples(st.just("PUB"), SUBJECTS, st.binary(max_size=40)),
    st.tuples(st.just("SUB"), SUBJECTS, st.just(b"")),
    st.tuples(st.just("PING"), st.just(""), st.just(b"")),
)


@given(st.data(), st.lists(COMMANDS, min_size=1, max_size=8))
def test_cut_anywhere(data: st.DataObject, commands: list[tuple[str, str, bytes]]) -> None:
    wire = b""
    for name, subject, content in commands:
        if name == "PUB":
            wire += f"PUB {subject} {len(content)}\r\n".encode() + content + b"\r\n"
        else:
            wire += b"PING\r\n" if name == "PING" else f"SUB {subject} 1\r\n".encode()
    talk = Talk("nats")
    found = [one for piece in data.draw(cuts(wire)) for one in talk.feed(UP, piece)]
    whole = [one for one in found if one.kind != "(partial)"]
    assert [
        (one.kind, one.value.get("subject", ""), one.value.get("content", b"")) for one in whole
    ] == commands
