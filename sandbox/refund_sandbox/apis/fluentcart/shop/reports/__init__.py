"""Reports of the shop: pure functions over the orders of a ledger (group 34).

Each report is a function of a Ledger, which reads the records, and of the ReportQuery, which is the query string.
"""
