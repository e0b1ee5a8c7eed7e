"""Reads what only the source text has: the docstrings that stand under attributes."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterable
from types import ModuleType


def attribute_docs(owner: type | ModuleType) -> dict[str, str]:
    """Docstrings of the attributes of a class or module, those of base classes included."""
    if isinstance(owner, ModuleType):
        return _docs_of(ast.parse(inspect.getsource(owner)).body)
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        if base.__module__.startswith("cadenza."):
            tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
            found |= _docs_of(tree.body) if isinstance(tree, ast.ClassDef) else {}
    return found


def _docs_of(body: list[ast.stmt]) -> dict[str, str]:
    found = {}
    for statement, after in itertools.pairwise(body):
        if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
            continue
        if isinstance(statement, ast.AnnAssign):
            name: ast.expr = statement.target
        elif isinstance(statement, ast.Assign):
            name = statement.targets[0]
        else:
            continue
        found[ast.unparse(name)] = inspect.cleandoc(str(after.value.value))
    return found


def one_line(text: str) -> str:
    """A docstring as the text of a table's cell, in Markdown."""
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
