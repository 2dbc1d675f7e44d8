"""Addons behave in wsproxy as they do in mitmdump: the same conversation through both.

What differs on purpose is listed in DIFFERENCES and nowhere else; docs/mitmproxy.md explains it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.support.conversations import (
    HEAR,
    Close,
    Hear,
    echoed,
    get,
    talk,
)
from tests.support.side_by_side import (
    BIN,
    Conversation,
    Transcript,
    addon,
    through,
    through_both,
)

pytestmark = pytest.mark.skipif(not (BIN / "mitmdump").exists(), reason="mitmdump is not installed")


ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Case:
    """An addon and a conversation."""

    addon: str
    conversation: Conversation | tuple[Conversation, ...]
    sets: tuple[str, ...] = ()
    http: bool = False
    name: str = ""
    prints: bool = True
    """Whether the addon prints anything, which is to be compared, too."""
    difference: str | None = None

    @property
    def id(self) -> str:
        return self.name or self.addon

    @property
    def arguments(self) -> list[str]:
        return [
            *(addon(self.addon) if self.addon else ()),
            *(word for each in self.sets for word in ("--set", each)),
        ]


CHAT = talk(echoed("hello", b"\x00\x01\x02", "grüße 世界", ""))
LIVELY = (
    talk([*echoed("hello", "in pieces, please"), Close(4001, "bye bye")]),
    talk(["close, please", HEAR], compress=False),
)
PAGES = get("GET /plain", "POST /plain X-Secret=1 some text", "GET /chunked", "GET /missing")

CASES = [
    Case("every_hook", LIVELY),
    Case("every_hook", LIVELY, ("connection_strategy=lazy",), name="every_hook_lazily"),
    Case("every_hook", PAGES, http=True, name="every_hook_of_pages"),
    Case("rewrite", CHAT),
    Case("rewrite", talk(echoed("hello", b"\x00\x01", ""), compress=False), name="rewrite_plain"),
    Case(
        "same_length",
        talk(echoed(["one, ", "two, ", "three"], "plain", ["größe ", "eins"])),
        difference="one frame",
    ),
    Case(
        "same_length",
        talk(echoed(["one, ", "two, ", "three"], ["größe ", "eins"]), compress=False),
        name="same_length_plain",
    ),
    Case("longer", talk(echoed("abc", "empty me", ["in ", "pieces"], "", "ä" * 300))),
    Case("drops", talk(["one", HEAR, "drop this", "two", HEAR, b"drop", "three", HEAR])),
    Case(
        "injects",
        talk(["to client", Hear(2), "to server", Hear(2), "binary", Hear(2), "end", HEAR]),
    ),
    Case("greets", talk([HEAR, "thanks", HEAR])),
    Case("module_level", CHAT),
    Case("waits", talk(echoed("one", "two", "three"))),
    Case(
        "waits",
        talk(["one", "two", "three", Hear(3), "four", HEAR]),
        name="waits_for_many",
        difference="directions take turns",
    ),
    Case("threads", talk(echoed("one", "two"))),
    Case("has_options", talk(echoed("change"))),
    Case(
        "has_options",
        talk(echoed("hello")),
        (
            "a_bool=true",
            "a_str=a text",
            "an_optional=x=y",
            "an_int=42",
            "an_optional_int=5",
            "a_list=one",
            "a_list=two",
            "a_choice=two",
        ),
        name="has_options_set",
    ),
    Case("has_commands", talk(echoed("hey"))),
    Case("wrong_command", talk(echoed("hey"))),
    Case("remembers", talk(echoed("one", "two"), path="/chat?room=1")),
    Case("intercepts", talk([*echoed("hello"), "hold", "after", Hear(2)])),
    Case("filters", talk(echoed("hay", "needle", "hay"), colour="red")),
    Case("raises", talk(echoed("one", "two"))),
    Case("several", talk(echoed("hello", "stop at first.a", "stop at second", "raise at first"))),
    Case("trims", talk(echoed("a", "clear", "b", "replace", "swap", "pop", "c"))),
    Case("logs", talk(echoed("hello"))),
    Case("logs", talk(echoed("hello")), ("termlog_verbosity=debug",), name="logs_debug"),
    Case("answers_early", talk([], path="/forbidden/chat"), name="answers_upgrade_early"),
    Case(
        "answers_early",
        get("GET /forbidden", "GET /plain", "POST /teapot some text"),
        http=True,
    ),
    Case(
        "refuses_upgrade",
        (talk(echoed("hi"), path="/private"), talk(echoed("hi"))),
    ),
    Case("changes_http", PAGES, http=True),
    Case("changes_http", get("PUT /plain?a=b text", "GET /cookie"), http=True, name="changes_put"),
    Case(
        "streams",
        get("GET /chunked/all", "GET /chunked/pieces", "GET /plain", "POST /request some text"),
        http=True,
    ),
    Case(
        "kills_http",
        get("GET /plain", "GET /headers", "GET /request", "GET /answer", "GET /late"),
        http=True,
    ),
    Case(
        "refuses_connections",
        (talk([]), get("GET /plain")),
        ("connection_strategy=lazy",),
        difference="an unreachable server is said",
    ),
    Case("blocks", talk(echoed("one", "block", "two"))),
]

BUILT_IN = [
    Case(
        "every_hook",
        (talk(echoed("a")), talk(echoed("b"), path="/old?x=1")),
        ("map_remote=|/old|/new", "modify_headers=/~q/x-colour/red"),
        name="map_remote_path",
    ),
    Case(
        "every_hook",
        talk(echoed("b"), path="/old?x=1"),
        ("map_remote=|//127.0.0.1|//localhost", "connection_strategy=lazy"),
        name="map_remote_host",
    ),
    Case(
        "every_hook",
        get("GET /plain", "GET /local/page.txt", "GET /local/none"),
        (f"map_local=|/local|{Path(__file__).parent.parent / 'support' / 'mitm_files'}",),
        http=True,
        name="map_local",
    ),
    Case(
        "every_hook",
        (talk(echoed("a"), path="/blocked"), talk(echoed("b")), talk([], path="/cut")),
        ("block_list=/~u blocked/403", "block_list=/~u cut/444"),
        name="block_list",
    ),
    Case(
        "",
        get("GET /plain", "POST /plain text", "GET /chunked"),
        ("modify_headers=/~s/x-page", "modify_body=/~s/hello/bye", "modify_body=/~q/text/TEXT"),
        http=True,
        prints=False,
        name="modify_headers_and_body",
    ),
    Case(
        "",
        get("GET /cookie", "GET /plain", "GET /plain Authorization=me", "GET /plain"),
        ("stickycookie=.*", "stickyauth=.*"),
        http=True,
        prints=False,
        name="sticky",
    ),
    Case(
        "",
        get("GET /plain If-None-Match=x", "GET /plain Accept-Encoding=gzip"),
        ("anticache=true", "anticomp=true"),
        http=True,
        prints=False,
        name="anticache",
    ),
    Case(
        "streams",
        get("POST /plain long enough to be streamed", "GET /chunked", "GET /plain"),
        ("stream_large_bodies=10",),
        http=True,
        name="stream_large_bodies",
    ),
    Case(
        "every_hook",
        get("POST /plain much-too-long-for-it", "GET /plain"),
        ("body_size_limit=10", "connection_strategy=lazy"),
        http=True,
        name="body_size_limit",
    ),
]

SAMPLES = [
    Case(
        "rewrite_json_field",
        talk(echoed('{"price": 5, "name": "x"}', "no json", b"\x00", '{"name": "y"}')),
        prints=False,
    ),
    Case("hide_heartbeats", talk(echoed("2", "hello", "ping", "bye"))),
    Case(
        "redact_secrets",
        talk(echoed('{"token": "abc", "a": 1}', "card 4111 1111 1111 1111", "key-77 and more")),
        ("redact=key-[0-9]+",),
        prints=False,
    ),
    Case(
        "slow_down_user",
        (talk(echoed("a", "b"), path="/chat?user=alice"), talk(echoed("c"), path="/chat?user=bob")),
        ("slow_milliseconds=50",),
        prints=False,
    ),
    Case(
        "check_origin",
        (talk(echoed("a"), origin="https://app.example"), talk(echoed("b"))),
        ("allowed_origin=https://app.example",),
    ),
    Case(
        "log_topic",
        talk(echoed('{"topic": "prices", "n": 1}', '{"topic": "news"}', "none")),
        prints=False,
    ),
    Case("notify_on_timer", talk([HEAR, HEAR]), ("notify_seconds=0.05",), prints=False),
    Case(
        "decode_socketio",
        talk(echoed('42["join", {"room": 1}]', '42["leave"]', "2")),
        ("rename_event=join:enter",),
    ),
]

DIFFERENCES = {
    "text is never damaged": "mitmproxy splits a changed text every 4,000 bytes, in mid-character",
    "invalid text passes": "mitmproxy replaces what is not UTF-8 in a text message",
    "kill closes": "mitmproxy only marks a WebSocket's flow as killed, and traffic goes on",
    "an abort stays an abort": "mitmproxy sends Close 1000 to the peer of one that broke off",
    "history is bounded": "mitmproxy keeps every message of a flow until it ends",
    "an unreachable server is said": "mitmproxy closes early connections without an answer",
    "unknown options are errors": "mitmproxy ignores a --set that nobody knows",
    "one frame": "mitmproxy splits a changed message into frames of 4,000 bytes",
    "directions take turns": "mitmproxy's queue holds both directions in the order of arrival",
}

SEPARATELY: dict[str, Callable[[list[str]], list[str]]] = {
    "one frame": lambda lines: [re.sub(r" in \[[\d, ]*\]$", "", line) for line in lines],
    "directions take turns": sorted,
    "an unreachable server is said": lambda lines: [
        re.sub(r"^(client: (refused )?502).*", r"\1", line) for line in lines
    ],
}
"""How transcripts of cases that meet a difference are made comparable."""


@pytest.mark.parametrize("case", CASES + BUILT_IN, ids=[case.id for case in CASES + BUILT_IN])
async def test_the_same_conversation_through_both(case: Case) -> None:
    talks = case.conversation if isinstance(case.conversation, tuple) else (case.conversation,)
    mitmdump, wsproxy = await through_both(case.arguments, *talks, http=case.http)
    lines = [_lines(mitmdump), _lines(wsproxy)]
    if case.difference is not None:
        lines = [SEPARATELY[case.difference](each) for each in lines]
    assert not _diff(*lines), _diff(*lines)
    assert mitmdump.client
    assert bool(mitmdump.printed) == case.prints, mitmdump.output


@pytest.mark.parametrize("case", SAMPLES, ids=[case.id for case in SAMPLES])
async def test_the_samples(case: Case, tmp_path: Path) -> None:
    def arguments(name: str) -> list[str]:
        sets = [*case.sets, f"topic_file={tmp_path / name}"]
        if case.addon != "log_topic":
            sets.pop()
        script = ["-s", str(ROOT / "addons" / f"{case.addon}.py")]
        return [*script, *(word for each in sets for word in ("--set", each))]

    talks = case.conversation if isinstance(case.conversation, tuple) else (case.conversation,)
    mitmdump, wsproxy = await asyncio.gather(
        *(through(name, arguments(name), *talks) for name in ("mitmdump", "wsproxy"))
    )
    lines = [_lines(mitmdump), _lines(wsproxy)]
    for each, transcript in zip(lines, (mitmdump, wsproxy), strict=True):
        each += _own_lines(transcript)
    if case.addon == "log_topic":
        for each, name in zip(lines, ("mitmdump", "wsproxy"), strict=True):
            each += (tmp_path / name).read_text().splitlines()
        assert len(lines[0]) > len(_lines(mitmdump))
    if case.addon == "notify_on_timer":
        lines = [each[:3] for each in lines]  # how many more come until the end is a matter of time
    assert not _diff(*lines), _diff(*lines)
    assert bool(_own_lines(mitmdump)) == case.prints, mitmdump.output


def _own_lines(transcript: Transcript) -> list[str]:
    """What a sample printed: neither logged by the proxy nor by the marker."""
    return [
        line
        for line in transcript.output.splitlines()
        if not line.startswith(("[", "MARK", "wsproxy"))
    ]


def _diff(mitmdump: list[str], wsproxy: list[str]) -> str:
    return "\n".join(unified_diff(mitmdump, wsproxy, "mitmdump", "wsproxy", lineterm=""))


def _lines(transcript: Transcript) -> list[str]:
    return [
        *("client: " + line for line in transcript.client),
        *("server: " + line for line in transcript.server),
        *("addon: " + line for line in transcript.printed),
    ]
