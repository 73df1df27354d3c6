-- Trips that end before they begin. The test fails if there is one.
select trip_id from {{ ref('fact_trips') }} where dropoff_datetime < pickup_datetime
