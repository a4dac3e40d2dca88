"""Answers for price points and features. Assumed: they belong to all organisations of a world."""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.funnelfox import errors, pydantic_compat, rendering
from refund_sandbox.apis.funnelfox.errors import Item, Refusal
from refund_sandbox.apis.funnelfox.operations.base import Handlers
from refund_sandbox.apis.funnelfox.records import FEATURES, PRICE_POINTS, Feature, PricePoint
from refund_sandbox.apis.funnelfox.rules import price_points, prices
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class CatalogueHandlers(Handlers):
    """What is sold."""

    def list_price_points(self, context: Context) -> Reply:
        """POST /price_points: those that fit every filter; null and a filter that is left out fit all."""
        wanted = self._read(context)
        with self._services.store.read_only() as transaction:
            shown = [rendering.price_point(point) for point in transaction.all(PRICE_POINTS) if _fits(point, wanted)]
        return Reply({"price_points": shown})

    def list_features(self, context: Context) -> Reply:
        """POST /features."""
        self._read(context)
        with self._services.store.read_only() as transaction:
            features = transaction.all(FEATURES)
        return Reply({"features": [{"ident": one.ident, "feature_type": one.feature_type} for one in features]})

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
        self._keep_point(transaction, PricePoint(ident, **price_points.read_fields(document)))

    def _keep_point(self, transaction: StoreTransaction, point: PricePoint) -> None:
        features = {feature.ident for feature in transaction.all(FEATURES)}
        transaction.put(PRICE_POINTS, price_points.checked(point, features))

    def update_price_point(self, context: Context) -> Reply:
        """POST /pp/update: another version; fields that are left out stay."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            point = transaction.get(PRICE_POINTS, document["ident"], for_update=True)
            if point is None:
                raise errors.price_point_not_found(document["ident"])
            self._keep_point(transaction, prices.updated(point, price_points.read_fields(document)))
        return Reply({})

    def export_price_points(self, context: Context) -> Reply:
        """POST /pp/export_csv."""
        self._read(context)
        with self._services.store.read_only() as transaction:
            return Reply({"csv": price_points.write_csv(transaction.all(PRICE_POINTS))})

    def import_price_points(self, context: Context) -> Reply:
        """POST /pp/import_csv: every line or none."""
        rows = price_points.read_csv(self._read(context)["csv"])
        create = self._operation("createPricePoint")
        wrong = [item for line, row in rows for item in pydantic_compat.items_of(create.violations(row), "csv", line)]
        if wrong:
            raise Refusal(*wrong)
        with self.transaction(context) as transaction:
            for line, row in rows:
                self._import(transaction, line, row)
        return Reply({"created": len(rows)})

    def _operation(self, operation_id: str) -> Operation:
        return next(one for one in self.spec.operations if one.operation_id == operation_id)

    def _import(self, transaction: StoreTransaction, line: int, row: Mapping[str, Any]) -> None:
        """Creates the price point of a line; a refusal names the line."""
        try:
            self._create(transaction, row)
        except Refusal as refusal:
            raise Refusal(*[_at(item, line) for item in refusal.items]) from None


def _at(item: Item, line: int) -> Item:
    return item._replace(loc=("csv", line, *item.loc))


def _fits(point: PricePoint, wanted: Mapping[str, Any]) -> bool:
    granted = {feature["ident"] for feature in point.features}
    return (
        wanted.get("ident") in (None, point.ident)
        and wanted.get("currency_code") in (None, point.code)
        and wanted.get("feature_ident") in (None, *granted)
    )
