"""Definitions by tool: landing, models, quality, publish, schedules, resources.

An asset's key is the table's name, schema first: ``raw/order_events``,
``marts/fct_orders``. What happens is in the functions of ``dagster_project``; here it
is only bound to keys.
"""
