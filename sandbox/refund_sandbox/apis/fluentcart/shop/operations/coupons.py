"""Operations on coupons (group 35)."""

from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import bookkeeping, errors, models, pagination, php, search
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash, resource_error
from refund_sandbox.apis.fluentcart.pagination import ListQuery, RecordPage
from refund_sandbox.apis.fluentcart.records import ACTIVITIES, ORDERS
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop import fields
from refund_sandbox.apis.fluentcart.shop.records import COUPONS, Coupon, new_id
from refund_sandbox.apis.fluentcart.shop.rules import coupons
from refund_sandbox.core.context import Reply
from refund_sandbox.stores.query import AnyOf, Between, Condition, In, Not

_REQUIRED = {"coupon_code": "required", "order_items": "required|array"}
_REQUIRED_TEXTS = {"coupon_code.required": "Coupon code is required", "order_items.required": "Item selection is required"}


def list_coupons(context: FluentCartContext) -> Reply:
    """GET /coupons: a page, newest first (35-001 to 35-010)."""
    query = context.list_query
    _check_relations(context, query)
    store_query = pagination.page_query(query, coupons.COUPON, tuple(_conditions(query, context.time)))
    records = RecordPage(*context.transaction.page(COUPONS, store_query))
    return Reply({"coupons": pagination.paginate(records, query, lambda coupon: coupons.render(coupon, context.time))})


def _check_relations(context: FluentCartContext, query: ListQuery) -> None:
    """Imitate the crash of an unknown relation in `with[]`, or of a text (measured in 1.5.2). Relations are left out."""
    sent = query.params.get("with", {})
    known = isinstance(sent, php.ARRAY) and set(map(str, php.values_of(sent))) <= {"activities"}
    if context.validation == "live" and not context.rules.allowed_relations and not known:
        raise PluginCrash("Call to undefined relationship on model [FluentCart\\App\\Models\\Coupon].")


def _conditions(query: ListQuery, now: str) -> list[Condition]:
    """Return the conditions of `active_view` and `search` (35-005 to 35-009)."""
    if not search.is_filtered(query.params):
        return []
    view, text = query.text("active_view"), query.text("search")
    is_active = In("status", ("active",))
    expired = AnyOf((Not(is_active), Between("end_date", "0000-00-00 00:00:01", now)))
    conditions: list[Condition] = [is_active] if view == "active" else [expired] if view == "expired" else []
    if text:
        amount = [In("whole_amount", (php.round_to_int(float(text) * 100),))] if php.is_numeric(text) else []
        conditions.append(AnyOf((*search.contains_any(("title", "code", "number"), text).conditions, *amount)))
    return conditions


def _find(context: FluentCartContext) -> Coupon | None:
    return context.find(COUPONS, context.params["coupon_id"])


def get_coupon(context: FluentCartContext) -> Reply:
    """GET /coupons/{coupon_id}: an unknown one is null (35-018)."""
    coupon = _find(context)
    if coupon is None:
        return Reply({"coupon": None})
    entries = [row for row in context.transaction.where(ACTIVITIES, "module_id", coupon.id) if row.module_type == models.COUPON]
    shown = [context.reader.activity(entry) for entry in reversed(entries)]
    return Reply({"coupon": {**coupons.render(coupon, context.time), "activities": shown}})


def create_coupon(context: FluentCartContext) -> Reply:
    """POST /coupons."""
    coupons.check(context.document, context.transaction.all(COUPONS), 0, context.time)
    fresh = Coupon(new_id(context.transaction, COUPONS), created_at=context.time)
    coupon = coupons.make(context.document, fresh, context.rules, context.time)
    context.transaction.put(COUPONS, coupon)
    _log(context, coupon, "created")
    return Reply({"message": "Coupon created successfully!", "data": coupons.render_new(coupon)})


def _log(context: FluentCartContext, coupon: Coupon, done: str, status: str = "success") -> None:
    user = context.caller.user
    text = f'Coupon "{coupon.title}" {done} by {user.login if user else ""}'
    bookkeeping.log(context, models.COUPON, coupon.id, f"Coupon {done.title()}", text, name="coupon", status=status)


def update_coupon(context: FluentCartContext) -> Reply:
    """PUT /coupons/{coupon_id}: what is not sent is emptied, `priority` too (35-041)."""
    own_id = php.to_int(context.document.get("id")) or php.as_id(context.params["coupon_id"]) or 0
    coupons.check(context.document, context.transaction.all(COUPONS), own_id, context.time)
    coupon = _find(context)
    if coupon is None:
        raise resource_error(404, "Coupon not found, please reload the page and try again!")
    changed = coupons.make(context.document, coupon, context.rules, context.time)
    context.transaction.put(COUPONS, changed)
    _log(context, changed, "updated", "info")
    return Reply({"message": "Coupon updated successfully!", "data": coupons.render_changed(changed)})


def delete_coupon(context: FluentCartContext) -> Reply:
    """DELETE /coupons/{coupon_id}."""
    if php.as_id(context.params["coupon_id"]) == 0:
        raise resource_error(403, "Please use a valid coupon ID!")
    coupon = _find(context)
    if coupon is None:
        raise resource_error(404, "Coupon not found in database, failed to remove.")
    context.transaction.delete(COUPONS, coupon.id)
    return Reply({"message": "Coupon successfully deleted.", "data": ""})


def _read_application(context: FluentCartContext) -> tuple[str, list[Row]]:
    """Return the sent code and the items, or raise a refusal."""
    errors.check_fields(fields.check(context.document, _REQUIRED, _REQUIRED_TEXTS))
    if isinstance(context.document["coupon_code"], php.ARRAY):
        raise PluginCrash("Array to string conversion")
    return context.text("coupon_code"), coupons.read_items(context.document)


def apply_coupon(context: FluentCartContext) -> Reply:
    """POST /coupons/apply: nothing is saved. An unknown code applies nothing (35-049), an expired one is refused."""
    code, items = _read_application(context)
    known = context.transaction.all(COUPONS)
    before = [coupon for coupon in known if coupon.id in fields.ids(context.document, "applied_coupons")]
    applied: list[Coupon] = []
    shown: dict[str, Any] = {}
    for coupon in [*before, *(coupon for coupon in known if coupon.code == code and coupon not in before)]:
        reason = coupons.refusal(coupon, applied, coupons.total(items), context.time)
        if reason is None:
            shown[coupon.code] = coupons.apply(coupon, items)
            applied.append(coupon)
        elif coupon.code == code:
            raise resource_error(400, reason)
    by_id = {str(item["id"]): item for item in items}
    return Reply({"applied_coupons": shown or [], "calculated_items": by_id if shown else items})


def cancel_coupon(context: FluentCartContext) -> Reply:
    """POST /coupons/cancel: with `id` and `order_uuid`, the coupon's number of uses goes down, below 0 too (35-054).

    Since 1.4.0; before, the plugin crashes.
    """
    code, items = _read_application(context)
    if context.crashes_before_1_4:
        raise PluginCrash("Call to a member function keys() on null")
    uuid = context.text("order_uuid")
    if uuid and not any(order.uuid == uuid for order in context.transaction.all(ORDERS)):
        raise PluginCrash('Attempt to read property "appliedCoupons" on null')
    if not php.is_empty(context.document.get("id")) and uuid:
        for coupon in context.transaction.all(COUPONS):
            if coupon.code.lower() == code.lower():
                context.transaction.put(COUPONS, replace(coupon, use_count=coupon.use_count - 1, updated_at=context.time))
    return Reply({"applied_coupons": [], "calculated_items": items})


def reapply_coupons(context: FluentCartContext) -> Reply:
    """POST /coupons/re-apply: no order of the sandbox has coupons, so the items come back without a discount (35-056)."""
    if context.crashes_before_1_4:
        raise PluginCrash("Undefined array key of an item")
    return Reply({"applied_coupons": [], "calculated_items": coupons.price_items(context.document.get("order_items", []))})


def list_coupon_codes(context: FluentCartContext) -> Reply:
    """GET /coupons/listCoupons: the codes of active coupons."""
    active = context.transaction.where(COUPONS, "status", "active")
    return Reply({"coupons": [coupon.code for coupon in active]})


def check_product_eligibility(_context: FluentCartContext) -> Reply:
    """POST /coupons/checkProductEligibility: crashes with every body that was tried."""
    raise PluginCrash("Call to undefined method checkProductEligibility()")
