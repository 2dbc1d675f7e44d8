"""Scenario files: named faults with a timeline, in YAML. docs/faults.md explains them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from wsproxy.errors import FaultError
from wsproxy.faults.attributes import attributes_of, whole
from wsproxy.faults.registry import FAULT_TYPES
from wsproxy.faults.spec import FIELDS, Spec, parse_spec
from wsproxy.text.files import read_text
from wsproxy.text.words import did_you_mean

MAX_SIZE = 1_000_000
"""Bytes of a scenario file. Nobody writes more by hand, and reading it takes seconds."""

MAX_DEPTH = 20

_DOCS = {
    "name": "What the scenario is called.",
    "description": "What it is for.",
    "seed": "All randomness comes from it; --seed goes before it.",
    "faults": "The faults, each with a type.",
}


class Scenario(NamedTuple):
    """A scenario file, read."""

    name: str
    description: str
    seed: int | None
    faults: list[Spec]

    def explain(self) -> list[str]:
        """What will happen, in plain English, one line a fault."""
        return [spec.explain() for spec in self.faults]


class _Located(NamedTuple):
    """A value of the file and where it stands: the lines of its fields by their names."""

    value: Any
    line: int
    lines: dict[str, int]


def load(path: Path) -> Scenario:
    """Read a file; raises FaultError with one line that says what is wrong and where."""
    try:
        text = read_text(path, MAX_SIZE)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FaultError(f"cannot read the scenario {path}: {reason}") from None
    except UnicodeDecodeError:
        raise FaultError(f"{path} is not UTF-8") from None
    return parse(text, str(path))


def parse(text: str, source: str = "scenario") -> Scenario:
    """Read the text of a file; `source` is what errors call it. Raises FaultError."""
    if len(text) > MAX_SIZE:
        raise FaultError(f"{source}: a scenario has at most {MAX_SIZE:,} bytes")
    try:
        _refuse_aliases(text, source)
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise _error(source, line, error.problem or str(error)) from None
    except yaml.YAMLError as error:
        raise FaultError(f"{source}: {str(error).splitlines()[0]}") from None
    if node is None:
        raise FaultError(f"{source} is empty; it needs a list of faults")
    if not isinstance(node, yaml.MappingNode):
        raise _error(source, _line(node), "a scenario is a mapping with the field faults")
    return _scenario(_mapping(node, source), source)


def _refuse_aliases(text: str, source: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            # They allow a value to contain itself, and a short file to become a huge value.
            raise _error(source, line, "aliases (*name) are not allowed; write the value out")
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > MAX_DEPTH:
                raise _error(source, line, f"more than {MAX_DEPTH} levels deep")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1


def _scenario(top: dict[str, tuple[yaml.Node, int]], source: str) -> Scenario:
    for name, (_, line) in top.items():
        if name not in _DOCS:
            hint = did_you_mean(name, _DOCS)
            raise _error(source, line, f"a scenario has no field {name!r}{hint}")
    if "faults" not in top:
        raise _error(source, 1, "a scenario needs the field faults")
    texts = {"name": "", "description": ""}
    for name in texts:
        if name in top:
            texts[name] = str(_plain(*top[name], source).value)
    seed = None
    if "seed" in top:
        node, line = top["seed"]
        try:
            seed = whole(0).parse(_plain(node, line, source).value)
        except ValueError as error:
            raise _error(source, line, f"seed: {error}") from None
    node, line = top["faults"]
    if not isinstance(node, yaml.SequenceNode):
        raise _error(source, line, "faults: this is not a list")
    specs: list[Spec] = []
    names: dict[str, int] = {}
    for item in node.value:
        located = _plain(item, _line(item), source)
        spec = _fault(located, names, source)
        if spec.name in names:
            line = located.lines.get("name", located.line)
            first = names[spec.name]
            raise _error(source, line, f"name: {spec.name!r} is taken by the fault of line {first}")
        names[spec.name] = located.line
        specs.append(spec)
    return Scenario(texts["name"], texts["description"], seed, specs)


def _fault(located: _Located, names: dict[str, int], source: str) -> Spec:
    try:
        return parse_spec(located.value, names)
    except FaultError as error:
        raise _error(source, located.lines.get(error.field, located.line), str(error)) from None


def _mapping(node: yaml.MappingNode, source: str) -> dict[str, tuple[yaml.Node, int]]:
    """The fields of a mapping by name, each with its line."""
    fields: dict[str, tuple[yaml.Node, int]] = {}
    for key, value in node.value:
        line = _line(key)
        if not isinstance(key, yaml.ScalarNode):
            raise _error(source, line, "the name of a field must be a word")
        name = str(key.value)
        if name in fields:
            raise _error(source, line, f"{name} stands here twice, first in line {fields[name][1]}")
        fields[name] = (value, line)
    return fields


def _plain(node: yaml.Node, line: int, source: str) -> _Located:
    """A node as plain values, with the lines of the fields in it."""
    if isinstance(node, yaml.MappingNode):
        values = {}
        lines: dict[str, int] = {}
        for name, (child, child_line) in _mapping(node, source).items():
            located = _plain(child, child_line, source)
            values[name] = located.value
            lines |= {inner: at for inner, at in located.lines.items() if inner not in lines}
            lines[name] = child_line
        return _Located(values, line, lines)
    if isinstance(node, yaml.SequenceNode):
        items = [_plain(child, _line(child), source).value for child in node.value]
        return _Located(items, line, {})
    return _Located(_scalar(node, line, source), line, {})


def _scalar(node: yaml.Node, line: int, source: str) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        problem = getattr(error, "problem", None) or str(error)
        raise _error(source, line, str(problem)) from None
    finally:
        loader.dispose()


def _line(thing: yaml.Node | yaml.Event) -> int:
    """Where it stands, counted from 1."""
    return int(thing.start_mark.line) + 1 if thing.start_mark is not None else 1


def _error(source: str, line: int, text: str) -> FaultError:
    return FaultError(f"{source}, line {line}: {text}")


def json_schema() -> dict[str, Any]:
    """A JSON Schema of scenario files, for editors; docs/scenario.schema.json is this."""
    common: dict[str, Any] = {
        name: unit.schema | {"description": doc}
        for name, (unit, doc) in FIELDS.items()
        if name != "type"
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wsproxy scenario",
        "type": "object",
        "required": ["faults"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "description": _DOCS["name"]},
            "description": {"type": "string", "description": _DOCS["description"]},
            "seed": {"type": "integer", "minimum": 0, "description": _DOCS["seed"]},
            "faults": {
                "type": "array",
                "description": _DOCS["faults"],
                "items": {"oneOf": [_kind_schema(kind, common) for kind in FAULT_TYPES]},
            },
        },
    }


def _kind_schema(kind: str, common: dict[str, Any]) -> dict[str, Any]:
    known = attributes_of(FAULT_TYPES[kind])
    attributes = {
        item.name: item.unit.schema
        | {"description": f"{item.doc} ({item.unit.words})"}
        | ({} if item.default is None else {"default": item.unit.show(item.default)})
        for item in known
    }
    required = [item.name for item in known if item.required]
    nested = {"type": "object", "additionalProperties": False, "properties": attributes}
    return {
        "title": kind,
        "description": FAULT_TYPES[kind].documentation()[0],
        "type": "object",
        "additionalProperties": False,
        "properties": {"type": {"const": kind}, "attributes": nested} | common | attributes,
        # The attributes may stand in a mapping of their own, or beside the other fields.
        "required": ["type"],
        "anyOf": [
            {"required": required},
            {"required": ["attributes"], "properties": {"attributes": {"required": required}}},
        ],
    }
