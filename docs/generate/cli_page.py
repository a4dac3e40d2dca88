"""Reference of the command line, from click."""

import re
from collections.abc import Iterator
from inspect import cleandoc

import click

from docs.generate.cli_errors import ERRORS, CliError
from docs.generate.markdown import code, mono, page, sentence, table
from refund_sandbox.cli.groups import DefaultCommandGroup
from refund_sandbox.cli.main import main
from refund_sandbox.settings import CLIENT_OPTIONS, PREFIX

_OF_ALL = frozenset(CLIENT_OPTIONS)
_INTRODUCTION = """## Options of the commands for a running sandbox

Commands marked *running sandbox* have these options too:"""
_ERRORS = """## Errors

An error is one line on stderr, after `refund-sandbox:`. `…` stands for a part that varies. Names are those of the demo data."""
_EXAMPLES = re.compile(r"\x08\n(?:Examples?:\n)?(.*?)(?:\n\n|\Z)", re.DOTALL)


def render() -> str:
    rows = [
        (mono(f"--{name} {name.upper()}"), f"{option.help} Variable: {mono(PREFIX + name.upper())}.")
        for name, option in CLIENT_OPTIONS.items()
    ]
    return page(
        "# Command line",
        *_about(main, "refund-sandbox"),
        _INTRODUCTION,
        table(("Option", "Meaning"), rows),
        *_commands(),
        _ERRORS,
        table(("Command", "Error", "Exit code", "What helps"), map(_error, ERRORS)),
    )


def _error(error: CliError) -> tuple[str, str, str, str]:
    return mono(f"refund-sandbox {error.command}"), mono(error.text), str(error.exit_code), error.remedy


def _commands() -> Iterator[str]:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command
        yield from _command(command, f"refund-sandbox {name}")


def _command(command: click.Command, name: str) -> Iterator[str]:
    yield f"## {name}" if name.count(" ") == 1 else f"### {name}"
    yield from _about(command, name)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found and not found.hidden:
                yield from _command(found, f"{name} {child}")


def _about(command: click.Command, name: str) -> Iterator[str]:
    """Purpose, usage, options and examples of a command."""
    context = click.Context(command, info_name=name)
    default = command.default if isinstance(command, DefaultCommandGroup) else command
    text = cleandoc(command.help or "")
    examples = _EXAMPLES.search(text)
    options = [
        option for option in default.get_params(context) if isinstance(option, click.Option) and "--help" not in option.opts
    ]
    is_running = {option.name for option in options} >= _OF_ALL
    yield _EXAMPLES.sub("", text).strip() + (" *(running sandbox)*" if is_running else "")
    yield code(f"{name} {' '.join(command.collect_usage_pieces(context))}", "console")
    if rows := [_option(option) for option in options if not (is_running and option.name in _OF_ALL)]:
        yield table(("Option", "Meaning"), rows)
    if examples:
        yield "Examples:"
        yield code(cleandoc(examples[1]), "console")


def _option(option: click.Option) -> tuple[str, str]:
    flags = ", ".join(mono(flag) for flag in (*option.opts, *option.secondary_opts))
    takes_value = not option.is_flag and not option.count
    return flags + (f" {mono(_value(option))}" if takes_value else ""), sentence(option.help or "")


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return " or ".join(map(str, option.type.choices))
    return option.metavar or ("NUMBER" if option.type.name.startswith(("integer", "float")) else "TEXT")
