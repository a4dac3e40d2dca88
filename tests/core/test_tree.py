"""The tree: unique names, no import cycle, and one place for the environment and for each library."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import refund_sandbox

PACKAGE = Path(refund_sandbox.__file__).parent
APIS = PACKAGE / "apis"
"""The packages of the APIs have the same file names on purpose."""


def modules() -> Iterator[Path]:
    """Every module that is not an API's own."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if APIS not in path.parents and not path.name.startswith("__"):
            yield path


def classes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            yield node.name


def duplicates(names: Iterator[tuple[str, Path]]) -> dict[str, list[str]]:
    """The names that more than one module has, with the modules."""
    found = defaultdict(list)
    for name, path in names:
        found[name].append(str(path.relative_to(PACKAGE)))
    return {name: places for name, places in found.items() if len(places) > 1}


def test_module_names_are_unique_outside_the_apis() -> None:
    assert duplicates((path.stem, path) for path in modules()) == {}


def test_class_names_are_unique_outside_the_apis() -> None:
    assert duplicates((name, path) for path in modules() for name in classes(path)) == {}


def imported(path: Path) -> Iterator[str]:
    """The full names of the modules that a module imports, wherever in its code."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def own_modules() -> dict[str, Path]:
    """The modules of the package by full name."""
    names = {path: path.relative_to(PACKAGE.parent).with_suffix("").parts for path in PACKAGE.rglob("*.py")}
    return {".".join(parts).removesuffix(".__init__"): path for path, parts in names.items()}


def own_imports(path: Path, known: set[str]) -> Iterator[str]:
    """The modules of the package that a module imports, also inside functions and for type checkers."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & known
            yield from submodules or {node.module or ""} & known
        elif isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & known


def test_no_module_imports_itself_through_others() -> None:
    modules = own_modules()

    TopologicalSorter({name: set(own_imports(path, set(modules))) for name, path in modules.items()}).prepare()


def places(wanted: str) -> set[str]:
    """The top-level packages and modules that import a module or a part of it."""
    return {
        path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for path in PACKAGE.rglob("*.py")
        if any(name == wanted or name.startswith(f"{wanted}.") for name in imported(path) if name != "starlette.types")
    }


def test_starlette_is_known_in_three_places_but_for_its_types() -> None:
    assert places("starlette") == {"asgi_app", "console", "control"}


API_NAME = re.compile("funnelfox|fluentcart", re.IGNORECASE)
_TYPED_ACCESS = ("__init__", "api_clients", "server_thread", "topics", "workspace_client")
KNOW_API_NAMES = {PACKAGE / "app.py", *(PACKAGE / "testing" / f"{name}.py" for name in _TYPED_ACCESS)}
"""The modules outside `apis` that may name an API: the composition root, and the typed access of `testing`."""


def test_no_api_is_named_outside_its_package() -> None:
    files = [path for kind in ("*.py", "*.js") for path in PACKAGE.rglob(kind) if APIS not in path.parents]

    named = {path for path in files if API_NAME.search(path.read_text(encoding="utf-8"))}

    assert named <= KNOW_API_NAMES


def test_only_settings_know_the_environment() -> None:
    readers = {path.name for path in PACKAGE.rglob("*.py") if re.search(r"\b(environb?|getenvb?)\b", path.read_text("utf-8"))}

    assert readers == {"settings.py"}
    assert places("os") == {"settings", "testing"}  # `testing` needs the id of its process
