"""Texts of a module's source that its objects do not hold."""

import ast
import inspect
from collections.abc import Mapping
from textwrap import dedent
from typing import Any


def field_texts(record: type[Any]) -> Mapping[str, str]:
    """The text that follows each field of a class."""
    tree = ast.parse(dedent(inspect.getsource(record)))
    [defined] = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found = {}
    for entry, below in zip(defined.body, defined.body[1:], strict=False):
        if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name) and (text := _text(below)):
            found[entry.target.id] = text
    return found


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return ""
