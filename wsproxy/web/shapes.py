"""What JSON Schemas of the API are put together from."""

from __future__ import annotations

from typing import Any


def optional(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"x-optional": True}


def object_of(**properties: Any) -> dict[str, Any]:
    required = [name for name, schema in properties.items() if "x-optional" not in schema]
    stripped = {
        name: {key: value for key, value in schema.items() if key != "x-optional"}
        for name, schema in properties.items()
    }
    return {"type": "object", "properties": stripped, "required": required}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(of: str | dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": ref(of) if isinstance(of, str) else of}


def or_null(of: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [of, {"type": "null"}]}


STRING = {"type": "string"}
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
BOOLEAN = {"type": "boolean"}
MAYBE_INTEGER = {"type": ["integer", "null"]}
MAYBE_NUMBER = {"type": ["number", "null"]}
MAYBE_STRING = {"type": ["string", "null"]}
DIRECTION = {"type": "string", "enum": ["upstream", "downstream"]}
BOTH = object_of(upstream=INTEGER, downstream=INTEGER)
PAIR = {
    "type": "array",
    "prefixItems": [NUMBER, NUMBER],
    "minItems": 2,
    "maxItems": 2,
    "description": "Upstream and downstream.",
}
HEADERS = list_of({"type": "array", "prefixItems": [STRING, STRING], "minItems": 2, "maxItems": 2})
ANY = {"type": "object", "additionalProperties": True}
COUNTS = {"type": "object", "additionalProperties": INTEGER}
ANYTHING: dict[str, Any] = {}

HTTP_ROW = {
    "id": INTEGER,
    "connection": MAYBE_INTEGER,
    "started": NUMBER,
    "answered": MAYBE_NUMBER,
    "ended": MAYBE_NUMBER,
    "client": STRING,
    "agent": STRING,
    "method": STRING,
    "target": STRING,
    "upstream": STRING,
    "status": MAYBE_INTEGER,
    "reason": STRING,
    "error": MAYBE_STRING,
    "content_type": STRING,
    "request_length": INTEGER,
    "response_length": INTEGER,
    "summary": STRING,
}

NOTE = object_of(
    connection=INTEGER,
    direction=or_null(DIRECTION),
    message=MAYBE_INTEGER,
    note=STRING,
    marked=BOOLEAN,
)

PAYLOAD = object_of(length=INTEGER, recorded=INTEGER, text=BOOLEAN, base64=STRING)

ROW = {
    "id": INTEGER,
    "connection": INTEGER,
    "direction": DIRECTION,
    "time": NUMBER,
    "opcode": STRING,
    "fin": BOOLEAN,
    "rsv1": BOOLEAN,
    "payload_length": INTEGER,
    "content_length": INTEGER,
    "message": MAYBE_INTEGER,
    "preview": STRING,
    "verdict": {"type": "string", "enum": ["relayed", "changed", "dropped", "injected"]},
    "marks": list_of(STRING),
    "note": optional(STRING),
    "marked": optional(BOOLEAN),
    "origin": optional(STRING),
    "summary": optional(STRING),
    "protocol": optional(STRING),
    "kind": optional(STRING),
    "latency": optional(NUMBER),
    "columns": optional(list_of(MAYBE_STRING)),
    "colours": optional(list_of(INTEGER)),
}
