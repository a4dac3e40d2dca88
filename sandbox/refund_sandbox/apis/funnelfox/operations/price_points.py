"""Price points and features. Assumed: all organisations of a workspace share them."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from refund_sandbox.apis.funnelfox import errors, parsing, pydantic_compat, rendering
from refund_sandbox.apis.funnelfox.errors import Item, Refusal
from refund_sandbox.apis.funnelfox.operations.base import BaseOperations
from refund_sandbox.apis.funnelfox.records import FEATURES, PRICE_POINTS, Feature, PricePoint
from refund_sandbox.apis.funnelfox.rules import price_points, prices
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import MAX_PROBLEMS
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class PricePointOperations(BaseOperations):
    """Management and listing of price points and features."""

    def list_price_points(self, context: Context) -> Reply:
        """POST /price_points: price points that match every filter. A filter that is null or missing matches all."""
        filters = self._read(context)
        with self._services.store.read_only() as transaction:
            points = [point for point in transaction.all(PRICE_POINTS) if _matches(point, filters)]
        return Reply({"price_points": [rendering.price_point(point) for point in points]})

    def list_features(self, context: Context) -> Reply:
        """POST /features."""
        self._read(context)
        with self._services.store.read_only() as transaction:
            features = transaction.all(FEATURES)
        return Reply({"features": [{"ident": feature.ident, "feature_type": feature.feature_type} for feature in features]})

    def create_feature(self, context: Context) -> Reply:
        """POST /feature/create."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            if transaction.get(FEATURES, document["ident"], for_update=True):
                raise errors.already_exists("feature", document["ident"])
            transaction.put(FEATURES, Feature(document["ident"], document["feature_type"]))
        return Reply({})

    def create_price_point(self, context: Context) -> Reply:
        """POST /pp/create."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            self._create(transaction, document)
        return Reply({})

    def _create(self, transaction: StoreTransaction, document: Mapping[str, Any]) -> None:
        ident = document["ident"]
        if transaction.get(PRICE_POINTS, ident, for_update=True):
            raise errors.already_exists("price point", ident)
        self._save_price_point(transaction, PricePoint(ident, **parsing.read_price_point_fields(document)))

    def _save_price_point(self, transaction: StoreTransaction, point: PricePoint) -> None:
        feature_idents = {feature.ident for feature in transaction.all(FEATURES)}
        transaction.put(PRICE_POINTS, price_points.normalize(point, feature_idents))

    def update_price_point(self, context: Context) -> Reply:
        """POST /pp/update: create the next version. Missing fields stay unchanged."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            point = transaction.get(PRICE_POINTS, document["ident"], for_update=True)
            if point is None:
                raise errors.price_point_not_found(document["ident"])
            self._save_price_point(transaction, prices.next_version(point, parsing.read_price_point_fields(document)))
        return Reply({})

    def export_price_points(self, context: Context) -> Reply:
        """POST /pp/export_csv."""
        self._read(context)
        with self._services.store.read_only() as transaction:
            return Reply({"csv": rendering.price_points_csv(transaction.all(PRICE_POINTS))})

    def import_price_points(self, context: Context) -> Reply:
        """POST /pp/import_csv: create a price point for every line, or for none if one is invalid."""
        rows = parsing.read_price_points_csv(self._read(context)["csv"])
        create = self._operation("createPricePoint")
        invalid = (item for line, row in rows for item in pydantic_compat.error_items(create.violations(row), "csv", line))
        items = list(islice(invalid, MAX_PROBLEMS))
        if items:
            raise Refusal(*items)
        with self.transaction(context) as transaction:
            for line, row in rows:
                self._import(transaction, line, row)
        return Reply({"created": len(rows)})

    def _operation(self, operation_id: str) -> Operation:
        return next(operation for operation in self.spec.operations if operation.operation_id == operation_id)

    def _import(self, transaction: StoreTransaction, line: int, row: Mapping[str, Any]) -> None:
        """Create the price point of a line. The items of a refusal name the line."""
        try:
            self._create(transaction, row)
        except Refusal as refusal:
            raise Refusal(*[_with_line(item, line) for item in refusal.items]) from None


def _with_line(item: Item, line: int) -> Item:
    return item._replace(loc=("csv", line, *item.loc))


def _matches(point: PricePoint, filters: Mapping[str, Any]) -> bool:
    feature_idents = {feature["ident"] for feature in point.features}
    return (
        filters.get("ident") in (None, point.ident)
        and filters.get("currency_code") in (None, point.code)
        and filters.get("feature_ident") in (None, *feature_idents)
    )
