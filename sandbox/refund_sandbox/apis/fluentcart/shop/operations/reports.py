"""Operations on reports and the dashboard (group 34): each is a report of the records."""

from collections.abc import Callable, Mapping

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.reports import (
    dashboard,
    distributions,
    order_stats,
    overview,
    products,
    refunds,
    revenue,
    sales,
    subscriptions,
)
from refund_sandbox.apis.fluentcart.shop.reports.ledger import Ledger
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery, read_query
from refund_sandbox.core.api import Operation
from refund_sandbox.core.context import Reply

Report = Callable[[Ledger, ReportQuery], Row]


def _crash(ledger: Ledger, query: ReportQuery) -> Row:
    """Imitate a report that the plugin cannot make in a shop without add-ons (34-139, 34-140, 34-159)."""
    del ledger, query
    raise PluginCrash("Undefined property or unknown table of an add-on")


_DEPRECATED = "This endpoint is deprecated since v1.4 and will be removed in a future release."
_SUCCESSOR = "Use GET /fluent-cart/v2/reports/fetch-top-sold-products instead."


def _top_products_sold(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/top-products-sold: none with `params`, and a crash without (34-140). Source: reads of a running 1.5.2."""
    if not isinstance(query.values.get("params"), dict):
        return _crash(ledger, query)
    return {"_deprecated": f"{_DEPRECATED} {_SUCCESSOR}", "top_products_sold": []}


def _sources(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/sources: no order names a source here (34-158)."""
    del ledger, query
    return {"sourceReportData": [], "fluctuations": []}


REPORTS: Mapping[str, Report] = {
    "getDashboard": dashboard.steps,
    "getDashboardStats": dashboard.widgets,
    "getReportOverview": overview.overview,
    "getReportDashboardStats": order_stats.stats,
    "getRefundChart": refunds.chart,
    "getRefundDataByGroup": refunds.by_group,
    "getWeeksBetweenRefund": refunds.weeks_between,
    "getRevenue": revenue.report,
    "getRevenueByGroup": revenue.by_group,
    "getOrderChart": sales.order_chart,
    "getSalesReport": sales.sales_report,
    "getSalesGrowthChart": sales.growth_chart,
    "getQuickOrderStats": order_stats.quick_stats,
    "getRecentOrders": dashboard.recent_orders,
    "getRecentActivities": dashboard.recent_activities,
    "getDashboardSummary": dashboard.summary,
    "getReportMeta": dashboard.meta,
    "getCountryHeatMap": dashboard.heat_map,
    "getOldReportOverview": dashboard.old_overview,
    "getCustomerReport": distributions.customers,
    "getNewVsReturningCustomers": distributions.new_and_returning,
    "getOrdersByGroup": revenue.orders_by_group,
    "getOrderValueDistribution": distributions.order_values,
    "getItemCountDistribution": distributions.item_counts,
    "getOrderCompletionTime": distributions.completion_times,
    "getReportByDayAndHour": distributions.by_day_and_hour,
    "getTopSoldProducts": products.top_products,
    "getTopSoldVariants": products.top_variants,
    "getProductReport": products.report,
    "getProductPerformance": products.performance,
    "getSubscriptionChart": subscriptions.chart,
    "getDailySignups": subscriptions.daily_signups,
    "getRetentionChart": subscriptions.retention_chart,
    "getFutureRenewals": subscriptions.future_renewals,
    "getSourceReport": _sources,
    "getSalesGrowth": _crash,
    "getTopProductsSold": _top_products_sold,
    "getLicenseSummary": _crash,
}
"""Reports by operationId."""


_CRASHING_1_3 = (order_stats.quick_stats, dashboard.old_overview)
"""Reports that crash before 1.4.0."""


def _operation(report: Report) -> Operation:
    def handle(context: FluentCartContext) -> Reply:
        if report in _CRASHING_1_3 and context.crashes_before_1_4:
            raise PluginCrash("Unknown column in 'SELECT'")
        query = read_query(context.caller.query, context.now, context.caller.site_url)
        return Reply(report(Ledger(context.transaction), query))

    return Operation(handle, reads_only=True)


REPORT_OPERATIONS: Mapping[str, Operation] = {name: _operation(report) for name, report in REPORTS.items()}
