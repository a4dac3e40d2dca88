"""A project stores in SQLAlchemy what it has refunded."""

import requests
from sqlalchemy import String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Refund(Base):
    __tablename__ = "refund"
    order_id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20))


def test_a_refund_is_stored(refund_sandbox):
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    order = refund_sandbox.fluentcart.order(paid=10000)
    body = {"refund_info": {"transaction_id": order.transaction_id, "amount": 2500}}
    url = f"{refund_sandbox.fluentcart.url}/orders/{order.id}/refund"
    reply = requests.post(url, json=body, auth=refund_sandbox.fluentcart.auth, timeout=10)

    with Session(engine) as session:
        session.add(Refund(order_id=order.id, status=reply.json()["gateway_refund"]["status"]))
        session.commit()
        assert session.scalars(select(Refund.status)).all() == ["success"]
    engine.dispose()
    refund_sandbox.assert_refunded(order, 2500)
