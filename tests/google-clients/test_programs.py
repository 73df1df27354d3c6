"""pandas-gbq, SQLAlchemy and dlt."""

import os

import pandas
import pytest


def test_pandas_gbq_reads_and_writes(dataset):
    import pandas_gbq

    project = os.environ["GOOGLE_CLOUD_PROJECT"]
    frame = pandas.DataFrame({"n": [1, 2, 3], "s": ["a", "b", "c"]})
    pandas_gbq.to_gbq(frame, f"{dataset}.t", project_id=project, progress_bar=False)
    pandas_gbq.to_gbq(frame, f"{dataset}.t", project_id=project, if_exists="append", progress_bar=False)
    back = pandas_gbq.read_gbq(f"SELECT * FROM {dataset}.t ORDER BY n", project_id=project, progress_bar_type=None)
    assert back["n"].tolist() == [1, 1, 2, 2, 3, 3] and list(back.columns) == ["n", "s"]
    pandas_gbq.to_gbq(frame[:1], f"{dataset}.t", project_id=project, if_exists="replace", progress_bar=False)
    assert len(pandas_gbq.read_gbq(f"{dataset}.t", project_id=project, progress_bar_type=None)) == 1


def test_sqlalchemy_queries_and_reflects(bigquery, dataset):
    import sqlalchemy
    from sqlalchemy import Column, Integer, MetaData, String, Table, func, select

    engine = sqlalchemy.create_engine(f"bigquery://{bigquery.project}/{dataset}")
    metadata = MetaData()
    trips = Table("trips", metadata, Column("id", Integer), Column("zone", String))
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(trips.insert(), [{"id": 1, "zone": "JFK"}, {"id": 2, "zone": "LGA"}, {"id": 3, "zone": "JFK"}])
        by_zone = select(trips.c.zone, func.count()).group_by(trips.c.zone).order_by(trips.c.zone)
        assert connection.execute(by_zone).all() == [("JFK", 2), ("LGA", 1)]
        only = select(trips.c.id).where(trips.c.zone == "LGA")
        assert connection.execute(only).scalars().all() == [2]
    inspector = sqlalchemy.inspect(engine)
    assert inspector.get_table_names() == ["trips"]
    assert [column["name"] for column in inspector.get_columns("trips")] == ["id", "zone"]
    frame = pandas.read_sql(f"SELECT COUNT(*) AS n FROM {dataset}.trips", engine)
    assert frame["n"].tolist() == [3]


@pytest.mark.parametrize("staging", [None, "filesystem"])
def test_dlt_loads_merges_and_replaces(bigquery, dataset, bucket, tmp_path, monkeypatch, staging):
    import dlt

    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    if staging:
        monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", f"gs://{bucket.name}/staging")
        monkeypatch.setenv("DESTINATION__FILESYSTEM__CREDENTIALS__PROJECT_ID", bigquery.project)
    pipeline = dlt.pipeline(
        pipeline_name="trips",
        destination="bigquery",
        staging=staging,
        dataset_name=f"{dataset}_dlt",
        pipelines_dir=str(tmp_path / "pipelines"),
    )

    def trips(rows):
        return dlt.resource(rows, name="trips", primary_key="id", write_disposition="merge")

    first = [{"id": 1, "fare": 1.5, "stops": [{"zone": "JFK"}, {"zone": "LGA"}]}, {"id": 2, "fare": 2.5, "stops": []}]
    pipeline.run(trips(first)).raise_on_failed_jobs()
    pipeline.run(trips([{"id": 2, "fare": 3.0, "stops": [{"zone": "EWR"}], "tip": 1.0}])).raise_on_failed_jobs()
    found = bigquery.query_and_wait(f"SELECT id, fare, tip FROM {dataset}_dlt.trips ORDER BY id")
    assert [tuple(row) for row in found] == [(1, 1.5, None), (2, 3.0, 1.0)]
    stops = bigquery.query_and_wait(f"SELECT zone FROM {dataset}_dlt.trips__stops ORDER BY zone")
    assert [row.zone for row in stops] == ["EWR", "JFK", "LGA"]
    replaced = dlt.resource([{"id": 9}], name="zones", write_disposition="replace")
    for _ in range(2):
        pipeline.run(replaced).raise_on_failed_jobs()
    assert [row.id for row in bigquery.query_and_wait(f"SELECT id FROM {dataset}_dlt.zones")] == [9]
    bigquery.delete_dataset(f"{dataset}_dlt", delete_contents=True)
    bigquery.delete_dataset(f"{dataset}_dlt_staging", delete_contents=True, not_found_ok=True)
