"""Price points and features. Assumed: all organisations of a workspace share them."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from refund_sandbox.apis.funnelfox import errors, parsing, pydantic_compat, rendering
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
from refund_sandbox.apis.funnelfox.errors import Refusal
from refund_sandbox.apis.funnelfox.records import FEATURES, PRICE_POINTS, Feature, PricePoint
from refund_sandbox.apis.funnelfox.rules import price_points, prices
from refund_sandbox.core.context import Reply
from refund_sandbox.core.errors import MAX_PROBLEMS
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


def list_price_points(context: FunnelFoxContext) -> Reply:
    """POST /price_points: price points that match every filter. A filter that is null or missing matches all."""
    points = [point for point in context.transaction.all(PRICE_POINTS) if _matches(point, context.document)]
    return Reply({"price_points": [rendering.price_point(point) for point in points]})


def list_features(context: FunnelFoxContext) -> Reply:
    """POST /features."""
    features = context.transaction.all(FEATURES)
    return Reply({"features": [{"ident": feature.ident, "feature_type": feature.feature_type} for feature in features]})


def create_feature(context: FunnelFoxContext) -> Reply:
    """POST /feature/create."""
    ident = context.document["ident"]
    if context.transaction.get(FEATURES, ident, for_update=True):
        raise errors.already_exists("feature", ident)
    context.transaction.put(FEATURES, Feature(ident, context.document["feature_type"]))
    return Reply({})


def create_price_point(context: FunnelFoxContext) -> Reply:
    """POST /pp/create."""
    _create(context.transaction, context.document)
    return Reply({})


def _create(transaction: StoreTransaction, document: Mapping[str, Any]) -> None:
    ident = document["ident"]
    if transaction.get(PRICE_POINTS, ident, for_update=True):
        raise errors.already_exists("price point", ident)
    _save(transaction, PricePoint(ident, **parsing.read_price_point_fields(document)))


def _save(transaction: StoreTransaction, point: PricePoint) -> None:
    feature_idents = {feature.ident for feature in transaction.all(FEATURES)}
    transaction.put(PRICE_POINTS, price_points.normalize(point, feature_idents))


def update_price_point(context: FunnelFoxContext) -> Reply:
    """POST /pp/update: create the next version. Missing fields stay unchanged."""
    ident = context.document["ident"]
    point = context.transaction.get(PRICE_POINTS, ident, for_update=True)
    if point is None:
        raise errors.price_point_not_found(ident)
    _save(context.transaction, prices.next_version(point, parsing.read_price_point_fields(context.document)))
    return Reply({})


def export_price_points(context: FunnelFoxContext) -> Reply:
    """POST /pp/export_csv."""
    return Reply({"csv": rendering.price_points_csv(context.transaction.all(PRICE_POINTS))})


def import_price_points(context: FunnelFoxContext) -> Reply:
    """POST /pp/import_csv: create a price point for every line, or for none if one is invalid."""
    rows = parsing.read_price_points_csv(context.document["csv"])
    create = next(operation for operation in context.spec.operations if operation.operation_id == "createPricePoint")
    invalid = (item for line, row in rows for item in pydantic_compat.error_items(create.violations(row), "csv", line))
    items = list(islice(invalid, MAX_PROBLEMS))
    if items:
        raise Refusal(*items)
    for line, row in rows:
        _import(context.transaction, line, row)
    return Reply({"created": len(rows)})


def _import(transaction: StoreTransaction, line: int, row: Mapping[str, Any]) -> None:
    """Create the price point of a line. The items of a refusal name the line."""
    try:
        _create(transaction, row)
    except Refusal as refusal:
        raise Refusal(*[item._replace(loc=("csv", line, *item.loc)) for item in refusal.items]) from None


def _matches(point: PricePoint, filters: Mapping[str, Any]) -> bool:
    feature_idents = {feature["ident"] for feature in point.features}
    return (
        filters.get("ident") in (None, point.ident)
        and filters.get("currency_code") in (None, point.code)
        and filters.get("feature_ident") in (None, *feature_idents)
    )
