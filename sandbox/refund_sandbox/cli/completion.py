"""The command `completion`: shell completion of the command line, by click."""

import click
from click.shell_completion import get_completion_class

_NAME = "refund-sandbox"
_VARIABLE = "_REFUND_SANDBOX_COMPLETE"
"""Variable by which click's script calls the command."""


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a SHELL.

    It completes commands, options, and names of the running sandbox: orders, scenarios, topics.

    \b
    Bash:  eval "$(refund-sandbox completion bash)" in ~/.bashrc
    Zsh:   eval "$(refund-sandbox completion zsh)" in ~/.zshrc
    Fish:  refund-sandbox completion fish > ~/.config/fish/completions/refund-sandbox.fish

    \b
    Examples:
      refund-sandbox completion bash
      refund-sandbox completion zsh
      refund-sandbox completion fish
    """
    found = get_completion_class(shell)
    assert found
    click.echo(found(context.find_root().command, {}, _NAME, _VARIABLE).source())
