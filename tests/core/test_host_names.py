"""Host names that public DNS can point to this machine, and those that it can't."""

import pytest

from refund_sandbox.core.host_names import is_loopback, is_public, name_of

PRIVATE = {
    "addresses": ["127.0.0.1", "10.0.0.7", "192.168.1.5:8000", "8.8.8.8", "[::1]:8000", "[fd00::1]", "[fe80::1%25eth0]:80"],
    "this machine": ["localhost", "LOCALHOST.", "shop.localhost:8000", "a.b.localhost"],
    "no dot": ["refund-sandbox:8000", "refund_sandbox", "shop_refund-sandbox", "db", ""],
    "reserved": ["shop.test", "nas.local", "host.docker.internal", "api.home.arpa", "box.lan", "x.invalid"],
    "Kubernetes": [
        *("refund-sandbox.default", "refund-sandbox.staging:8000", "refund-sandbox.team-a", "sandbox.kube-system"),
        *("refund-sandbox.ci.svc", "refund-sandbox.dev.svc.cluster.local", "10-0-0-1.default.pod.cluster.local"),
    ],
    "GitLab": ["registry.example.com__shop__refund-sandbox", "registry.example.com-shop-refund-sandbox", "shop-refund-sandbox"],
    "Swarm": ["tasks.shop_refund-sandbox", "shop_refund-sandbox.1.x3ti0erg11rjpg64m75kej2mz"],
    "Compose": ["refund-sandbox.shop_default", "refund-sandbox.backend", "refund-sandbox-1.my-net"],
    "Consul, Nomad, Podman": ["refund-sandbox.service.consul", "sandbox.service.dc1.consul", "sandbox.dns.podman"],
}
PUBLIC = {
    "registered": ["example.com", "shop.co.uk:8000", "EVIL.COM.", "a.b.evil.io", "localhost.evil.com", "127.0.0.1.nip.io"],
    "namespaces that are top-level domains": [
        "refund-sandbox.dev",
        "sandbox.ci:8000",
        "sandbox.app",
        "sandbox.prod",
        "a.network",
    ],
    "looks like a private one": ["svc.cluster.local.evil.net", "home.arpa.evil.org", "refund-sandbox.svc.com", "arpa.arpa"],
    "other alphabets": ["shop.xn--p1ai", "evil.\u0440\u0444", "evil.xn--fiqs8s", "a.b\u00e9"],
    "documentation": ["rebound.example", "a@rebound.example"],
}


def table(names: dict[str, list[str]]) -> list[str]:
    return [name for group in names.values() for name in group]


@pytest.mark.parametrize("host", table(PRIVATE))
def test_public_dns_resolves_no_private_name(host: str) -> None:
    name = name_of(host)

    assert name is not None
    assert not is_public(name)


@pytest.mark.parametrize("host", table(PUBLIC))
def test_anybody_may_own_a_public_name(host: str) -> None:
    name = name_of(host)

    assert name is not None
    assert is_public(name)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.9.9.9", "[::1]"])
def test_a_name_of_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(name_of(host) or "")


@pytest.mark.parametrize("host", ["localhost.evil.com", "notlocalhost", "10.0.0.1", "0.0.0.0", "", "127.0.0.1.nip.io"])  # noqa: S104
def test_other_names_are_not_loopback(host: str) -> None:
    assert not is_loopback(name_of(host) or "")
