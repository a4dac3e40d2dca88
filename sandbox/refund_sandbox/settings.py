"""Every setting: its name, its default, what it accepts. The only module that reads the environment."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal, get_args

from refund_sandbox.frozen import frozen, replace

Validation = Literal["strict", "live"]
Version = Literal["1.6.2", "1.3.25"]
PREFIX = "REFUND_SANDBOX_"


class SettingsError(Exception):
    """A setting has a value that it does not accept."""


def _duration(default: str) -> str:
    return field(default=default, metadata={"schema": {"type": "string", "format": "duration"}})


@frozen
class FunnelFoxSettings:
    """How the FunnelFox side behaves."""

    envelope: bool = False
    """Wrap the documented 200 bodies in `{"status","data","req_id"}`, as live clients see them."""
    error_status: Literal[200, 400, 422] = 400
    """The HTTP status of refused refunds and wrong fields."""
    settle_after: str = _duration("0s")
    """How long an accepted refund stays pending: `0s`, `90s`, `2h`, `3d`."""


@frozen
class FluentCartSettings:
    """How the FluentCart side behaves."""

    version: Version = "1.6.2"
    """Which plugin version answers: 1.6.2 reads amounts in minor units, 1.3.25 in major units."""


@frozen
class WebhookSettings:
    """How webhooks are delivered. Durations are those of the sandbox's clock, but for the time-out."""

    timeout: str = _duration("10s")
    """How long a target may take to answer, in real time."""
    retries: int = field(default=10, metadata={"schema": {"type": "integer", "minimum": 0, "maximum": 100}})
    """How often a delivery is tried again."""
    first_retry: str = _duration("15s")
    """How long after the first failure; twice as long after each one that follows."""
    longest_retry: str = _duration("1h")
    """The longest wait between two attempts."""


@frozen
class WorkspaceSettings:
    """The settings that each workspace has for itself, and that the state document holds."""

    validation: Validation = "strict"
    funnelfox: FunnelFoxSettings = FunnelFoxSettings()
    fluentcart: FluentCartSettings = FluentCartSettings()
    webhooks: WebhookSettings = WebhookSettings()

    def to_document(self) -> dict[str, Any]:
        """As in the state document."""
        return {
            "validation": self.validation,
            "funnelfox": vars(self.funnelfox).copy(),
            "fluentcart": vars(self.fluentcart).copy(),
            "webhooks": vars(self.webhooks).copy(),
        }

    def updated(self, document: Mapping[str, Any]) -> "WorkspaceSettings":
        """These settings with what a document that fits their schema says instead."""
        return replace(
            self,
            validation=document.get("validation", self.validation),
            funnelfox=replace(self.funnelfox, **document.get("funnelfox", {})),
            fluentcart=replace(self.fluentcart, **document.get("fluentcart", {})),
            webhooks=replace(self.webhooks, **document.get("webhooks", {})),
        )


@frozen
class Settings:
    """The settings of one process. `admin_token` None: the control API is open; `fixture` None: the demo world."""

    host: str = "127.0.0.1"
    port: int = 8000
    store: str = "memory://"
    workers: int = 1
    fixture: Path | None = None
    orders: int = 0
    seed: int = 42
    admin_token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    """By which names, beside private ones, browsers may call the control API and the console where there is no admin token."""
    log_level: str = "warning"
    max_body: int = 1024 * 1024
    """The largest body, in bytes, that the two APIs read."""
    max_header: int = 64 * 1024
    """The longest request line with its headers, in bytes."""
    max_depth: int = 511
    """How deep the JSON of the two APIs' bodies may be nested."""
    request_timeout: str = "30s"
    """How long a client may take to send a request."""
    keep_alive: str = "75s"
    """How long a connection stays open between two requests."""
    workspaces: int = 1000
    """How many workspaces there may be; the one that was idle for longest goes first."""
    workspace_idle: str = "1h"
    """After how long an unused workspace is forgotten: `90s`, `15m`, `2h`, `3d`."""
    journal_size: int = 2000
    """How many requests the journal of a workspace remembers."""
    journal_bytes: int = 32 * 1024 * 1024
    """How many bytes of requests and replies it remembers at most."""
    check_replies: bool = False
    """Check every reply against its spec, and fail loudly: for the sandbox's own tests."""
    watch: bool = False
    """Start anew when a spec, a fixture or the scenarios change."""
    workspace: WorkspaceSettings = WorkspaceSettings()


@frozen
class Option:
    """A setting of the command line: what it is for, what it accepts, and how its text is read."""

    help: str
    accepts: str
    read: Callable[[str], Any]
    default: str = ""


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return read


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return read


def _flag(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[text.lower()]


def _store(text: str) -> str:
    if text != "memory://" and not text.startswith(("sqlite:///", "postgresql://")):
        raise ValueError(text)
    return text


def _time(text: str) -> str:
    if not re.fullmatch("[0-9]{1,6}[smhd]", text):
        raise ValueError(text)
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch("[A-Za-z0-9.-]+", name) for name in names):
        raise ValueError(text)
    return names


def _filled(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError(text)
    return path


_LEVELS = ("critical", "error", "warning", "info", "debug")
_MODES: tuple[str, ...] = get_args(Validation)
_VERSIONS: tuple[str, ...] = get_args(Version)

OPTIONS: Mapping[str, Option] = {
    "host": Option("The address to listen on.", "a host name or an address", str, "127.0.0.1"),
    "port": Option("The port to listen on; 0 takes any free one.", "a number from 0 to 65535", _whole(0, 65535), "8000"),
    "store": Option("Where the world is kept.", "memory://, sqlite:///FILE or postgresql://…", _store, "memory://"),
    "workers": Option("How many processes answer.", "a number from 1 to 64", _whole(1, 64), "1"),
    "fixture": Option("A state document (YAML) to start from.", "an existing file", _existing, "the demo world"),
    "orders": Option("Invented orders to add for each API.", "a number from 0 to 1000000", _whole(0, 1_000_000), "0"),
    "seed": Option("Where ids and invented orders start from.", "a whole number", _whole(-(2**63), 2**63), "42"),
    "workspaces": Option("How many workspaces there may be.", "a number from 1 to 100000", _whole(1, 100_000), "1000"),
    "workspace_idle": Option("After how long an unused workspace is forgotten.", "90s, 15m, 2h, 3d …", _time, "1h"),
    "journal_size": Option(
        "How many requests each workspace remembers.", "a number from 1 to 1000000", _whole(1, 1_000_000), "2000"
    ),
    "journal_bytes": Option(
        "How many bytes of them it remembers at most.", "a number from 1024 to 1073741824", _whole(1024, 2**30), "33554432"
    ),
    "max_body": Option(
        "The largest body that the two APIs read, in bytes.", "a number from 1024 to 67108864", _whole(1024, 2**26), "1048576"
    ),
    "max_header": Option(
        "The longest request line with its headers, in bytes.", "a number from 1024 to 1048576", _whole(1024, 2**20), "65536"
    ),
    "max_depth": Option(
        "How deep a body may be nested; FunnelFox itself reads 201 levels, FluentCart 511.",
        "a number from 1 to 511",
        _whole(1, 511),
        "511",
    ),
    "request_timeout": Option("How long a client may take to send a request.", "90s, 15m, 2h, 3d …", _time, "30s"),
    "keep_alive": Option("How long a connection stays open between two requests.", "90s, 15m, 2h, 3d …", _time, "75s"),
    "admin_token": Option("Ask for this bearer token under /_sandbox.", "a text that is not empty", _filled, "none"),
    "allowed_hosts": Option(
        "Names of this machine to answer by under /_sandbox and in the console, beside localhost, addresses and private names.",
        "names like sandbox.example.com, with commas between them",
        _names,
        "none",
    ),
    "watch": Option("Start anew when a spec or a fixture changes, and say what is different.", "true or false", _flag, "false"),
    "log_level": Option("How much to log on stderr.", " or ".join(_LEVELS), _one_of(_LEVELS), "warning"),
    "validation": Option(
        "Refuse what the specs forbid, or be as forgiving as the live services.", " or ".join(_MODES), _one_of(_MODES), "strict"
    ),
    "funnelfox_envelope": Option("Wrap FunnelFox's 200 bodies as live clients see them.", "true or false", _flag, "false"),
    "fluentcart_version": Option(
        "Which FluentCart answers; 1.3.25 takes amounts in major units.", " or ".join(_VERSIONS), _one_of(_VERSIONS), "1.6.2"
    ),
}


CLIENT_OPTIONS: Mapping[str, Option] = {
    "url": Option("Where the sandbox runs.", "http://HOST:PORT", str, "http://127.0.0.1:8000"),
    "token": Option("Its --admin-token.", "any text", str, ""),
    "workspace": Option("Another world than the default one.", "a name", str, ""),
}
"""What the commands have that talk to a running sandbox."""


def read_client_options(flags: Mapping[str, str | None]) -> dict[str, str]:
    """Where a running sandbox is: what flags and `REFUND_SANDBOX_*` variables say, flags first, and else the defaults."""
    texts = {name: os.environ.get(PREFIX + name.upper()) or option.default for name, option in CLIENT_OPTIONS.items()}
    return texts | {name: text for name, text in flags.items() if text is not None}


def read_settings(flags: Mapping[str, str | None], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings that flags and `REFUND_SANDBOX_*` variables say, flags first.

    Raises SettingsError in one line for a value that a setting does not accept, and for a variable that no setting has.
    """
    texts = _variables(os.environ if environment is None else environment)
    texts.update({name: text for name, text in flags.items() if text is not None})
    values = {name: _read(name, text) for name, text in texts.items()}
    workspace = WorkspaceSettings(
        validation=values.pop("validation", "strict"),
        funnelfox=FunnelFoxSettings(envelope=values.pop("funnelfox_envelope", False)),
        fluentcart=FluentCartSettings(version=values.pop("fluentcart_version", "1.6.2")),
    )
    settings = Settings(**values, workspace=workspace)
    if settings.workers > 1 and settings.store == "memory://":
        raise SettingsError(
            "--workers needs a --store that processes can share, sqlite:///FILE or postgresql://…; memory:// is one process's own"
        )
    if settings.watch and settings.workers > 1:
        raise SettingsError("--watch is for one process; --workers 1 is enough to see what changes")
    return settings


def export(flags: Mapping[str, str | None]) -> None:
    """Puts flags into this process's environment, for the processes that it starts."""
    os.environ.update({PREFIX + name.upper(): text for name, text in flags.items() if text is not None})


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name in CLIENT_OPTIONS:
            continue
        if name not in OPTIONS:
            accepted = ", ".join(PREFIX + known.upper() for known in OPTIONS)
            raise SettingsError(f"{variable} is no setting; there are {accepted}")
        found[name] = text
    return found


def _read(name: str, text: str) -> Any:
    option = OPTIONS[name]
    try:
        return option.read(text)
    except (ValueError, KeyError, OSError):
        flag = f"--{name.replace('_', '-')}"
        shown = re.sub("(?<=://).*@", "***@", text)
        raise SettingsError(f"{flag} ({PREFIX}{name.upper()}) accepts {option.accepts}, not {shown!r}") from None
