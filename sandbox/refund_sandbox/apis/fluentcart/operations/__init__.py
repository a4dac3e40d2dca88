"""Operations of the API, one class per file.

The handler of an operation has the name of its operationId: `refundOrder` is `refund_order`. The path names the file:

| path | file |
|---|---|
| `/orders/{order_id}/refund` | refunds.py |
| `/orders/.../transactions/...` | transactions.py |
| `/orders/.../subscriptions/...`, `/subscriptions` | subscriptions.py |
| other `/orders` | orders.py (GET), order_actions.py (other methods) |
| `/customers`, `/activity`, `/notes`, `/app` | the file of that name; `/` is in app.py |
"""
