"""A Flask application receives a webhook."""

import threading

from flask import Flask, request
from werkzeug.serving import make_server


def test_a_view_receives_a_webhook(refund_sandbox):
    application, received = Flask(__name__), []

    @application.post("/hook")
    def hook():
        received.append(request.get_json()["order_id"])
        return "", 204

    server = make_server("127.0.0.1", 0, application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    refund_sandbox.webhooks.targets(funnelfox=[f"http://127.0.0.1:{server.port}/hook"])
    order = refund_sandbox.funnelfox.order(amount="9.99")

    refund_sandbox.webhooks.trigger("refund/settled", order=order)
    refund_sandbox.webhooks.wait_for("refund/settled", order=order)

    server.shutdown()
    server.server_close()
    assert received == [order.id]
