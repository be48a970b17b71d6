select order_id, ordered_amount
from {{ ref('orders_so_far') }}
where ordered_amount <= 0
