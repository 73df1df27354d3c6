with trips as (
    select * from {{ ref('stg_yellow_tripdata') }}
    union all
    select * from {{ ref('stg_green_tripdata') }}
)

select
    trips.*,
    pickup.borough as pickup_borough,
    pickup.zone as pickup_zone,
    dropoff.borough as dropoff_borough,
    dropoff.zone as dropoff_zone
from trips
inner join {{ ref('dim_zones') }} as pickup on pickup.location_id = trips.pickup_location_id
inner join {{ ref('dim_zones') }} as dropoff on dropoff.location_id = trips.dropoff_location_id
where pickup.borough <> 'Unknown' and dropoff.borough <> 'Unknown'
