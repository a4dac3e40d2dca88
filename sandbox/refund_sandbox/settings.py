"""Settings of a process: names, defaults, accepted values, and readers of flags and environment variables.

This is the only module that reads the environment.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from msgspec import Struct
from msgspec.structs import asdict, replace

from refund_sandbox import setting_values
from refund_sandbox.suggestions import did_you_mean
from refund_sandbox.workspace_settings import Validation, WorkspaceSettings

PREFIX = "REFUND_SANDBOX_"
_SERVICE_LINK = re.compile(r"service_host|service_port(_\w+)?|port_\d+_(tcp|udp|sctp)(_\w+)?|name|env_\w+")


class SettingsError(Exception):
    """Error for an unknown setting, or for a value that a setting does not accept."""


class Settings(Struct, frozen=True):
    """Settings of one process.

    Without `admin_token`, the control API needs no authentication. Without `fixture`, a workspace starts with the demo data.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    store: str = "memory://"
    workers: int = 1
    postgresql_connections: int = 10
    """Maximum number of connections to PostgreSQL, for each process. 8 processes share a server with its default of 100."""
    fixture: Path | None = None
    orders: int = 0
    seed: int = 42
    admin_token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    """Public host names that the sandbox answers to, or `*` for all."""
    cors: tuple[str, ...] = ("https://shop.example",)
    """Origins of pages that may call the APIs, in addition to loopback origins: `*` for all, `none` for no page at all.

    The default is the origin of the recorded requests. Nobody can register its name (RFC 2606).
    """
    log_level: str = "warning"
    quiet: bool = False
    """Print no line for each request."""
    log_format: Literal["text", "json"] = "text"
    open: bool = False
    """Open the console in a browser."""
    max_body: int = 1024 * 1024
    """Maximum body of a request to the APIs, in bytes."""
    max_header: int = 64 * 1024
    """Maximum length of the request line and the headers, in bytes."""
    max_depth: int = 511
    """Maximum nesting of JSON bodies in the APIs."""
    request_timeout: str = "30s"
    """Time in which a client must send a request, and in which it must read a reply."""
    keep_alive: str = "75s"
    """Time that an idle connection stays open."""
    workspaces: int = 1000
    """Maximum number of workspaces in addition to the default one; at the limit, a new one is refused."""
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
    alone: str | None = None
    """Text that the option has on the command line if none follows it."""


class ApiOptions(Protocol):
    """An API with settings that are options of the command line too: its ApiDescriptor."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> type[Any]: ...
    @property
    def options(self) -> Mapping[str, Option]: ...


_DEFAULTS: Mapping[str, Any] = {**asdict(Settings()), "validation": WorkspaceSettings().validation, "fixture": "the demo data"}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, ()) else ",".join(value) if isinstance(value, tuple) else str(value)


def _options(**options: tuple[str, str, Callable[[str], Any]]) -> Mapping[str, Option]:
    return {name: Option(*option, default=_as_text(_DEFAULTS[name])) for name, option in options.items()}


def _int(help_text: str, minimum: int, maximum: int) -> tuple[str, str, Callable[[str], Any]]:
    return help_text, f"{minimum} to {maximum}", setting_values.read_int(minimum, maximum)


def _choice(help_text: str, choices: tuple[str, ...]) -> tuple[str, str, Callable[[str], Any]]:
    accepts = f"{', '.join(choices[:-1])} or {choices[-1]}"
    return help_text, accepts, setting_values.read_choice(choices)


def _duration(help_text: str) -> tuple[str, str, Callable[[str], Any]]:
    return help_text, "90s, 15m, 2h or 3d", setting_values.read_duration_text


_LOG_LEVELS = ("critical", "error", "warning", "info", "debug")

OPTIONS: Mapping[str, Option] = _options(
    host=("Address to listen on.", "a host name or an address", str),
    port=_int("Port to listen on; 0 takes any free port.", 0, 65535),
    store=("Store of the state.", "memory://, sqlite:///FILE or postgresql://…", setting_values.read_store),
    workers=_int("Number of processes that serve requests.", 1, 64),
    postgresql_connections=_int("Maximum number of PostgreSQL connections of each process.", 2, 1000),
    fixture=("State document (YAML) that workspaces start with.", "an existing file", setting_values.read_file),
    orders=_int("Number of generated orders to add to each API.", 0, 1_000_000),
    seed=("Random seed for ids and generated orders.", "a whole number", setting_values.read_int(-(2**63), 2**63)),
    workspaces=_int("Maximum number of workspaces.", 1, 100_000),
    workspace_idle=_duration("Time after which an unused workspace is deleted."),
    journal_size=_int("Maximum number of requests in the request log of a workspace.", 1, 1_000_000),
    journal_bytes=_int("Maximum bytes in the request log of a workspace.", 1024, 2**30),
    max_body=_int("Maximum body of a request to the APIs, in bytes.", 1024, 2**26),
    max_header=_int("Maximum length of the request line and the headers, in bytes.", 1024, 2**20),
    max_depth=_int("Maximum nesting of JSON bodies. An API may have a lower limit.", 1, 511),
    request_timeout=_duration("Time in which a client must send a request, and read a reply."),
    keep_alive=_duration("Time that an idle connection stays open."),
    admin_token=(
        "Bearer token that /_sandbox and the console require.",
        "a text that is not empty",
        setting_values.read_non_empty,
    ),
    allowed_hosts=(
        "Host names of the sandbox, in addition to localhost, IP addresses and private names.",
        "names like sandbox.example.com, separated by commas, or *",
        setting_values.read_host_names,
    ),
    cors=(
        "Origins of pages that may call the APIs, in addition to loopback origins.",
        "origins like https://shop.example.com, separated by commas, or *, or none",
        setting_values.read_origins,
    ),
    watch=("Restart when a spec or a fixture changes, and print the differences.", "true or false", setting_values.read_flag),
    quiet=("Print no line for each request.", "true or false", setting_values.read_flag),
    log_format=_choice("Format of the lines for requests on stdout.", ("text", "json")),
    log_level=_choice("Log level on stderr.", _LOG_LEVELS),
    open=("Open the console in a browser.", "true or false", setting_values.read_flag),
    validation=_choice("Refuse requests that the specs forbid, or accept what the live services accept.", get_args(Validation)),
)
"""Options of `refund-sandbox serve`, except those of the APIs."""


def all_options(apis: Iterable[ApiOptions]) -> Mapping[str, Option]:
    """Return all options of `refund-sandbox serve`. The option `envelope` of the API `acme` is `acme_envelope`."""
    of_apis: dict[str, Option] = {}
    for api in apis:
        defaults = api.settings()
        for name, option in api.options.items():
            of_apis[f"{api.name}_{name}"] = replace(option, default=_as_text(getattr(defaults, name)))
    return {**OPTIONS, **of_apis}


CLIENT_OPTIONS: Mapping[str, Option] = {
    "url": Option("URL of the running sandbox.", "http://HOST:PORT", str, "http://127.0.0.1:8000"),
    "token": Option("Admin token of the server.", "any text", str, ""),
    "workspace": Option("Workspace name (default: default).", "a name", str, ""),
}
"""Options of the commands that talk to a running sandbox."""


def read_client_variables() -> dict[str, str]:
    """Return URL and token of a running sandbox from the variables, if they are set."""
    texts = {name: os.environ.get(_variable(name), "") for name in ("url", "token")}
    return {name: text for name, text in texts.items() if text}


def read_client_options(flags: Mapping[str, str | None]) -> dict[str, str]:
    """Return URL, token and workspace of a running sandbox from flags, `REFUND_SANDBOX_*` variables and defaults."""
    texts = {name: os.environ.get(_variable(name)) or option.default for name, option in CLIENT_OPTIONS.items()}
    return texts | {name: text for name, text in flags.items() if text is not None}


def read_settings(
    flags: Mapping[str, str | None], apis: Sequence[ApiOptions], environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings from flags and `REFUND_SANDBOX_*` variables; a flag overrides a variable.

    Raises SettingsError, in one line, for an invalid value and for an unknown variable.
    """
    options = all_options(apis)
    variables = _read_variables(os.environ if environment is None else environment, options)
    texts = {name: (_variable(name), text) for name, text in variables.items()}
    texts |= {name: (_flag(name), text) for name, text in flags.items() if text is not None}
    values = {name: _read(options[name], text, source) for name, (source, text) in texts.items()}
    workspace = WorkspaceSettings(
        **{name: values.pop(name) for name in ("validation",) if name in values},
        apis={api.name: api.settings(**_take(values, api)) for api in apis},
    )
    settings = Settings(**values, workspace=workspace)
    if settings.workers > 1 and settings.store == "memory://":
        raise SettingsError("--workers needs a --store that processes can share: sqlite:///FILE or postgresql://…")
    if settings.watch and settings.workers > 1:
        raise SettingsError("--watch works with one process only. Remove --workers.")
    return settings


def read_address(flags: Mapping[str, str | None]) -> tuple[str, int]:
    """Return host and port from flags and variables, whatever the other variables are."""
    variables = {_variable(name): os.environ.get(_variable(name)) for name in ("host", "port")}
    settings = read_settings(flags, (), {name: text for name, text in variables.items() if text is not None})
    return settings.host, settings.port


def has_colors() -> bool:
    """Whether the user wants colours on a terminal (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")


def export_to_environment(flags: Mapping[str, str | None]) -> None:
    """Set variables for the flags, so that processes started from here read the same settings."""
    os.environ.update({_variable(name): text for name, text in flags.items() if text is not None})


def _take(values: dict[str, Any], api: ApiOptions) -> dict[str, Any]:
    """Move the options of an API out of `values`, under the names of its settings."""
    names = {name: f"{api.name}_{name}" for name in api.options}
    return {name: values.pop(option) for name, option in names.items() if option in values}


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _read_variables(environment: Mapping[str, str], options: Mapping[str, Option]) -> dict[str, str]:
    """Return the texts of the variables that set an option, by the name of the option."""
    texts = {}
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name in CLIENT_OPTIONS or _is_service_link(name, text):
            continue
        if name not in options:
            hint = did_you_mean(variable, map(_variable, options)) or " See: refund-sandbox serve --help"
            raise SettingsError(f"Unknown variable {variable}.{hint}")
        texts[name] = text
    return texts


def _is_service_link(name: str, text: str) -> bool:
    """Whether Kubernetes or Docker sets a variable in containers of a network with a service that is called refund-sandbox."""
    return _SERVICE_LINK.fullmatch(name) is not None or (name == "port" and "://" in text)


def _read(option: Option, text: str, source: str) -> Any:
    try:
        return option.read(text)
    except (ValueError, KeyError, OSError):
        redacted = re.sub("(?<=://).*@", "***@", text)
        raise SettingsError(f"Invalid value for {source}: {redacted!r} (expected {option.accepts}).") from None
