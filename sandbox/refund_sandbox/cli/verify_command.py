"""The command `verify`: compares a sandbox with the live service."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.output import as_json, exit_on_error, print_json, printable
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.cli.values import nested, read_assignment
from refund_sandbox.whole_files import replacing

if TYPE_CHECKING:
    from refund_sandbox.core.api import ApiDescriptor
    from refund_sandbox.core.verification import Query, Subject
    from refund_sandbox.verify.report import Report

_CLEAR = "\r\x1b[K"
_WIDTH = 79


@click.command()
@click.option("--api", metavar="NAME", help="API of the live service.")
@click.option("--base-url", metavar="URL", help="Base URL of the live service.")
@click.option(
    "--recording",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Replay a file of `record`, or an HTTP Archive of a browser, instead of sending anything to a live service.",
)
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help="Setting of the sandbox, with --recording.")
@click.option("--user", metavar="LOGIN:PASSWORD", help="User with an application password. LOGIN alone prompts for it.")
@click.option("--key", help="Secret key. `-` prompts for it.")
@click.option("--order", default="", metavar="ID", help="Order to read. Default: the newest one, if the API lists orders.")
@click.option("--customer", default="", metavar="ID", help="Customer of the order, if the API reads customers by an id of yours.")
@click.option("--version", "api_version", default="", help="Version of the live service. Default: the one that it shows.")
@click.option("--refund", metavar="ORDER:AMOUNT", help="Also refund this amount of this order: REAL MONEY. Amount such as 25.00.")
@click.option("--yes", is_flag=True, help="Refund without a question.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), default=30.0, metavar="SECONDS", help="Time for a reply.")
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report as Markdown.")
@as_json
def verify(as_json: bool, markdown: Path | None, yes: bool, **options: Any) -> None:
    """Compare the sandbox with a live service, case by case.

    Sends reads and requests that the service must refuse. Books nothing, unless --refund names a refund.

    Exit code 0: everything that is claimed as measured is alike. Exit code 1: some of it differs. Exit code 2: a wrong option,
    no reply, or a refund whose result is unknown.

    \b
    Examples:
      refund-sandbox verify --api acme --base-url https://shop.example --user admin
      refund-sandbox verify --api acme --base-url https://api.example/v1 --key - --markdown report.md
      refund-sandbox verify --recording 40_my_shop.json
    """
    report = exit_on_error(lambda: _verify(options, yes=yes))
    if as_json:
        from refund_sandbox.verify.report import as_document

        print_json(as_document(report))
    else:
        from refund_sandbox.verify.report import as_text

        click.echo(as_text(report))
    exit_on_error(lambda: _write(report, markdown, options["base_url"]))
    unknown = next((row for row in report.rows if row.outcome == "unknown"), None)
    if unknown:
        click.echo(f"refund-sandbox: {unknown.reason}", err=True)
    sys.exit(2 if unknown else 1 if report.has_measured_difference else 0)


def _write(report: "Report", markdown: Path | None, base_url: str | None) -> None:
    """Write the report as Markdown, without personal data and the address of the service."""
    if markdown is None:
        return
    from refund_sandbox.app import load_apis
    from refund_sandbox.recordings.recorder import make_scrubber
    from refund_sandbox.verify.report import as_markdown

    sites = ["/".join(base_url.split("/")[:3])] if base_url else []
    scrubber = make_scrubber(load_apis(), sites)
    text: str = scrubber.known(as_markdown(report, scrubber.value))
    with replacing(markdown) as output:
        output.write(text)


def _verify(options: dict[str, Any], *, yes: bool) -> "Report":
    recording, settings = options.pop("recording"), options.pop("settings")
    if recording:
        return _replay(recording, settings, options)
    for name in ("api", "base_url"):
        if not options[name]:
            raise InputError(f"--{name.replace('_', '-')} is missing. Name a live service, or use --recording FILE.")
    if settings:
        raise InputError("--setting needs --recording.")
    return _compare(options, yes=yes)


def _replay(recording: Path, settings: tuple[str, ...], options: dict[str, Any]) -> "Report":
    """Replay a recording. Options of a live service do not apply."""
    from refund_sandbox.app import load_apis  # slow to import
    from refund_sandbox.recordings.recording_report import replay_recording

    others = [name for name, value in options.items() if value and name != "timeout"]
    if others:
        raise InputError(f"--{others[0].replace('_', '-')} does not apply to --recording.")
    with _progress() as show:
        progress = lambda index, number, name: show(f"{index}/{number} {name}")  # noqa: E731
        return replay_recording(recording, load_apis(), nested(map(read_assignment, settings)), progress)


def _compare(options: dict[str, Any], *, yes: bool) -> "Report":
    from refund_sandbox.app import APIS, load_apis  # slow to import
    from refund_sandbox.verify.http_exchange import HttpExchange
    from refund_sandbox.verify.run import Comparison, explore, run

    if options["api"] not in APIS:
        raise InputError(f"Unknown API {options['api']!r}. Known: {', '.join(APIS)}.")
    descriptor = APIS[options["api"]]
    query = _query(descriptor, options)
    with HttpExchange(query.base_url, options["timeout"]) as exchange:
        comparison = Comparison(descriptor, load_apis()[descriptor.name].spec, exchange.send)
        with _progress() as show:
            show("Reading the live service")
            subject = explore(comparison, query)
        _confirm(query, subject, yes=yes)
        with _interruptible(query), _progress() as show:
            return run(comparison, query, subject, lambda index, number, name: show(f"{index}/{number} {name}"))


@contextmanager
def _interruptible(query: "Query") -> Iterator[None]:
    """Context manager in which Ctrl-C is a failure: a script must not take it for a result."""
    try:
        yield
    except KeyboardInterrupt:
        refund = f" If the refund was sent, it may be booked: look at order {query.refund[0]}." if query.refund else ""
        raise InputError(f"Interrupted.{refund}") from None


def _query(descriptor: "ApiDescriptor", options: dict[str, Any]) -> "Query":
    """Return the checked options. Raise InputError."""
    from refund_sandbox.core.verification import Query
    from refund_sandbox.verify.run import verification_of

    verification, refund = verification_of(descriptor), _refund(options["refund"])
    if not options["base_url"].startswith(("http://", "https://")):
        raise InputError(f"Invalid value for --base-url: {options['base_url']!r} (expected a URL with http:// or https://).")
    if "@" in options["base_url"].split("/")[2]:
        raise InputError("--base-url has a user or a password in it. Use --user or --key.")
    if "?" in options["base_url"] or "#" in options["base_url"]:
        raise InputError("--base-url has a query or a fragment in it. Use the URL of the API without them.")
    if refund and options["order"] not in ("", refund[0]):
        raise InputError("--refund and --order name two orders.")
    return Query(
        base_url=verification.base_url(options["base_url"]),
        order=refund[0] if refund else options["order"],
        customer=options["customer"],
        version=options["api_version"],
        refund=refund,
        **_credentials(descriptor.title, verification.CREDENTIALS, options),
    )


def _refund(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    order, _, amount = text.rpartition(":")
    if not order or not amount:
        raise InputError(f"Invalid value for --refund: {text!r} (expected ORDER:AMOUNT, such as 1001:25.00).")
    return order, amount


def _credentials(title: str, needed: str, options: dict[str, Any]) -> dict[str, str]:
    """Return the credentials that the API needs, after a question for a missing password or key. Raise InputError."""
    other = "key" if needed == "user" else "user"
    if not options[needed]:
        raise InputError(f"{title} needs --{needed}.")
    if options[other]:
        raise InputError(f"{title} has no --{other}. Use --{needed}.")
    value = str(options[needed])
    if needed == "user" and ":" not in value:
        value = f"{value}:{_ask(f'Application password of {value}', 'Use --user LOGIN:PASSWORD')}"
    if needed == "key" and value == "-":
        value = _ask("Secret key", "Use --key KEY")
    return {needed: value}


def _ask(label: str, otherwise: str) -> str:
    if not sys.stdin.isatty():
        raise InputError(f"{label}: no terminal for the question. {otherwise}.")
    return str(click.prompt(label, hide_input=True, err=True))


def _confirm(query: "Query", subject: "Subject", *, yes: bool) -> None:
    """Ask before the refund is sent. Raise InputError if nobody agrees."""
    if subject.refund is None or yes:
        return
    if not sys.stdin.isatty():
        raise InputError("--refund needs a terminal for its question, or --yes.")
    question = f"{subject.refund.name} at {query.base_url}? This moves money. It is sent once"
    if not click.confirm(printable(question), err=True):
        raise InputError("Nothing was refunded, and nothing was compared.")


@contextmanager
def _progress() -> Iterator[Any]:
    """Context manager that yields a function to show a line on stderr, if it is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda text: None
        return

    def show(text: str) -> None:
        sys.stderr.write(_CLEAR + printable(text)[:_WIDTH])
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()
