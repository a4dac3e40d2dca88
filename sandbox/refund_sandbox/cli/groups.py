"""Command groups: suggestions for misspelt commands, and commands that are imported only when they run."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click


class CommandGroup(click.Group):
    """A group that suggests a similar command for an unknown one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            similar = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f" Did you mean '{similar[0]}'?" if similar else ""
            ctx.fail(f"Unknown command '{name}'.{hint}")
        return super().resolve_command(ctx, args)


class LazyGroup(CommandGroup):
    """A group that imports the module of a command when the command is used, because imports take most of the start."""

    def __init__(self, *args: Any, lazy_commands: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._lazy_commands = lazy_commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self._lazy_commands])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy_commands:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(self._lazy_commands[cmd_name]), cmd_name)
        return command
