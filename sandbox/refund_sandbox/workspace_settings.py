"""Settings of a workspace, which its state document holds too."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import asdict, replace

Validation = Literal["strict", "live"]
Duration = Annotated[str, Meta(extra_json_schema={"format": "duration"})]
"""A duration such as 90s, 15m, 2h or 3d."""

MAX_WEBHOOK_TIMEOUT_S = 60


class WebhookSettings(Struct, frozen=True):
    """Delivery of webhooks. Durations count on the clock of the workspace, except the time-out."""

    timeout: Annotated[str, Meta(extra_json_schema={"format": "duration-60s"})] = "10s"
    """Time in which an endpoint must answer, in real time. At most 60 s."""
    retries: Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": 100})] = 10
    """Maximum number of retries of a delivery."""
    first_retry: Duration = "15s"
    """Wait before the first retry; it doubles with each further retry."""
    longest_retry: Duration = "1h"
    """Maximum wait between two attempts."""


class WorkspaceSettings(Struct, frozen=True):
    """Settings of one workspace, which the state document holds too."""

    validation: Validation = "strict"
    webhooks: WebhookSettings = WebhookSettings()
    apis: Mapping[str, Any] = field(default_factory=dict)
    """Settings of each API, of a class of its own, by name."""

    def of(self, api: str) -> Any:
        """Return the settings of one API."""
        return self.apis[api]

    def with_defaults(self, apis: Mapping[str, type[Any]]) -> "WorkspaceSettings":
        """Return a copy with the default settings of the APIs that have none."""
        return replace(self, apis={name: self.apis.get(name) or defaults() for name, defaults in apis.items()})

    def to_document(self) -> dict[str, Any]:
        """Return the form that the state document has."""
        apis = {name: asdict(settings) for name, settings in self.apis.items()}
        return {"validation": self.validation, **apis, "webhooks": asdict(self.webhooks)}

    def updated(self, document: Mapping[str, Any]) -> "WorkspaceSettings":
        """Return a copy with the values of a document that matches the schema."""
        return replace(
            self,
            validation=document.get("validation", self.validation),
            webhooks=replace(self.webhooks, **document.get("webhooks", {})),
            apis={name: replace(settings, **document.get(name, {})) for name, settings in self.apis.items()},
        )
