-- Hand-written DuckDB statements with the same result as flows/zoomcamp/03_gcp_taxi.yaml. The columns have the types that
-- DuckDB reads fastest. {csv} is the path of the unpacked file.
CREATE TABLE IF NOT EXISTS yellow_tripdata (
  unique_row_id BLOB, filename VARCHAR, VendorID VARCHAR, tpep_pickup_datetime TIMESTAMP,
  tpep_dropoff_datetime TIMESTAMP, passenger_count BIGINT, trip_distance DOUBLE, RatecodeID VARCHAR,
  store_and_fwd_flag VARCHAR, PULocationID VARCHAR, DOLocationID VARCHAR, payment_type BIGINT, fare_amount DOUBLE,
  extra DOUBLE, mta_tax DOUBLE, tip_amount DOUBLE, tolls_amount DOUBLE, improvement_surcharge DOUBLE,
  total_amount DOUBLE, congestion_surcharge DOUBLE
);

CREATE OR REPLACE VIEW yellow_tripdata_ext AS
SELECT * FROM read_csv('{csv}', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = {
  'VendorID': 'VARCHAR', 'tpep_pickup_datetime': 'TIMESTAMP', 'tpep_dropoff_datetime': 'TIMESTAMP',
  'passenger_count': 'BIGINT', 'trip_distance': 'DOUBLE', 'RatecodeID': 'VARCHAR', 'store_and_fwd_flag': 'VARCHAR',
  'PULocationID': 'VARCHAR', 'DOLocationID': 'VARCHAR', 'payment_type': 'BIGINT', 'fare_amount': 'DOUBLE',
  'extra': 'DOUBLE', 'mta_tax': 'DOUBLE', 'tip_amount': 'DOUBLE', 'tolls_amount': 'DOUBLE',
  'improvement_surcharge': 'DOUBLE', 'total_amount': 'DOUBLE', 'congestion_surcharge': 'DOUBLE'
});

CREATE OR REPLACE TABLE yellow_tripdata_month AS
SELECT
  unhex(md5(concat(
    coalesce(VendorID, ''),
    coalesce(CAST(tpep_pickup_datetime AS VARCHAR), ''),
    coalesce(CAST(tpep_dropoff_datetime AS VARCHAR), ''),
    coalesce(PULocationID, ''),
    coalesce(DOLocationID, '')
  ))) AS unique_row_id,
  'yellow_tripdata_2019-01.csv' AS filename,
  *
FROM yellow_tripdata_ext;

MERGE INTO yellow_tripdata T
USING yellow_tripdata_month S
ON T.unique_row_id = S.unique_row_id
WHEN NOT MATCHED THEN INSERT BY NAME;
