"""The OpenAPI description, put together from what stands beside each route."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wsproxy import __version__
from wsproxy.web.api.routes import PREFIX, Parameter, Route
from wsproxy.web.errors import ERRORS
from wsproxy.web.schemas import SCHEMAS

ALWAYS = ("bad_request", "token_missing", "bad_host", "bad_origin", "internal")
"""Errors that every route may answer."""


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The description of an API with these routes."""
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "wsproxy",
            "version": __version__,
            "description": "Watch and steer the WebSocket connections of a wsproxy.",
        },
        "security": [{"bearer": []}, {"header": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Wsproxy-Token"},
            },
            "schemas": SCHEMAS,
        },
    }


def operation_id(route: Route) -> str:
    """`get_frames_id` for `GET /frames/{id}`."""
    return "_".join([route.method.lower(), *re.findall(r"\w+", route.path)])


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": [
            *(_path_parameter(name) for name in re.findall(r"{(\w+)}", route.path)),
            *(_query_parameter(parameter) for parameter in route.parameters),
        ],
        "responses": {str(route.status): _answer(route), **_errors(route)},
    }
    if route.body:
        schema = {"type": "object", "properties": route.body}
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def _path_parameter(name: str) -> dict[str, Any]:
    kind = {"id": "integer", "number": "integer"}.get(name, "string")
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _query_parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": {"type": parameter.type},
    }


def _answer(route: Route) -> dict[str, Any]:
    if not route.answer:
        return {"description": route.summary}
    schema = {"$ref": f"#/components/schemas/{route.answer}"}
    return {"description": route.summary, "content": {"application/json": {"schema": schema}}}


def _errors(route: Route) -> dict[str, Any]:
    by_status: dict[str, list[str]] = {}
    for code in (*ALWAYS, *route.errors):
        by_status.setdefault(str(ERRORS[code][0]), []).append(f"{code}: {ERRORS[code][1]}")
    schema = {"$ref": "#/components/schemas/Error"}
    return {
        status: {
            "description": "; ".join(texts),
            "content": {"application/json": {"schema": schema}},
        }
        for status, texts in sorted(by_status.items())
    }
