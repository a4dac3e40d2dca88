import httpx2


def refund(sandbox, charge, amount):
    acme = sandbox.api("acme")
    return httpx2.post(f"{acme.url}/charges/{charge.id}/refunds", json={"amount": amount}, headers=acme.headers)


def test_a_refund_is_booked_once(refund_sandbox):
    charge = refund_sandbox.api("acme").order(amount=5000)

    assert refund(refund_sandbox, charge, 2000).status_code == 201

    refund_sandbox.assert_refunded(charge, 2000)


def test_a_declined_refund_returns_no_money(refund_sandbox):
    charge = refund_sandbox.api("acme").order(amount=5000)
    refund_sandbox.fault("gateway_declined", order=charge)

    assert refund(refund_sandbox, charge, 2000).json()["status"] == "failed"

    refund_sandbox.assert_no_refunds()
