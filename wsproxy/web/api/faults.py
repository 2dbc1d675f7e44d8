"""Faults on live traffic."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from wsproxy.errors import FaultError
from wsproxy.web.api.routes import Route, body_of, text_of
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError
from wsproxy.web.interfaces import FaultControl


async def listed(ctx: Context, request: web.Request) -> web.Response:
    """All faults."""
    return _all(_control(ctx))


async def types(ctx: Context, request: web.Request) -> web.Response:
    """What faults there are."""
    return web.json_response({"types": _control(ctx).types()})


async def add(ctx: Context, request: web.Request) -> web.Response:
    """Add a fault."""
    control = _control(ctx)
    spec = await body_of(request)
    try:
        return web.json_response(control.add(spec), status=201)
    except FaultError as error:
        raise ApiError("bad_fault", str(error)) from None


async def change(ctx: Context, request: web.Request) -> web.Response:
    """Change a fault."""
    control = _control(ctx)
    changes = await body_of(request)
    return _changed(control, request, changes)


async def enable(ctx: Context, request: web.Request) -> web.Response:
    """Switch a fault on."""
    return _changed(_control(ctx), request, {"enabled": True})


async def disable(ctx: Context, request: web.Request) -> web.Response:
    """Switch a fault off."""
    return _changed(_control(ctx), request, {"enabled": False})


async def remove(ctx: Context, request: web.Request) -> web.Response:
    """Remove a fault."""
    control = _control(ctx)
    try:
        control.remove(request.match_info["name"])
    except KeyError:
        raise ApiError("no_fault") from None
    return _all(control)


async def populate(ctx: Context, request: web.Request) -> web.Response:
    """Put faults in place of all others."""
    control = _control(ctx)
    specs = (await body_of(request)).get("faults")
    if not isinstance(specs, list) or not all(isinstance(spec, dict) for spec in specs):
        raise ApiError("bad_request", "faults must be a list of objects")
    try:
        control.populate(specs)
    except FaultError as error:
        raise ApiError("bad_fault", str(error)) from None
    return _all(control)


async def reset(ctx: Context, request: web.Request) -> web.Response:
    """Remove all faults."""
    control = _control(ctx)
    control.reset()
    return _all(control)


async def check(ctx: Context, request: web.Request) -> web.Response:
    """What a fault or a scenario would do; nothing changes."""
    control = _control(ctx)
    body = await body_of(request)
    text = body.get("text")
    try:
        explanations, seed = control.check(text if isinstance(text, str) else body)
    except FaultError as error:
        raise ApiError("bad_fault", str(error)) from None
    return web.json_response({"explanations": explanations, "seed": seed})


async def scenario(ctx: Context, request: web.Request) -> web.Response:
    """Load a scenario."""
    control = _control(ctx)
    text: Any
    if request.content_type in _YAML:
        text = await text_of(request)
    else:
        text = (await body_of(request)).get("text")
    if not isinstance(text, str):
        raise ApiError(
            "bad_request",
            "text must be a string, the scenario file; or send the file itself"
            " with Content-Type: application/yaml",
        )
    try:
        control.load_scenario(text)
    except FaultError as error:
        raise ApiError("bad_fault", str(error)) from None
    return _all(control)


def _control(ctx: Context) -> FaultControl:
    if ctx.steering.faults is None:
        raise ApiError("no_faults")
    return ctx.steering.faults


def _all(control: FaultControl) -> web.Response:
    return web.json_response({"faults": control.faults(), "seed": control.seed})


def _changed(control: FaultControl, request: web.Request, changes: dict[str, Any]) -> web.Response:
    try:
        return web.json_response(control.change(request.match_info["name"], changes))
    except KeyError:
        raise ApiError("no_fault") from None
    except FaultError as error:
        raise ApiError("bad_fault", str(error)) from None


_YAML = ("application/yaml", "application/x-yaml", "text/yaml")
"""Types that no form of another origin can send without being asked first."""

_SPEC: dict[str, Any] = {
    "name": {"type": "string", "description": "Its own name; found for it where there is none."},
    "type": {"type": "string", "description": "One of `GET /faults/types`."},
    "stream": {"type": "string", "enum": ["upstream", "downstream", "both"]},
    "toxicity": {"type": "number", "description": "The share of connections it is on."},
    "match": {"type": ["string", "null"], "description": "A filter."},
    "enabled": {"type": "boolean"},
    "attributes": {"type": "object", "description": "As the kind describes them."},
}

ROUTES = (
    Route(
        "GET",
        "/faults",
        listed,
        "All faults and how often each struck",
        "Faults",
        errors=("no_faults",),
    ),
    Route(
        "POST",
        "/faults",
        add,
        "Add a fault",
        "Fault",
        body=_SPEC,
        errors=("no_faults", "bad_fault"),
        status=201,
    ),
    Route(
        "GET",
        "/faults/types",
        types,
        "What faults there are, with their attributes",
        "FaultTypes",
        errors=("no_faults",),
    ),
    Route(
        "POST",
        "/faults/populate",
        populate,
        "Put these faults in place of all others, or, if one is wrong, change nothing",
        "Faults",
        body={"faults": {"type": "array", "items": {"type": "object"}}},
        errors=("no_faults", "bad_fault"),
    ),
    Route("POST", "/faults/reset", reset, "Remove all faults", "Faults", errors=("no_faults",)),
    Route(
        "POST",
        "/faults/check",
        check,
        "Say what a fault, or the `text` of a scenario, would do, and change nothing",
        "Checked",
        body=_SPEC | {"text": {"type": "string", "description": "A scenario file, in YAML."}},
        errors=("no_faults", "bad_fault"),
    ),
    Route(
        "POST",
        "/faults/scenario",
        scenario,
        "Put the faults of a scenario file in place of all others",
        "Faults",
        body={"text": {"type": "string", "description": "The file, in YAML."}},
        errors=("no_faults", "bad_fault"),
    ),
    Route(
        "PATCH",
        "/faults/{name}",
        change,
        "Change some fields of a fault",
        "Fault",
        body=_SPEC,
        errors=("no_faults", "no_fault", "bad_fault"),
    ),
    Route(
        "POST",
        "/faults/{name}/enable",
        enable,
        "Switch a fault on",
        "Fault",
        errors=("no_faults", "no_fault"),
    ),
    Route(
        "POST",
        "/faults/{name}/disable",
        disable,
        "Switch a fault off",
        "Fault",
        errors=("no_faults", "no_fault"),
    ),
    Route(
        "DELETE",
        "/faults/{name}",
        remove,
        "Remove a fault",
        "Faults",
        errors=("no_faults", "no_fault"),
    ),
)
