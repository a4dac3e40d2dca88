"""Reference for tests in Python: pytest's fixtures and options, and the classes of `refund_sandbox.testing`."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from docs.generate.markdown import code, mono, page, sentence, table
from docs.generate.source import field_texts
from refund_sandbox import pytest_plugin, testing

_INTRODUCTION = """# pytest and Python

The package brings a pytest plugin; nothing has to be registered. Its classes work without pytest too:
import them from `refund_sandbox.testing`."""


def render() -> str:
    return page(
        _INTRODUCTION,
        "## Fixtures",
        table(("Fixture", "Scope", "Value", "Meaning"), _fixtures()),
        "## Options of pytest",
        table(("Option", "Meaning"), _options()),
        "## Classes",
        *(part for name in sorted(testing.__all__, key=_place) for part in _class(getattr(testing, name))),
    )


def _place(name: str) -> tuple[bool, str]:
    """The place of a class: those that a test begins with come first."""
    return name not in ("Sandbox", "WorkspaceClient"), name


def _fixtures() -> Iterator[tuple[str, str, str, str]]:
    tree = ast.parse(Path(pytest_plugin.__file__).read_text())
    for node in tree.body:
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
            assert isinstance(node, ast.FunctionDef)
            if node.name.startswith("_") or "fixture" not in ast.unparse(decorator):
                continue
            scope = "session" if "session" in ast.unparse(decorator) else "function"
            value = ast.unparse(node.returns).strip("'\"") if node.returns else ""
            text = sentence(ast.get_docstring(node) or "")
            yield mono(node.name), scope, mono(value.removeprefix("Iterator[").removesuffix("]")), text


class _Options:
    """A parser of pytest that only notes the options."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    def getgroup(self, *_: str) -> "_Options":
        """Return itself: all options are of one group."""
        return self

    def addoption(self, flag: str, **about: Any) -> None:
        """Note an option."""
        self.rows.append((mono(f"{flag} {about.get('metavar', '')}".strip()), sentence(about["help"])))

    def addini(self, name: str, text: str, **_: Any) -> None:
        """Note an option of the ini file."""
        self.rows.append((mono(f"{name} (ini file)"), sentence(text)))


def _options() -> list[tuple[str, str]]:
    parser: Any = _Options()
    pytest_plugin.pytest_addoption(parser)
    rows: list[tuple[str, str]] = parser.rows
    return rows


def _class(found: type[Any]) -> Iterator[str]:
    bases = [base.__name__ for base in found.__bases__ if base.__name__ in testing.__all__]
    yield f"### {found.__name__}"
    yield code(f"class {found.__name__}{'' if is_dataclass(found) else _signature(found)}", "text")
    yield inspect.cleandoc(found.__doc__ or "")
    if options := _named_options(found):
        yield f"Options: {', '.join(map(mono, options))}."
    if bases:
        yield f"It has the members of {' and '.join(map(mono, bases))} too."
    if rows := [*_fields(found), *_members(found)]:
        yield table(("Member", "Meaning"), rows)


def _named_options(found: type[Any]) -> list[str]:
    """The names that a constructor takes as `**options: Unpack[…]`."""
    taken = get_args(vars(found).get("__init__", found).__annotations__.get("options"))
    return list(taken[0].__annotations__) if taken else []


def _fields(found: type[Any]) -> Iterator[tuple[str, str]]:
    if not is_dataclass(found):
        return
    hints, texts = get_type_hints(found), field_texts(found)
    for entry in fields(found):
        if entry.name in vars(found).get("__annotations__", {}):
            yield mono(f"{entry.name}: {_plain(inspect.formatannotation(hints[entry.name]))}"), texts.get(entry.name, "")


def _members(found: type[Any]) -> Iterator[tuple[str, str]]:
    for name, member in vars(found).items():
        text = " ".join((inspect.getdoc(member) or "").split())
        if name.startswith("_"):
            continue
        function = getattr(member, "__func__", member)
        if isinstance(member, property):
            yield mono(name), text
        elif inspect.isfunction(function):
            yield mono(name + _signature(function)), text


def _signature(found: Callable[..., Any]) -> str:
    try:
        text = _plain(str(inspect.signature(found)))
    except ValueError:  # an exception that has no constructor of its own
        return ""
    return re.sub(r"\((?:self|cls)(?:, )?", "(", text).removesuffix(" -> None")


def _plain(annotation: str) -> str:
    """An annotation without the modules of its types, and without quotes."""
    annotation = re.sub(r"<class '([\w.]+)'>", r"\1", annotation)
    annotation = re.sub(r": \*([\w.]+)", r": Unpack[\1]", annotation)  # as Python 3.13 writes it
    annotation = re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z])", "", annotation)
    return re.sub(r"(?<!= )'([^']*)'", r"\1", annotation)
