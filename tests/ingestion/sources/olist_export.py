"""A handmade export in the shape of Olist's: each status and each fault once."""

from pathlib import Path


def write_export(folder: Path, **changed: str) -> Path:
    """Write the handmade export; ``changed`` replaces files by their stem."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        content = changed.get(name.removesuffix(".csv"), text)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def order_row(
    order_id: str,
    status: str,
    purchased: str = "2018-06-01 10:00:00",
    approved: str = "",
    handed_over: str = "",
    delivered: str = "",
    estimated: str = "2018-06-20 00:00:00",
    customer: str = "c2",
) -> str:
    """Write one row of the orders file."""
    times = (purchased, approved, handed_over, delivered, estimated)
    return ",".join((order_id, customer, status, *times)) + "\n"


ORDERS_HEADER = (
    "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
    "order_delivered_carrier_date,order_delivered_customer_date,"
    "order_estimated_delivery_date\n"
)
APPROVED = "2018-06-01 10:05:00"
HANDED_OVER_AT = "2018-06-03 09:00:00"

ORDER_ROWS = [
    order_row(
        "delivered",
        "delivered",
        "2018-06-12 20:07:44",
        "2018-06-12 20:44:26",
        "2018-06-13 13:09:00",
        "2018-06-19 12:44:08",
        "2018-07-17 00:00:00",
        customer="c1",
    ),
    order_row("shipped", "shipped", approved=APPROVED, handed_over=HANDED_OVER_AT),
    order_row("invoiced", "invoiced", approved=APPROVED),
    order_row("processing", "processing", approved=APPROVED),
    order_row("approved", "approved", approved=APPROVED),
    order_row("created", "created"),
    order_row("unavailable", "unavailable", approved=APPROVED),
    order_row("canceled_unpaid", "canceled"),
    order_row("canceled_paid", "canceled", approved=APPROVED),
    order_row(
        "canceled_shipped", "canceled", approved=APPROVED, handed_over=HANDED_OVER_AT
    ),
    order_row("new_word", "teleported"),
    order_row(
        "handed_over_early",
        "delivered",
        "2018-06-02 10:00:00",
        "2018-06-04 10:05:00",
        "2018-06-03 09:00:00",
        "2018-06-09 12:00:00",
    ),
    order_row(
        "handed_over_before_purchase",
        "delivered",
        "2018-06-03 10:00:00",
        "2018-06-03 10:05:00",
        "2018-06-01 09:00:00",
        "2018-06-09 12:00:00",
    ),
    order_row(
        "delivered_before_handover",
        "delivered",
        "2018-06-01 10:00:00",
        "2018-06-01 10:05:00",
        "2018-06-05 09:00:00",
        "2018-06-04 12:00:00",
    ),
    # the clocks of Sao Paulo went from 00:00 to 01:00 that night
    order_row(
        "skipped_hour",
        "delivered",
        "2017-10-15 00:30:00",
        "2017-10-15 09:00:00",
        "2017-10-16 09:00:00",
        "2017-10-20 12:00:00",
        "2017-11-01 00:00:00",
    ),
    order_row("without_payment", "processing", approved=APPROVED),
    order_row("without_customer", "created", customer="c99"),
    order_row("without_anything", "created", estimated=""),
    order_row("unreadable_price", "created"),
    order_row("finer_than_cents", "created"),
    order_row("unreadable_freight", "created"),
]
ORDERS = ORDERS_HEADER + "".join(ORDER_ROWS)

# orders of one item at 10.00 and 2.50 freight; the rest are spelled out below
PLAIN = [
    "shipped",
    "invoiced",
    "processing",
    "approved",
    "created",
    "canceled_unpaid",
    "canceled_paid",
    "canceled_shipped",
    "new_word",
    "handed_over_early",
    "handed_over_before_purchase",
    "delivered_before_handover",
    "skipped_hour",
    "without_payment",
    "without_customer",
]

ITEMS = """\
order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
delivered,2,kettle,s2,2018-06-20 00:00:00,19.9,0.0
delivered,1,kettle,s1,2018-06-20 00:00:00,19.9,8.79
unreadable_price,1,kettle,s1,2018-06-20 00:00:00,ten,1.0
finer_than_cents,1,kettle,s1,2018-06-20 00:00:00,10.005,1.0
unreadable_freight,1,kettle,s1,2018-06-20 00:00:00,10.0,free
orphan_item,1,kettle,s1,2018-06-20 00:00:00,10.0,1.0
""" + "".join(f"{order},1,mug,s1,2018-06-20 00:00:00,10.0,2.5\n" for order in PLAIN)

PAYMENTS = """\
order_id,payment_sequential,payment_type,payment_installments,payment_value
delivered,1,credit_card,8,40.0
delivered,3,voucher,1,8.59
shipped,1,boleto,1,12.5
canceled_unpaid,1,not_defined,1,0.0
canceled_paid,1,debit_card,1,12.5
unavailable,1,credit_card,1,33.4
unavailable,2,voucher,1,0.6
orphan_payment,1,credit_card,1,5.0
"""

# one order reviewed twice, one review of two orders, and an order whose items are lost
REVIEWS = """\
review_id,order_id,review_score,review_comment_title,review_comment_message,\
review_creation_date,review_answer_timestamp
r2,handed_over_early,2,,,2018-06-12 00:00:00,2018-06-13 10:00:00
r1,handed_over_early,5,ok,"call me,
Ann, 555",2018-06-02 00:00:00,2018-06-03 09:00:00
r3,delivered_before_handover,4,,,2018-06-05 00:00:00,2018-06-06 09:00:00
r3,skipped_hour,4,,,2018-06-05 00:00:00,2018-06-06 09:00:00
r4,unavailable,1,,,2018-06-08 00:00:00,2018-06-09 09:00:00
"""

CUSTOMERS = """\
customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state
c1,first_buyer,8775,mogi das cruzes,SP
c2,second_buyer,89254,jaragua do sul,SC
"""

PRODUCTS = (
    "product_id,product_category_name,product_name_lenght,product_description_lenght,"
    "product_photos_qty,product_weight_g,product_length_cm,product_height_cm,"
    "product_width_cm\n"
    "kettle,eletroportateis,51.0,163.0,1.0,400.0,27.0,13.0,17.0\n"
    "mug,pc_gamer,51.0,163.0,1.0,400.0,27.0,13.0,17.0\n"
    "thing,,51.0,163.0,1.0,400.0,27.0,13.0,17.0\n"
)

CATEGORIES = """\
product_category_name,product_category_name_english
eletroportateis,small_appliances
"""

SELLERS = """\
seller_id,seller_zip_code_prefix,seller_city,seller_state
s1,13023,campinas,SP
s2,13024,sales@example.org,SP
"""

FILES = {
    "olist_orders_dataset.csv": ORDERS,
    "olist_order_items_dataset.csv": ITEMS,
    "olist_order_payments_dataset.csv": PAYMENTS,
    "olist_order_reviews_dataset.csv": REVIEWS,
    "olist_customers_dataset.csv": CUSTOMERS,
    "olist_products_dataset.csv": PRODUCTS,
    "product_category_name_translation.csv": CATEGORIES,
    "olist_sellers_dataset.csv": SELLERS,
}
