"""The shop around a refund: labels, products, customers, changes of orders, reports, coupons and settings.

Sources: facts on the neighbouring endpoints of 1.5.2, and recordings 30 to 37, which the comments name. Assumed: 1.6.x
answers like 1.5.2 here.
"""
