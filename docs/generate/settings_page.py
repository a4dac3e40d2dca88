"""Reference of the settings, from `refund_sandbox.settings`."""

from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.markdown import kind_of, mono, page, sentence, table
from docs.generate.source import field_texts
from refund_sandbox.app import APIS
from refund_sandbox.core.workspaces.state_document import settings_schema
from refund_sandbox.settings import CLIENT_OPTIONS, PREFIX, Option, all_options
from refund_sandbox.workspace_settings import WebhookSettings, WorkspaceSettings

_OPTIONS = all_options(APIS.values())
_CLASSES: Mapping[str, type[Any]] = {**{name: api.settings for name, api in APIS.items()}, "webhooks": WebhookSettings}
_INTRODUCTION = """# Settings

Each setting is an option of `refund-sandbox serve` and an environment variable. An option wins over its variable."""
_WORKSPACE = """## Settings of a workspace

Each workspace has these settings for itself. `PUT /_sandbox/settings` changes them, and a state document may hold them under
`settings`. Settings that a state document leaves out are as the server was started."""
_COMMANDS = """## Settings of the other commands

The commands that call a running sandbox, such as `refund-sandbox orders`, have these options."""


def render() -> str:
    own = {key.replace(".", "_"): key for key, _, _ in _workspace_settings()}
    columns = ("Option", "Variable", "Accepts", "Default", "Per workspace", "Meaning")
    rows = [
        (*_names(name), option.accepts, _default(option), mono(own.get(name)), option.help) for name, option in _OPTIONS.items()
    ]
    workspace = [(mono(key), kind, mono(default), text) for key, (kind, text), default in _workspace_settings()]
    commands = [(*_names(name), option.accepts, _default(option), option.help) for name, option in CLIENT_OPTIONS.items()]
    return page(
        _INTRODUCTION,
        table(columns, rows),
        _WORKSPACE,
        table(("Setting", "Accepts", "Default", "Meaning"), workspace),
        _COMMANDS,
        table(("Option", "Variable", "Accepts", "Default", "Meaning"), commands),
    )


def _default(option: Option) -> str:
    return option.default if " " in option.default or option.default == "none" else mono(option.default)


def _names(name: str) -> tuple[str, str]:
    return mono(f"--{name.replace('_', '-')}"), mono(f"{PREFIX}{name.upper()}")


def _workspace_settings() -> Iterator[tuple[str, tuple[str, str], str]]:
    """Each setting as `group.name`, what it accepts and means, and its default."""
    schemas: Mapping[str, Any] = settings_schema(APIS.values())["properties"]
    defaults = WorkspaceSettings().with_defaults({name: api.settings for name, api in APIS.items()})
    for name, value in defaults.to_document().items():
        if not isinstance(value, dict):
            yield name, (kind_of(schemas[name]), _OPTIONS[name].help), _shown(value)
            continue
        texts = field_texts(_CLASSES[name])
        for key, default in value.items():
            schema = schemas[name]["properties"][key]
            yield f"{name}.{key}", (kind_of(schema), sentence(schema.get("description") or texts[key])), _shown(default)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
