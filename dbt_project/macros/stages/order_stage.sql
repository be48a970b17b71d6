{# The one stage an order stands at: the first that applies to the columns in scope. #}
{% macro order_stage() -%}
    case
        when is_cancelled and shipment_count = 0 then 'cancelled'
        when open_parcel_count > 0 and is_on_vehicle then 'out_for_delivery'
        when open_parcel_count > 0 then 'shipped'
        when delivered_parcel_count > 0 then 'delivered'
        when rto_parcel_count > 0 then 'rto'
        when shipment_count > 0
            or collected_at is not null
            or digitally_fulfilled_at is not null
            or pickup_expired_at is not null
            then 'closed'
        when pickup_ready_at is not null then 'pickup_ready'
        when packing_at is not null then 'packing'
        when fulfillment_ready_at is not null or gate_blocking is null then 'ready'
        when fraud_blocked_reason is not null then 'review'
        when first_payment_event_at is null then 'placed'
        when gate_blocking in ('payment', 'reservation') then gate_blocking
        else 'address'
    end
{%- endmacro %}

{# The stages in which an order has ended, as a list of literals. #}
{% macro ended_stages() -%}
    'delivered', 'rto', 'cancelled', 'closed'
{%- endmacro %}
