"""Leaving payloads at the instance: whole, cut to a size, or headers only."""

from __future__ import annotations

from array import array
from dataclasses import replace

from wsproxy.model.batches import Batch
from wsproxy.model.blocks import Block, Note
from wsproxy.model.records import FaultRecord, MessageRecord
from wsproxy.protocol.frames import Opcode

CLOSE_KEPT = 125
"""A Close frame keeps its code and reason: they say how the connection ended."""


_NO_NOTE = Note()


def cut(batch: Batch, limit: int) -> Batch:
    """The batch with at most `limit` bytes of each payload and content."""
    columns = batch.block.columns
    if all(
        size - header <= limit for size, header in zip(columns.sizes, columns.headers, strict=True)
    ) and not (any(columns.contents) or batch.messages or batch.faults or batch.http):
        return batch
    block = _cut_block(batch.block, limit)
    messages = [_cut_message(message, limit) for message in batch.messages]
    http = [
        replace(one, request_body=one.request_body[:limit], response_body=one.response_body[:limit])
        for one in batch.http
    ]
    faults = [_cut_fault(fault, limit) for fault in batch.faults]
    return replace(batch, block=block, messages=messages, faults=faults, http=http)


def _cut_block(block: Block, limit: int) -> Block:
    columns, stored, contents = block.columns, block.stored, block.contents
    sizes, content_sizes = array("I"), array("I")
    pieces: list[bytes] = []
    content_pieces: list[bytes] = []
    notes = dict(block.notes)
    same: dict[Note, Note] = {}
    at = content_at = 0
    for index, (size, header, first, content) in enumerate(
        zip(columns.sizes, columns.headers, columns.firsts, columns.contents, strict=True)
    ):
        kept = min(size, header + (CLOSE_KEPT if first & 0x0F == Opcode.CLOSE else limit))
        pieces.append(stored[at : at + kept])
        at += size
        sizes.append(kept)
        note = notes.get(index, _NO_NOTE)
        if kept < size and note.received is None:
            # What the capture has of it was all that came.
            note = note._replace(received=size - header)
        if content:
            whole = content - 1
            content_pieces.append(contents[content_at : content_at + min(whole, limit)])
            content_at += whole
            if whole > limit and note.content_length is None:
                note = note._replace(content_length=whole)
            content = min(whole, limit) + 1
        content_sizes.append(content)
        if note != _NO_NOTE:
            # One object for equal notes: `dump_notes` then writes them once.
            notes[index] = same.setdefault(note, note)
    shortened = columns._replace(sizes=sizes, contents=content_sizes)
    return Block(shortened, pieces, content_pieces, notes)


def _cut_message(message: MessageRecord, limit: int) -> MessageRecord:
    sent = message.sent[:limit] if message.sent is not None else None
    return replace(message, content=message.content[:limit], sent=sent)


def _cut_fault(fault: FaultRecord, limit: int) -> FaultRecord:
    return fault._replace(before=fault.before[:limit], after=fault.after[:limit])
