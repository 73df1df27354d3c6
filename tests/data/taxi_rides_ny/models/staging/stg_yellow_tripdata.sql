select
    {{ surrogate_key(['vendorid', 'tpep_pickup_datetime', 'pulocationid', 'dolocationid', 'fare_amount', 'trip_distance']) }}
        as trip_id,
    vendorid as vendor_id,
    'Yellow' as service_type,
    cast(pulocationid as integer) as pickup_location_id,
    cast(dolocationid as integer) as dropoff_location_id,
    tpep_pickup_datetime as pickup_datetime,
    tpep_dropoff_datetime as dropoff_datetime,
    passenger_count,
    trip_distance,
    fare_amount,
    tip_amount,
    total_amount,
    {{ payment_type_description('payment_type') }} as payment_type
from {{ source('staging', 'yellow_tripdata') }}
where vendorid is not null
    and extract(year from tpep_pickup_datetime) between {{ var('first_year') }} and {{ var('last_year') }}
