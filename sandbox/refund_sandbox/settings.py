"""Settings: names, defaults, accepted values, and how flags and environment variables are read.

Defaults stand in the classes only. This is the only module that reads the environment.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from refund_sandbox import setting_values
from refund_sandbox.suggestions import did_you_mean

Validation = Literal["strict", "live"]
Version = Literal["1.6.2", "1.3.25"]
PREFIX = "REFUND_SANDBOX_"


class SettingsError(Exception):
    """Error for an unknown setting, or for a value that a setting does not accept."""


_Duration = Annotated[str, Meta(extra_json_schema={"format": "duration"})]


class FunnelFoxSettings(Struct, frozen=True):
    """Behaviour of the FunnelFox API."""

    envelope: bool = False
    """Wrap FunnelFox responses of status 200 in `{"status", "data", "req_id"}`."""
    error_status: Literal[200, 400, 422] = 400
    """HTTP status of refused refunds and of invalid fields."""
    settle_after: _Duration = "0s"
    """Time that an accepted refund stays pending: `0s`, `90s`, `2h`, `3d`."""


class FluentCartSettings(Struct, frozen=True):
    """Behaviour of the FluentCart API."""

    version: Version = "1.6.2"
    """Emulated plugin version: 1.6.2 reads amounts in minor units, 1.3.25 in major units."""


class WebhookSettings(Struct, frozen=True):
    """Delivery of webhooks. Durations count on the clock of the workspace, except the time-out."""

    timeout: _Duration = "10s"
    """Time in which an endpoint must answer, in real time."""
    retries: Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": 100})] = 10
    """Maximum number of retries of a delivery."""
    first_retry: _Duration = "15s"
    """Wait before the first retry; it doubles with each further retry."""
    longest_retry: _Duration = "1h"
    """Maximum wait between two attempts."""


class WorkspaceSettings(Struct, frozen=True):
    """Settings of one workspace, which the state document holds too."""

    validation: Validation = "strict"
    funnelfox: FunnelFoxSettings = FunnelFoxSettings()
    fluentcart: FluentCartSettings = FluentCartSettings()
    webhooks: WebhookSettings = WebhookSettings()

    def to_document(self) -> dict[str, Any]:
        """Return the form that the state document has."""
        return {
            "validation": self.validation,
            "funnelfox": asdict(self.funnelfox),
            "fluentcart": asdict(self.fluentcart),
            "webhooks": asdict(self.webhooks),
        }

    def updated(self, document: Mapping[str, Any]) -> "WorkspaceSettings":
        """Return a copy with the values of a document that matches the schema."""
        return replace(
            self,
            validation=document.get("validation", self.validation),
            funnelfox=replace(self.funnelfox, **document.get("funnelfox", {})),
            fluentcart=replace(self.fluentcart, **document.get("fluentcart", {})),
            webhooks=replace(self.webhooks, **document.get("webhooks", {})),
        )


class Settings(Struct, frozen=True):
    """Settings of one process.

    Without `admin_token`, the control API needs no authentication. Without `fixture`, a workspace starts with the demo data.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    store: str = "memory://"
    workers: int = 1
    fixture: Path | None = None
    orders: int = 0
    seed: int = 42
    admin_token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    """Host names, besides private ones, for the control API and the console. Used only without `admin_token`."""
    log_level: str = "warning"
    max_body: int = 1024 * 1024
    """Maximum body of a request to the two APIs, in bytes."""
    max_header: int = 64 * 1024
    """Maximum length of the request line and the headers, in bytes."""
    max_depth: int = 511
    """Maximum nesting of JSON bodies in the two APIs."""
    request_timeout: str = "30s"
    """Time in which a client must send a request."""
    keep_alive: str = "75s"
    """Time that an idle connection stays open."""
    workspaces: int = 1000
    """Maximum number of workspaces; beyond it, the one that is idle longest is deleted."""
    workspace_idle: str = "1h"
    """Time after which an unused workspace is deleted: `90s`, `15m`, `2h`, `3d`."""
    journal_size: int = 2000
    """Maximum number of requests in the request log of a workspace."""
    journal_bytes: int = 32 * 1024 * 1024
    """Maximum bytes of requests and replies in the request log of a workspace."""
    check_replies: bool = False
    """Check every reply against the spec and raise BrokenReply: for the tests of the sandbox itself."""
    watch: bool = False
    """Restart when a spec, a fixture or the scenarios change."""
    workspace: WorkspaceSettings = WorkspaceSettings()


class Option(Struct, frozen=True):
    """A setting as an option of the command line: help text, accepted values, reader of its text, default as text."""

    help: str
    accepts: str
    read: Callable[[str], Any]
    default: str = ""


_DEFAULTS: Mapping[str, Any] = {
    **asdict(Settings()),
    "validation": WorkspaceSettings().validation,
    "funnelfox_envelope": FunnelFoxSettings().envelope,
    "fluentcart_version": FluentCartSettings().version,
}


def _default_of(name: str) -> str:
    """Return the default of an option as text."""
    if name == "fixture":
        return "the demo data"
    value = _DEFAULTS[name]
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, ()) else str(value)


def _options(**options: tuple[str, str, Callable[[str], Any]]) -> Mapping[str, Option]:
    return {name: Option(*option, default=_default_of(name)) for name, option in options.items()}


def _int(help_text: str, minimum: int, maximum: int) -> tuple[str, str, Callable[[str], Any]]:
    return help_text, f"{minimum} to {maximum}", setting_values.read_int(minimum, maximum)


def _choice(help_text: str, choices: tuple[str, ...]) -> tuple[str, str, Callable[[str], Any]]:
    return help_text, " or ".join(choices), setting_values.read_choice(choices)


_DURATION = "90s, 15m, 2h or 3d"
_LOG_LEVELS = ("critical", "error", "warning", "info", "debug")

OPTIONS: Mapping[str, Option] = _options(
    host=("Address to listen on.", "a host name or an address", str),
    port=_int("Port to listen on; 0 takes any free port.", 0, 65535),
    store=("Store of the state.", "memory://, sqlite:///FILE or postgresql://…", setting_values.read_store),
    workers=_int("Number of processes that serve requests.", 1, 64),
    fixture=("State document (YAML) that workspaces start with.", "an existing file", setting_values.read_file),
    orders=_int("Number of generated orders to add to each API.", 0, 1_000_000),
    seed=("Random seed for ids and generated orders.", "a whole number", setting_values.read_int(-(2**63), 2**63)),
    workspaces=_int("Maximum number of workspaces.", 1, 100_000),
    workspace_idle=("Time after which an unused workspace is deleted.", _DURATION, setting_values.read_duration),
    journal_size=_int("Maximum number of requests in the request log of a workspace.", 1, 1_000_000),
    journal_bytes=_int("Maximum bytes in the request log of a workspace.", 1024, 2**30),
    max_body=_int("Maximum body of a request to the two APIs, in bytes.", 1024, 2**26),
    max_header=_int("Maximum length of the request line and the headers, in bytes.", 1024, 2**20),
    max_depth=_int("Maximum nesting of JSON bodies; FunnelFox itself reads 201 levels, FluentCart 511.", 1, 511),
    request_timeout=("Time in which a client must send a request.", _DURATION, setting_values.read_duration),
    keep_alive=("Time that an idle connection stays open.", _DURATION, setting_values.read_duration),
    admin_token=(
        "Bearer token that /_sandbox and the console require.",
        "a text that is not empty",
        setting_values.read_non_empty,
    ),
    allowed_hosts=(
        "Host names for /_sandbox and the console, in addition to localhost, IP addresses and private names.",
        "names like sandbox.example.com, separated by commas",
        setting_values.read_host_names,
    ),
    watch=("Restart when a spec or a fixture changes, and print the differences.", "true or false", setting_values.read_flag),
    log_level=_choice("Log level on stderr.", _LOG_LEVELS),
    validation=_choice("Refuse requests that the specs forbid, or accept what the live services accept.", get_args(Validation)),
    funnelfox_envelope=("Wrap FunnelFox responses in {status, data, req_id}.", "true or false", setting_values.read_flag),
    fluentcart_version=_choice("Emulated FluentCart version; 1.3.25 takes amounts in major units.", get_args(Version)),
)
"""Options of `refund-sandbox serve`."""


CLIENT_OPTIONS: Mapping[str, Option] = {
    "url": Option("URL of the running sandbox.", "http://HOST:PORT", str, "http://127.0.0.1:8000"),
    "token": Option("Admin token of the server.", "any text", str, ""),
    "workspace": Option("Workspace name (default: default).", "a name", str, ""),
}
"""Options of the commands that talk to a running sandbox."""


def read_client_options(flags: Mapping[str, str | None]) -> dict[str, str]:
    """Return URL, token and workspace of a running sandbox from flags, `REFUND_SANDBOX_*` variables and defaults."""
    texts = {name: os.environ.get(_variable(name)) or option.default for name, option in CLIENT_OPTIONS.items()}
    return texts | {name: text for name, text in flags.items() if text is not None}


def read_settings(flags: Mapping[str, str | None], environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from flags and `REFUND_SANDBOX_*` variables; a flag overrides a variable.

    Raises SettingsError, in one line, for an invalid value and for an unknown variable.
    """
    variables = _read_variables(os.environ if environment is None else environment)
    values = {name: _read(name, text, _variable(name)) for name, text in variables.items() if flags.get(name) is None}
    values |= {name: _read(name, text, _flag(name)) for name, text in flags.items() if text is not None}
    workspace = WorkspaceSettings()
    workspace = replace(
        workspace,
        **_take(values, validation="validation"),
        funnelfox=replace(workspace.funnelfox, **_take(values, envelope="funnelfox_envelope")),
        fluentcart=replace(workspace.fluentcart, **_take(values, version="fluentcart_version")),
    )
    settings = Settings(**values, workspace=workspace)
    if settings.workers > 1 and settings.store == "memory://":
        raise SettingsError("--workers needs a --store that processes can share: sqlite:///FILE or postgresql://…")
    if settings.watch and settings.workers > 1:
        raise SettingsError("--watch works with one process only. Remove --workers.")
    return settings


def export_to_environment(flags: Mapping[str, str | None]) -> None:
    """Set variables for the flags, so that processes started from here read the same settings."""
    os.environ.update({_variable(name): text for name, text in flags.items() if text is not None})


def _take(values: dict[str, Any], **options: str) -> dict[str, Any]:
    """Move options out of `values`, under the names of the fields that they set."""
    return {name: values.pop(option) for name, option in options.items() if option in values}


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _read_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of the variables that set an option, by the name of the option."""
    texts = {}
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name in CLIENT_OPTIONS:
            continue
        if name not in OPTIONS:
            hint = did_you_mean(variable, map(_variable, OPTIONS)) or " See: refund-sandbox serve --help"
            raise SettingsError(f"Unknown variable {variable}.{hint}")
        texts[name] = text
    return texts


def _read(name: str, text: str, source: str) -> Any:
    option = OPTIONS[name]
    try:
        return option.read(text)
    except (ValueError, KeyError, OSError):
        redacted = re.sub("(?<=://).*@", "***@", text)
        raise SettingsError(f"Invalid value for {source}: {redacted!r} (expected {option.accepts}).") from None
