from refund_sandbox.testing import FunnelFoxTopic, WorkspaceClient
from tests.comparison.client import Billing, Shop
from tests.comparison.receiving import endpoint


def test_a_declined_refund(refund_sandbox: WorkspaceClient) -> None:
    order = refund_sandbox.fluentcart.order(paid=10000)
    refund_sandbox.fault("gateway_declined", order=order)
    shop = Shop(refund_sandbox.fluentcart.url, refund_sandbox.fluentcart.headers)

    assert not shop.refund(order.id, order.transaction_id, 2500)


def test_a_lost_reply(refund_sandbox: WorkspaceClient) -> None:
    order = refund_sandbox.fluentcart.order(paid=10000)
    refund_sandbox.fault("reply_lost", order=order)
    shop = Shop(refund_sandbox.fluentcart.url, refund_sandbox.fluentcart.headers)

    assert shop.refund(order.id, order.transaction_id, 2500)
    refund_sandbox.assert_refunded(order, 2500)


def test_the_webhook_comes_first(refund_sandbox: WorkspaceClient) -> None:
    order = refund_sandbox.funnelfox.order(amount="9.99")
    refund_sandbox.fault("reply_late", order=order)
    billing = Billing(refund_sandbox.funnelfox.url, refund_sandbox.funnelfox.headers, "whsec")
    with endpoint(billing.receive) as url:
        refund_sandbox.webhooks.targets(funnelfox=[{"url": url, "signing_secret": "whsec"}])

        billing.refund(order.id, order.external_id, "4.99")

        refund_sandbox.webhooks.wait_for(FunnelFoxTopic.REFUND_SETTLED, order=order)
    refund_sandbox.assert_refunded(order, "4.99")
