"""The command `record`: a proxy in front of a live service that records what it answers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.api_lookup import chosen_apis
from refund_sandbox.cli.output import exit_on_error, print_json, printable
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.cli.values import nested, read_assignment
from refund_sandbox.server.stopping import ignore_stop_signals, note_stop_signals, when_signalled

if TYPE_CHECKING:
    from refund_sandbox.core.api import Api
    from refund_sandbox.recordings.recorder import Compare, Recorder
    from refund_sandbox.recordings.upstream import Upstream
    from refund_sandbox.verify.report import Row

_MAX_VALUE_CHARS = 200
_IN_PROCESS = "in-process"
_INTERVAL_S = 1.0
_DEFAULT_WORKSPACE = "default"
_SHADOW_WORKSPACE = "record-shadow"


@click.command()
@click.option("--target", required=True, metavar="URL", help="Live service: https://HOST or https://HOST/PATH.")
@click.option("--out", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--api", metavar="NAME", help="Only look for operations of this API. Default: of each one.")
@click.option(
    "--shadow",
    is_flag=False,
    flag_value=_IN_PROCESS,
    metavar="[URL]",
    help="Compare each reply with a sandbox, which gets the same request in the same state. URL: one that runs, in a workspace "
    f"{_SHADOW_WORKSPACE} unless it names another. Without URL: one in this process.",
)
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help="Setting of the sandbox for these cases.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="Port to listen on. 0: any.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds to wait for a reply.")
@click.option("--ca-file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Certificates to trust, as PEM.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def record(**options: Any) -> None:
    """Record a live service until Ctrl-C. Secrets and personal data are replaced.

    Clients send their requests to this command instead of the service. Each is sent on once, and its reply is passed back.
    The file has a case for each, which `verify --recording` replays.

    \b
    Examples:
      refund-sandbox record --target https://shop.example --out 40_orders.json
      refund-sandbox record --target https://shop.example --out 41_refunds.json --shadow
    """
    exit_on_error(lambda: _record(**options))


def _record(target: str, out: Path, api: str | None, shadow: str | None, settings: tuple[str, ...], **options: Any) -> None:
    from refund_sandbox.app import load_apis
    from refund_sandbox.cli.serve import listen
    from refund_sandbox.recordings.proxy import RecordingProxy
    from refund_sandbox.recordings.recorder import Recorder, make_scrubber
    from refund_sandbox.settings import Settings

    loaded = load_apis()
    apis = {name: loaded[name] for name in chosen_apis(loaded, api)}
    values = _settings(settings, loaded)
    upstream = _upstream(target, options["timeout"], options["ca_file"])
    with ExitStack() as stack:
        compare = stack.enter_context(_shadow(shadow, apis, values)) if shadow else None
        show = _show_json if options["as_json"] else _show_line
        listener = listen(Settings(host=options["host"], port=options["port"]))
        stack.callback(listener.close)
        recorder = Recorder(out, make_scrubber(apis, list(upstream.sites)), values, show, compare)
        url = f"http://{options['host']}:{listener.getsockname()[1]}"
        note_stop_signals()
        if not options["as_json"]:
            click.echo(f"Recording {target} to {out}. Send requests to {url} instead. Ctrl-C ends.")
        _serve_until_stopped(RecordingProxy(upstream, apis, recorder.record), listener)
        recorder.close()
    _show_summary(recorder, out, as_json=options["as_json"])
    ignore_stop_signals()
    if recorder.lost:
        raise OSError(f"{recorder.lost} exchange{'' if recorder.lost == 1 else 's'} not recorded: {out} had no room")


def _settings(assignments: tuple[str, ...], apis: "Mapping[str, Api]") -> "Mapping[str, Any]":
    """Return the settings of NAME=VALUE. Raises BadDocument for invalid ones: such a recording can't be replayed."""
    from refund_sandbox.core.validation.validator import Validator
    from refund_sandbox.core.validation.violation import bad_document
    from refund_sandbox.core.workspaces.state_document import settings_schema

    values = nested(map(read_assignment, assignments))
    violations = Validator(settings_schema(api.descriptor for api in apis.values())).violations(values)
    if violations:
        raise bad_document(violations)
    return values


def _upstream(target: str, timeout_s: float, ca_file: Path | None) -> "Upstream":
    from refund_sandbox.recordings.upstream import Upstream

    try:
        return Upstream(target, timeout_s, ca_file)
    except OSError as error:
        raise InputError(f"--ca-file {ca_file}: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(str(error)) from None


@contextmanager
def _shadow(url: str, apis: "Mapping[str, Api]", settings: "Mapping[str, Any]") -> "Iterator[Compare]":
    """Context manager that yields the comparison of a case with a sandbox: one that runs, or one of this process."""
    from refund_sandbox.recordings.case_replay import CaseReplay
    from refund_sandbox.testing import Sandbox

    if url == _IN_PROCESS:
        with Sandbox() as sandbox:
            sandbox.client.put("/settings", settings)  # refuses unknown ones
            yield CaseReplay(sandbox.client, apis).row
        return
    client = Sandbox.at(url).client
    own = client.within(_SHADOW_WORKSPACE) if client.workspace == _DEFAULT_WORKSPACE else client
    own.put("/settings", settings)
    yield CaseReplay(own, apis).row


def _serve_until_stopped(app: Any, listener: Any) -> None:
    """Serve until a signal to stop. Requests in progress have a short time to end."""
    from refund_sandbox.recordings.proxy_server import ProxyServer

    server = ProxyServer(app, listener)
    when_signalled(server.stop)
    with server:
        while server.wait(_INTERVAL_S):
            pass


def _show_line(case: "Mapping[str, Any]", row: "Row | None") -> None:
    request, notes = case["request"], case.get("without_reply", "")
    status = "no reply" if notes else str(case["expect"]["status"])
    color = "red" if notes else "green" if case["expect"]["status"] < 400 else "yellow"
    line = f"{case['at'][11:]} {case['id']}  {request['method']} {printable(request['path'])}  "
    click.echo(line + click.style(status, fg=color) + (f"  {printable(notes)}" if notes else ""))
    if row is not None:
        _show_row(row)


def _show_row(row: "Row") -> None:
    colors = {"alike": "green", "differs": "red"}
    reason = f": {printable(row.reason)}" if row.reason else ""
    click.echo(f"  {click.style(row.outcome, fg=colors.get(row.outcome, 'yellow'))}{reason}")
    for difference in row.differences:
        click.echo(f"    {printable(difference.path)}")
        click.echo(f"      live     {_value(difference.expected)}")
        click.echo(f"      sandbox  {_value(difference.got)}")


def _value(value: Any) -> str:
    from msgspec import UNSET

    text = "(missing)" if value is UNSET else json.dumps(value, ensure_ascii=False)
    return printable(text if len(text) <= _MAX_VALUE_CHARS else text[:_MAX_VALUE_CHARS] + "…")


def _show_json(case: "Mapping[str, Any]", row: "Row | None") -> None:
    import msgspec

    fields = {name: case[name] for name in ("id", "name", "at", "without_reply") if name in case}
    print_json({**fields, "status": case["expect"]["status"], **({"shadow": msgspec.to_builtins(row)} if row else {})})


def _show_summary(recorder: "Recorder", out: Path, *, as_json: bool) -> None:
    replaced = recorder.scrubber.stand_ins.counts()
    outcomes = dict(recorder.outcomes)
    if as_json:
        print_json({"cases": recorder.count, "without_reply": recorder.without_reply, "replaced": replaced, "shadow": outcomes})
        return
    parts = [f"{recorder.count} exchange{'' if recorder.count == 1 else 's'} in {out}"]
    if recorder.without_reply:
        parts.append(f"{recorder.without_reply} without a reply")
    if replaced:
        parts.append("replaced: " + ", ".join(f"{number} {kind}" for kind, number in replaced.items()))
    if outcomes:
        parts.append("sandbox: " + ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())))
    click.echo("\n".join(parts) + ".")
