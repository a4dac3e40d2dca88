"""The command `check`: checks specs and state documents without starting a server."""

import sys
from pathlib import Path

import click

from refund_sandbox.cli.progress import progress


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check the specs, the fixtures and state documents in FILES.

    \b
    Examples:
      refund-sandbox check
      refund-sandbox check my-orders.yaml
    """
    from refund_sandbox.cli.file_check import check_files

    with progress("Checking"):
        checked = list(check_files(files))
    failed = False
    for name, problems in checked:
        failed |= bool(problems)
        click.echo(f"{name}: {_result(problems)}")
        for problem in problems:
            click.echo(f"  {problem}", err=True)
    sys.exit(1 if failed else 0)


def _result(problems: list[str]) -> str:
    if not problems:
        return "ok"
    return f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
