"""JSON-RPC, LSP and the DevTools protocol."""

from __future__ import annotations

import json

import pytest

from tests.unit.payloads.talk import DOWN, UP, Talk


def test_requests_and_answers() -> None:
    talk = Talk()
    assert talk.up('{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}') == "1 add [1,2]"
    assert talk.down('{"jsonrpc":"2.0","id":1,"result":3}') == "1 result of add 3"
    talk.up('{"jsonrpc":"2.0","id":"1","method":"b"}')
    error = '{"jsonrpc":"2.0","id":"1","error":{"code":-32601,"message":"Method not found"}}'
    assert talk.down(error) == "1 error -32601 Method not found of b"
    assert talk.up('{"jsonrpc":"2.0","method":"tell","params":{"a":1}}') == "notify tell {a:1}"


def test_a_batch() -> None:
    talk = Talk()
    batch = '[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"b"}]'
    assert talk.lines(UP, batch) == ["1 a", "notify b"]


def test_both_sides_may_ask_with_the_same_id() -> None:
    talk = Talk()
    assert talk.pair(UP, '{"jsonrpc":"2.0","id":1,"method":"a"}') == ("1", "request", "upstream")
    assert talk.pair(DOWN, '{"jsonrpc":"2.0","id":1,"method":"b"}') == (
        "1",
        "request",
        "downstream",
    )
    assert talk.pair(UP, '{"jsonrpc":"2.0","id":1,"result":0}') == ("1", "answer", "downstream")
    assert talk.down('{"jsonrpc":"2.0","id":1,"result":0}') == "1 result of a 0"
    assert talk.pair(UP, '{"jsonrpc":"2.0","id":"1","method":"a"}') == (
        '"1"',
        "request",
        "upstream",
    )


def test_the_header_of_lsp() -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize"})
    assert Talk().up(f"Content-Length: {len(body)}\r\n\r\n{body}") == "0 initialize"


class TestDevTools:
    def talk(self) -> Talk:
        return Talk(target="/devtools/browser/4f3c")

    def test_sessions(self) -> None:
        talk = self.talk()
        call = {"id": 31, "method": "Runtime.callFunctionOn", "sessionId": "B2CE3F"}
        assert talk.up(json.dumps(call)) == "31 Runtime.callFunctionOn [sess B2CE]"
        talk.up(json.dumps({"id": 31, "method": "Page.enable", "sessionId": "AAAA11"}))
        answer = json.dumps({"id": 31, "result": {"a": 1}, "sessionId": "B2CE3F"})
        assert talk.down(answer) == "31 result of Runtime.callFunctionOn {a:1}"
        assert talk.down('{"method":"Target.targetCreated","params":{}}') == (
            "event Target.targetCreated"
        )

    @pytest.mark.parametrize("length", [8_400_000, 300_000])
    def test_a_long_answer_is_known_by_its_ends(self, length: int) -> None:
        talk = self.talk()
        talk.up('{"id":31,"method":"Runtime.callFunctionOn","sessionId":"B2CE3F"}')
        answer = '{"id":31,"result":{"value":"' + "x" * length + '"},"sessionId":"B2CE3F"}'
        line = talk.down(answer)
        assert line.startswith("31 result of Runtime.callFunctionOn") and line.endswith("B")
        assert ("8.4 MB" in line) == (length == 8_400_000)

    def test_an_answer_of_which_the_end_was_not_recorded(self) -> None:
        talk = self.talk()
        talk.up('{"id":1,"method":"Page.captureScreenshot"}')
        line = talk.down('{"id":1,"result":{"data":"' + "A" * 1000, 2_000_000)
        assert line == "1 result of Page.captureScreenshot 2.0 MB"
