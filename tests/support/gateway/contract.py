"""The published document of the API as an oracle: its schemas judge answers and make requests."""

from __future__ import annotations

import re
from datetime import datetime

from hypothesis import strategies as st

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NEWER = {
    "venue": {"HYPERLIQUID", "HYPERLIQUID_UAT"},
    "instrumentType": {"FUTURES", "PERPETUAL", "OPTION", "CFD"},
    "securityType": {"CFD"},
}
"""What newer clients of the API know beside the document."""
JSON_TYPES = {
    "string": str,
    "object": dict,
    "array": list,
    "boolean": bool,
    "integer": int,
}


class Document:
    """An OpenAPI 3.0 document.

    Args:
        tree: The document as plain values.
    """

    def __init__(self, tree):
        self.tree = tree
        self.operations = {
            (http.upper(), path): operation
            for path, place in tree["paths"].items()
            for http, operation in place.items()
        }

    def schema(self, operation, status):
        """The schema of an answer; a KeyError says that the status is not listed."""
        return operation["responses"][str(status)]["content"]["application/json"]["schema"]

    def body(self, operation):
        """The schema of a request's body; ``None``: there is none."""
        body = operation.get("requestBody")
        return None if body is None else body["content"]["application/json"]["schema"]

    def resolved(self, schema):
        """A schema that is no reference, and the name by which it was referred to."""
        name = ""
        while "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = self.tree["components"]["schemas"][name]
        return schema, name

    def faults(self, schema, value, at="$"):
        """Everything that keeps a value from being of a schema."""
        schema, name = self.resolved(schema)
        for part in schema.get("allOf", ()):
            yield from self.faults(part, value, at)
        if value is None:
            if not schema.get("nullable") and schema:
                yield f"{at} is null"
            return
        wanted = JSON_TYPES.get(schema.get("type", ""), object)
        is_flag = wanted is int and isinstance(value, bool)
        if not isinstance(value, wanted) or is_flag:
            yield f"{at} is {value!r}, no {schema['type']}"
            return
        yield from self._of_text(schema, name, value, at)
        if isinstance(value, dict):
            yield from self._of_object(schema, value, at)
        if isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9):
                yield f"{at} has {len(value)} items"
            for index, one in enumerate(value):
                yield from self.faults(schema.get("items", {}), one, f"{at}[{index}]")

    def _of_object(self, schema, value, at):
        for missing in set(schema.get("required", ())) - set(value):
            yield f"{at} lacks {missing}"
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                yield from self.faults(inner, value[key], f"{at}.{key}")

    def _of_text(self, schema, name, value, at):
        known = schema.get("enum")
        if known is not None and value not in known and value not in NEWER.get(name, ()):
            yield f"{at} is {value!r}, not one of {known}"
        if not isinstance(value, str):
            return
        pattern = schema.get("pattern")
        if pattern is not None and not re.search(pattern, value):
            yield f"{at} is {value!r}, not like {pattern}"
        if schema.get("format") == "uuid" and not UUID.fullmatch(value):
            yield f"{at} is {value!r}, no UUID"
        if schema.get("format") == "date-time":
            try:
                assert datetime.fromisoformat(value).tzinfo is not None
            except (ValueError, AssertionError):
                yield f"{at} is {value!r}, no time"

    def values(self, schema, known, field=""):
        """A strategy for values of a schema.

        Args:
            schema: The schema.
            known: Values that mean something in the world, by field; they are tried most.
            field: The name of the field.
        """
        schema, _ = self.resolved(schema)
        made = self._made(schema, known, field)
        good = known.get(field)
        if good:
            made = st.one_of(st.sampled_from(good), st.sampled_from(good), made)
        return st.one_of(made, st.none()) if schema.get("nullable") else made

    def _made(self, schema, known, field):
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kind = schema.get("type", "object")
        if kind == "object":
            inner = {
                name: self.values(one, known, name)
                for name, one in schema.get("properties", {}).items()
            }
            needed = {name: inner.pop(name) for name in schema.get("required", ()) if name in inner}
            return st.fixed_dictionaries(needed, optional=inner)
        if kind == "array":
            return st.lists(self.values(schema.get("items", {}), known, field), max_size=3)
        if kind == "integer":
            return st.integers(schema.get("minimum", 0), schema.get("maximum", 2**53))
        if kind == "boolean":
            return st.booleans()
        if schema.get("format") == "uuid":
            return st.uuids().map(str)
        if schema.get("format") == "date-time":
            return st.just("2030-01-01T00:00:00Z")
        if "pattern" in schema:
            return st.from_regex(r"\A(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?\Z")
        return st.text(max_size=20)


def mutated(draw, params):
    """Parameters with one thing wrong with them."""
    params = dict(params)
    name = draw(st.sampled_from([*sorted(params), "surprise"]))
    bad = draw(
        st.sampled_from(
            [None, True, -1, 10**30, 1.5, "", "NaN", "x" * 5000, "SIDEWAYS", [], [None], {}, "\x00"]
        )
    )
    if draw(st.booleans()) and name in params:
        del params[name]
    else:
        params[name] = bad
    return params
