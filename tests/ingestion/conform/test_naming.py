"""Foreign names: the nearest known one, or none rather than a wrong one."""

from __future__ import annotations

import pytest
import yaml

from ingestion.conform.naming import meaning_of_event, meaning_of_key, words_of
from ingestion.contract.catalogue import load_catalogue


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("ShipmentDelivered", "shipment_delivered"),
        ("shipment.delivered", "shipment_delivered"),
        ("acme_shipment_delivered", "shipment_delivered"),
        ("acme:Out For Delivery", "shipment_out_for_delivery"),
        ("orders/create", "order_placed"),
        ("order.created", "order_placed"),
        ("order_canceled", "order_cancelled"),
        ("payment.captured", "payment_captured"),
        ("paymentCapturedd", "payment_captured"),
        ("fulfilmentReady", "fulfillment_ready"),
        ("order_teleported", None),
        ("session_started", None),
        ("x", None),
        ("", None),
    ],
)
def test_events(catalogue, name, event):
    assert meaning_of_event(catalogue, name, name.lower()).name == event


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("orderId", "order_id"),
        ("Order ID", "order_id"),
        ("acme_order_id", "order_id"),
        ("properties.orderID", "order_id"),
        ("paymentMethod", "payment_method"),
        ("PIN_CODE", None),
        ("pinCode", None),
        ("acme_pincode", "postal_code"),
        ("awb", "tracking_number"),
        ("qty", "quantity"),
        ("eventType", "event_name"),
        ("created_at", "occurred_at"),
        ("totalMinor", "total_minor"),
        ("customer_city", None),
        ("product_name", None),
        ("payment_value", None),
        ("carrier_name", None),
        ("", None),
    ],
)
def test_keys(catalogue, key, field):
    assert meaning_of_key(catalogue, key, []).name == field


@pytest.mark.parametrize(
    ("key", "sent_as"),
    [
        ("customerEmail", "email"),
        ("Mobile No.", None),
        ("contact_phone", "phone"),
        ("shipping_address", "street_address"),
        ("First Name", "customer_name"),
        ("ip", "ip_address"),
    ],
)
def test_personal_keys_are_warned_of(catalogue, key, sent_as):
    meaning = meaning_of_key(catalogue, key, [])
    assert meaning.is_personal is (sent_as is not None)
    if sent_as:
        assert (meaning.name, meaning.mapping) == (sent_as, None)


def test_amounts_say_in_which_unit_they_come(catalogue):
    def transform(key):
        (mapping,) = yaml.safe_load(meaning_of_key(catalogue, key, []).mapping)
        return mapping["to"], mapping["transform"]

    assert transform("orderTotal") == ("total_minor", "major_to_minor")
    assert transform("total_cents") == ("total_minor", "copy")


def test_a_mapping_is_yaml_whatever_the_name(catalogue):
    name = "order: created # new"
    mapping = meaning_of_event(catalogue, name.replace("# new", ""), name).mapping
    assert yaml.safe_load(mapping) == {name: "order_placed"}


def test_nested_keys_are_not_mapped(catalogue):
    meaning = meaning_of_key(catalogue, "order_id_", [], is_nested=True)
    assert meaning.name is None
    assert "flat" in meaning.advice


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("orderID", ("order", "id")),
        ("HTTPStatus", ("http", "status")),
        ("a.b-c d/e", ("a", "b", "c", "d", "e")),
        ("---", ("",)),
    ],
)
def test_names_part_into_words(name, words):
    assert words_of(name) == words
