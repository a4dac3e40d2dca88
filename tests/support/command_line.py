"""The command line in this process, with stdout and stderr apart."""

from inspect import signature

from click.testing import CliRunner


def runner() -> CliRunner:
    """A runner of commands; click before 8.2 writes both streams into one unless it is set not to."""
    apart = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**apart)  # type: ignore[arg-type]  # the newest has no such parameter
