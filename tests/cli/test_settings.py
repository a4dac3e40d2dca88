"""The commands `settings`, `status`, `credentials`, `workspaces` and `openapi`."""

import httpx2
import pytest

from refund_sandbox.testing import Sandbox
from tests.support.command_line import json_of, output_of
from tests.support.yaml_files import read_yaml


def test_settings_are_changed_by_dotted_names(sandbox: Sandbox) -> None:
    changed = output_of(sandbox, "settings", "set", "validation=live", "webhooks.retries=3", "fluentcart.version=1.5.2")

    assert [line.split() for line in changed.splitlines()] == [
        ["validation", "live"],
        ["webhooks.retries", "3"],
        ["fluentcart.version", "1.5.2"],
    ]
    settings = json_of(sandbox, "settings", "get")
    assert (settings["validation"], settings["webhooks"]["retries"], settings["webhooks"]["timeout"]) == ("live", 3, "10s")
    assert output_of(sandbox, "settings", "get", "fluentcart.version") == "1.5.2\n"


def test_one_setting_can_be_two_words(sandbox: Sandbox) -> None:
    assert output_of(sandbox, "settings", "set", "fluentcart.version", "1.3.25") == "fluentcart.version  1.3.25\n"


def test_the_status_counts_what_the_workspace_has(sandbox: Sandbox) -> None:
    sandbox.fault("reply_lost", api="fluentcart")

    status = json_of(sandbox, "status")

    assert (status["url"], status["store"], status["faults"], status["endpoints"]) == (sandbox.url, "memory", 1, 0)
    assert status["orders"]["fluentcart"] == 18
    assert "faults              1" in output_of(sandbox, "status")


def test_the_credentials_work_at_their_base_urls(sandbox: Sandbox) -> None:
    lines = [line.strip() for line in output_of(sandbox, "credentials").splitlines()]
    base_url = next(line.split()[-1] for line in lines if "fluent-cart" in line)
    name, _, value = next(line for line in lines if line.startswith("Authorization")).partition(": ")

    assert httpx2.get(f"{base_url}/orders/1001", headers={name: value}).status_code == 200
    assert list(json_of(sandbox, "credentials", "--api", "funnelfox")) == ["funnelfox"]


def test_workspaces_are_listed_with_urls_and_deleted(sandbox: Sandbox) -> None:
    sandbox.workspace("mine").reset()

    assert f" {sandbox.url}/w/mine\n" in output_of(sandbox, "workspaces")
    assert output_of(sandbox, "workspaces", "delete", "mine") == "Workspace 'mine' deleted.\n"
    assert "mine" not in json_of(sandbox, "workspaces")


@pytest.mark.parametrize("name", ["sandbox", "funnelfox", "fluentcart"])
def test_the_openapi_document_is_yaml_or_json(sandbox: Sandbox, name: str) -> None:
    assert read_yaml(output_of(sandbox, "openapi", name))["openapi"].startswith("3.")
    assert json_of(sandbox, "openapi", name)["info"]["title"]
