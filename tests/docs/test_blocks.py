"""Every code block of README.md and of the documentation that can run, run as it is printed.

`docs/contributing/setup.md` describes the convention.
"""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from refund_sandbox.testing import Sandbox
from tests.support.doc_blocks import PAGES, Block, blocks_of, files_of, following, is_as_documented, is_like
from tests.support.paths import ROOT

pytestmark = pytest.mark.memory_only

NOT_RUN = ("", "console", "text", "json", "http", "html", "css", "nginx", "dockerfile", "diff", "ini")
LANGUAGES = (*NOT_RUN, "sh", "python", "js", "ts", "php", "java", "yaml", "toml")
JAVASCRIPT_MODULE = ROOT / "sandbox/refund_sandbox/cli/client_files/sandbox.mjs"
USUAL_URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def url(server: Sandbox) -> str:
    """A sandbox at its start."""
    for name in server.client.get("/workspaces")["workspaces"]:
        if name != "default":
            server.workspace(name).delete()
    server.settings(validation="strict")
    server.reset()
    return server.url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, with the command `refund-sandbox` in `bin`."""
    program = tmp_path / "bin" / "refund-sandbox"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m refund_sandbox "$@"\n')
    program.chmod(0o755)
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def some_of(matches: Callable[[Block], bool]) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page) if matches(block)]


def pages_with(matches: Callable[[Block], bool]) -> list[Path]:
    return [page for page in PAGES if any(map(matches, blocks_of(page)))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def run(folder: Path, *command: str, url: str = "") -> subprocess.CompletedProcess[str]:
    path = f"{folder.parent / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "REFUND_SANDBOX_URL": url, "PYTHONPATH": str(ROOT / "sandbox")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def put_files(folder: Path, page: Path, url: str) -> None:
    for name, text in files_of(page).items():
        (folder / name).write_text(text.replace(USUAL_URL, url) if url else text)
    if "./sandbox.mjs" in page.read_text():
        (folder / "sandbox.mjs").write_text(JAVASCRIPT_MODULE.read_text())


def is_script(block: Block) -> bool:
    return not block.name and block.language in ("python", "js", "php")


def has_name(pattern: str) -> Callable[[Block], bool]:
    return lambda block: not block.is_quote and bool(re.fullmatch(pattern, Path(block.name).name))


@pytest.mark.parametrize("block", some_of(lambda block: block.language not in LANGUAGES), ids=str)
def test_a_block_has_a_language_of_the_convention(block: Block) -> None:
    raise AssertionError(f"{block}: {block.language!r} is none of {LANGUAGES}")


@pytest.mark.parametrize("page", pages_with(lambda block: block.language == "sh"), ids=name_of)
def test_the_shell_commands_of_a_page_print_what_it_says(page: Path, folder: Path, url: str) -> None:
    put_files(folder, page, "")
    for block in blocks_of(page):
        if block.language == "sh":
            done = run(folder, "bash", "-ec", block.text.replace(USUAL_URL, url), url=url)
            assert done.returncode == 0, f"{block}: {done.stdout}{done.stderr}"
            check_output(block, done.stdout.replace(url, USUAL_URL))


def check_output(block: Block, printed: str) -> None:
    shown = following(block)
    if shown is not None and shown.language == "json":
        assert is_as_documented(json.loads(shown.text), json.loads(printed)), f"{block} printed {printed}"
    elif shown is not None and shown.language == "text":
        assert is_like(shown.text.strip(), printed.strip()), f"{block} printed {printed}"
    elif printed.startswith("{"):
        assert "error" not in json.loads(printed.splitlines()[0]), f"{block} printed {printed}"


@pytest.mark.parametrize("page", pages_with(is_script), ids=name_of)
@pytest.mark.parametrize("language", ["python", "js", "php"])
def test_the_script_of_a_page_prints_what_it_says(page: Path, language: str, folder: Path, url: str) -> None:
    parts = [block for block in blocks_of(page) if is_script(block) and block.language == language]
    if not parts:
        return
    program, file = {"python": (sys.executable, "script.py"), "js": ("node", "script.mjs"), "php": ("php", "script.php")}[
        language
    ]
    need(program)
    put_files(folder, page, url)
    (folder / file).write_text("\n".join(block.text for block in parts).replace(USUAL_URL, url))
    shown = [found.text for found in map(following, parts) if found and found.language == "text"]

    done = run(folder, program, file, url=url)

    assert done.returncode == 0, f"{parts[0]}: {done.stdout}{done.stderr}"
    assert not shown or is_like("".join(shown), done.stdout), f"{parts[0]} printed {done.stdout}"


@pytest.mark.sampled(5)
@pytest.mark.parametrize("page", pages_with(has_name(r"test_\w+\.py")), ids=name_of)
def test_the_python_tests_of_a_page_pass(page: Path, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    put_files(folder, page, url)
    tests = [block for block in blocks_of(page) if has_name(r"test_\w+\.py")(block)]
    files = [Path(block.name).name for block in tests if not missing_modules(block)]
    if not files:
        pytest.skip(f"{', '.join(missing_modules(tests[0]))} is not installed")

    done = run(folder, sys.executable, "-m", "pytest", "-q", *files, "-p", "refund_sandbox.pytest_plugin")

    assert done.returncode == 0, done.stdout + done.stderr


def missing_modules(block: Block) -> list[str]:
    """The modules that a file imports, and that neither its page nor this environment has."""
    names = set()
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    own = {Path(name).stem for name in files_of(block.page)}
    return sorted(name for name in names - own if importlib.util.find_spec(name) is None)


@pytest.mark.parametrize("block", some_of(has_name(r".+\.py")), ids=str)
def test_a_python_file_is_python(block: Block) -> None:
    compile(block.text, block.name, "exec")


@pytest.mark.parametrize("block", some_of(has_name(r".+\.m?js")), ids=str)
def test_a_javascript_file_is_right_and_its_tests_pass(block: Block, folder: Path, url: str) -> None:
    need("node")
    put_files(folder, block.page, url)
    file = Path(block.name).name
    imported = re.findall(r"from '([^'./][^']*)'", block.text)
    if not file.endswith(".test.mjs") or not all(module.startswith("node:") for module in imported):
        done = run(folder, "node", "--check", file)
        assert done.returncode == 0, done.stderr
        return

    done = run(folder, "node", "--test", file, url=url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"pass [1-9]", done.stdout)


@pytest.mark.parametrize("block", some_of(has_name(r".+\.php")), ids=str)
def test_a_php_file_is_right_and_runs(block: Block, folder: Path, url: str) -> None:
    need("php")
    put_files(folder, block.page, url)
    file = Path(block.name).name
    assert run(folder, "php", "-l", file).returncode == 0, f"{block} is not PHP"
    if "PHPUnit" in block.text:
        return
    if "curl_" in block.text and "curl" not in run(folder, "php", "-m").stdout:
        pytest.skip("PHP has no curl extension")

    done = run(folder, "php", file, url=url)

    assert done.returncode == 0, done.stdout + done.stderr
    shown = following(block)
    assert shown is None or shown.language != "text" or is_like(shown.text, done.stdout), done.stdout


@pytest.mark.parametrize("block", some_of(lambda block: block.language in ("yaml", "json", "toml")), ids=str)
def test_a_document_can_be_read(block: Block) -> None:
    if block.language == "yaml":
        list(yaml.safe_load_all(block.text))
    else:
        {"json": json.loads, "toml": tomllib.loads}[block.language](block.text)


@pytest.mark.parametrize("block", some_of(lambda block: block.is_quote), ids=str)
def test_a_quoted_file_is_quoted_as_it_is(block: Block) -> None:
    source = dedented((ROOT / block.name).read_text())
    quoted = block.text.partition("\n")[2]

    for part in re.split(r"^ *(?:# )?…\n", quoted, flags=re.MULTILINE):
        assert dedented(part) in source, f"{block}: not in {block.name}: {part}"


def dedented(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
