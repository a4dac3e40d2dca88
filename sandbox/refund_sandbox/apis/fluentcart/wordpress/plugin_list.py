"""WordPress's list of plugins, by which a client finds the version of FluentCart. Source: WordPress core."""

from collections.abc import Collection
from typing import Any

from refund_sandbox.apis.fluentcart import errors
from refund_sandbox.apis.fluentcart.wordpress.auth import has_permission

PATH = "/wp/v2/plugins"


def plugin_list(version: str, permissions: Collection[str], site_url: str, *, logged_in: bool) -> list[dict[str, Any]]:
    """Return the body of GET /wp-json/wp/v2/plugins. Raise a refusal for a user who may not manage plugins.

    Assumed: the texts about the plugin. The site has no other plugin.
    """
    if not has_permission(permissions, "super_admin"):
        raise errors.plugins_forbidden(logged_in=logged_in)
    plugin = "fluent-cart/fluent-cart"
    return [
        {
            "plugin": plugin,
            "status": "active",
            "name": "FluentCart",
            "plugin_uri": "https://fluentcart.com",
            "author": "FluentCart Team",
            "author_uri": "https://fluentcart.com",
            "description": {"raw": "", "rendered": ""},
            "version": version,
            "network_only": False,
            "requires_wp": "",
            "requires_php": "",
            "textdomain": "fluent-cart",
            "_links": {"self": [{"href": f"{site_url}/wp-json{PATH}/{plugin}"}]},
        }
    ]
