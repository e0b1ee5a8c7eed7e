"""JSON schemas of the payloads, for the OpenAPI and the AsyncAPI document."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Final

import msgspec

REF: Final = "#/components/schemas/"
Schema = dict[str, Any]


class Schemas:
    """Schemas of types by name, in one table that all others refer to.

    Args:
        types: All types that `of` will be asked for.
    """

    def __init__(self, types: Iterable[Any]) -> None:
        wanted = list({repr(kind): kind for kind in types}.values())
        found, components = msgspec.json.schema_components(wanted, ref_template=REF + "{name}")
        self._by_type: dict[str, Schema] = {
            repr(kind): tidy(schema) for kind, schema in zip(wanted, found, strict=True)
        }
        self.components: dict[str, Schema] = {
            name: tidy(schema) for name, schema in sorted(components.items())
        }

    def of(self, kind: Any) -> Schema:
        """The schema of a type: a reference for a struct or an enumeration."""
        return self._by_type[repr(kind)]


def tidy(schema: Any) -> Any:
    """A schema whose descriptions are Markdown."""
    if isinstance(schema, dict):
        return {
            key: prose(value) if key == "description" and isinstance(value, str) else tidy(value)
            for key, value in schema.items()
        }
    return [tidy(one) for one in schema] if isinstance(schema, (list, tuple)) else schema


def prose(text: str) -> str:
    """A docstring as Markdown."""
    return inspect.cleandoc(text).replace("``", "`")


def with_tuples_of_draft_7(schema: Any) -> Any:
    """A schema whose fixed tuples are written as the older drafts do, for AsyncAPI."""
    if isinstance(schema, list):
        return [with_tuples_of_draft_7(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: with_tuples_of_draft_7(value) for key, value in schema.items()}
    if "prefixItems" in changed:
        changed["items"] = changed.pop("prefixItems")
        changed["additionalItems"] = False
    return changed
