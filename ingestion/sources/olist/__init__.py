"""Olist, a Brazilian marketplace: the public export of its orders, 2016 to 2018.

The export keeps the last known state of each order, not its history, and the free
text of reviews is not landed. ``events.sql`` says what each row means as events.
"""

from __future__ import annotations

from importlib import resources as package_files
from pathlib import Path

from dlt.extract import DltResource

from ingestion.sources.exports import ExportTable, export_resource

SCHEMA = "raw_olist"

# the export writes local times without an offset and amounts without a currency
DECLARED = {
    "olist:marketplace": {"time_zone": "America/Sao_Paulo", "currency": "BRL"},
}

TABLES = (
    ExportTable(
        name="orders",
        stem="olist_orders_dataset",
        columns=(
            "order_id",
            "customer_id",
            "order_status",
            "order_purchase_timestamp",
            "order_approved_at",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
            "order_estimated_delivery_date",
        ),
    ),
    ExportTable(
        name="order_items",
        stem="olist_order_items_dataset",
        columns=(
            "order_id",
            "order_item_id",
            "product_id",
            "seller_id",
            "shipping_limit_date",
            "price",
            "freight_value",
        ),
    ),
    ExportTable(
        name="order_payments",
        stem="olist_order_payments_dataset",
        columns=(
            "order_id",
            "payment_sequential",
            "payment_type",
            "payment_installments",
            "payment_value",
        ),
    ),
    ExportTable(
        name="order_reviews",
        stem="olist_order_reviews_dataset",
        columns=(
            "review_id",
            "order_id",
            "review_score",
            "review_comment_title",
            "review_comment_message",
            "review_creation_date",
            "review_answer_timestamp",
        ),
        left_out=frozenset({"review_comment_title", "review_comment_message"}),
    ),
    ExportTable(
        name="customers",
        stem="olist_customers_dataset",
        columns=(
            "customer_id",
            "customer_unique_id",
            "customer_zip_code_prefix",
            "customer_city",
            "customer_state",
        ),
    ),
    ExportTable(
        name="products",
        stem="olist_products_dataset",
        columns=(
            "product_id",
            "product_category_name",
            "product_name_lenght",
            "product_description_lenght",
            "product_photos_qty",
            "product_weight_g",
            "product_length_cm",
            "product_height_cm",
            "product_width_cm",
        ),
    ),
    ExportTable(
        name="product_categories",
        stem="product_category_name_translation",
        columns=("product_category_name", "product_category_name_english"),
    ),
    ExportTable(
        name="sellers",
        stem="olist_sellers_dataset",
        columns=("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state"),
        # sellers type their city themselves, and one of them typed an email address
        hashed={"seller_city": "seller_city"},
    ),
)


def resources(folder: Path, *, hash_key: str) -> list[DltResource]:
    """Make one dlt resource per table of the export in a folder.

    Args:
        folder: Holds the files, ``.csv`` or ``.csv.gz``, under Olist's names.
        hash_key: Secret that keys the hashes of personal data.

    Raises:
        ExportError: A file is absent, there twice, damaged or of another shape.
    """
    return [export_resource(table, folder, hash_key=hash_key) for table in TABLES]


def lines_query() -> str:
    """Return the select of (landed_file, line_number, line) over ``raw_olist``."""
    return _read_sql("events.sql")


def _read_sql(name: str) -> str:
    return package_files.files(__name__).joinpath(name).read_text(encoding="utf-8")
