"""Command groups: suggestions for misspelt commands, default commands, and commands that are imported only when they run."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.suggestions import did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_MAX_LISTED = 8
"""Number of commands of a group that an error lists. A longer list belongs to --help."""


class CommandGroup(click.Group):
    """A group that suggests a similar command for an unknown one, and the place of an option that stands before its command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            ctx.fail(f"{error.format_message()} Options of a command come after its name.")

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            known = self.list_commands(ctx)
            listed = f" Known: {', '.join(known)}." if len(known) <= _MAX_LISTED else ""
            ctx.fail(f"Unknown command '{name}'.{did_you_mean(name, known) or listed}")
        return super().resolve_command(ctx, args)


class LazyGroup(CommandGroup):
    """A group that imports the module of a command when the command is used, because imports take most of the start."""

    def __init__(self, *args: Any, lazy_commands: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._lazy_commands = lazy_commands

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command. Output that can't be written, to a full disk for example, is an error of one line."""
        try:
            return super().main(*args, **options)
        except OSError as error:
            from refund_sandbox.cli.output import text_of  # slow to import

            click.echo(f"refund-sandbox: {text_of(error)}", err=True)
            sys.exit(2)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self._lazy_commands])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy_commands:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(self._lazy_commands[cmd_name]), cmd_name)
        return command


class DefaultCommandGroup(CommandGroup):
    """A group whose hidden command `list` runs if the arguments name no other one: `orders 1001` is `orders list 1001`.

    Help and completion of the group show the options and the arguments of `list`, too.
    """

    @property
    def default(self) -> click.Command:
        return self.commands["list"]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        names_command = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        if not names_command and (args or not ctx.resilient_parsing):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*self.default.collect_usage_pieces(ctx), "| COMMAND"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.default.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        found = [*super().shell_complete(ctx, incomplete), *self.default.shell_complete(ctx, incomplete)]
        arguments = [param for param in self.default.params if isinstance(param, click.Argument)]
        for argument in arguments[:1]:
            found += argument.shell_complete(ctx, incomplete)
        return list({item.value: item for item in found}.values())
