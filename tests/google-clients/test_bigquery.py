"""google-cloud-bigquery."""

import datetime
import decimal
import io
import json
from pathlib import Path

import pandas
import pytest
from google.api_core import exceptions
from google.cloud import bigquery as bq

DATA = Path(__file__).parent.parent / "data"


def rows(client, sql, config=None):
    return [dict(row) for row in client.query_and_wait(sql, job_config=config)]


def test_a_query_returns_typed_rows(bigquery):
    sql = """SELECT 1 AS n, 'x' AS s, TRUE AS b, 0.5 AS f, DATE '2024-02-29' AS d,
        TIMESTAMP '2024-02-29 12:30:00.123456 UTC' AS `at`, DATETIME '2024-02-29T12:30:00' AS dt, TIME '12:30:00' AS t,
        NUMERIC '1.25' AS num, b'abc' AS bytes, [1, 2] AS list, STRUCT(1 AS a, 'y' AS b) AS record,
        [STRUCT(1 AS a)] AS records, CAST(NULL AS STRING) AS nothing"""
    for result in (bigquery.query(sql).result(), bigquery.query_and_wait(sql)):
        (row,) = list(result)
        utc = datetime.timezone.utc
        assert dict(row) == {
            "n": 1,
            "s": "x",
            "b": True,
            "f": 0.5,
            "d": datetime.date(2024, 2, 29),
            "at": datetime.datetime(2024, 2, 29, 12, 30, 0, 123456, tzinfo=utc),
            "dt": datetime.datetime(2024, 2, 29, 12, 30),
            "t": datetime.time(12, 30),
            "num": decimal.Decimal("1.25"),
            "bytes": b"abc",
            "list": [1, 2],
            "record": {"a": 1, "b": "y"},
            "records": [{"a": 1}],
            "nothing": None,
        }


def test_parameters_have_their_types(bigquery):
    config = bq.QueryJobConfig(
        query_parameters=[
            bq.ScalarQueryParameter("n", "INT64", 7),
            bq.ScalarQueryParameter("day", "DATE", datetime.date(2024, 1, 1)),
            bq.ArrayQueryParameter("names", "STRING", ["a", "b"]),
        ]
    )
    sql = "SELECT @n + 1 AS n, @day AS day, ARRAY_LENGTH(@names) AS count"
    assert rows(bigquery, sql, config) == [{"n": 8, "day": datetime.date(2024, 1, 1), "count": 2}]
    at = datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.timezone.utc)
    values = [("TIMESTAMP", at), ("NUMERIC", decimal.Decimal("1.5")), ("BYTES", b"abc"), ("STRING", "it's"), ("INT64", None)]
    config = bq.QueryJobConfig(query_parameters=[bq.ScalarQueryParameter(None, kind, value) for kind, value in values])
    (row,) = bigquery.query_and_wait("SELECT ?, ?, ?, ?, ?", job_config=config)
    assert list(row) == [value for _, value in values]


def test_ranges_are_columns_parameters_and_rows(bigquery, dataset):
    day = datetime.date(2024, 1, 1)
    at = datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.timezone.utc)
    config = bq.QueryJobConfig(
        query_parameters=[
            bq.RangeQueryParameter("DATE", start=day, end=None, name="days"),
            bq.RangeQueryParameter("TIMESTAMP", start=at, end=at + datetime.timedelta(hours=1), name="hour"),
        ]
    )
    sql = "SELECT @days AS days, @hour AS hour, RANGE_CONTAINS(@days, DATE '2024-02-01') AS inside"
    assert rows(bigquery, sql, config) == [
        {
            "days": {"start": day, "end": None},
            "hour": {"start": at, "end": at + datetime.timedelta(hours=1)},
            "inside": True,
        }
    ]
    schema = [
        bq.SchemaField("id", "INTEGER"),
        bq.SchemaField("days", "RANGE", range_element_type="DATE"),
        bq.SchemaField("times", "RANGE", range_element_type="DATETIME"),
    ]
    table = bigquery.create_table(bq.Table(f"{bigquery.project}.{dataset}.ranges", schema=schema))
    assert [field.range_element_type for field in bigquery.get_table(table).schema[1:]] == [
        bq.FieldElementType("DATE"),
        bq.FieldElementType("DATETIME"),
    ]
    new = [
        {"id": 1, "days": {"start": "2024-01-01", "end": None}, "times": None},
        {"id": 2, "days": "[2024-01-01, 2024-02-01)", "times": {"start": None, "end": "2024-01-01T10:00:00"}},
    ]
    assert bigquery.insert_rows(table, new) == []
    assert rows(bigquery, f"SELECT days, times FROM {dataset}.ranges ORDER BY id") == [
        {"days": {"start": day, "end": None}, "times": None},
        {
            "days": {"start": day, "end": datetime.date(2024, 2, 1)},
            "times": {"start": None, "end": datetime.datetime(2024, 1, 1, 10)},
        },
    ]
    wrong = bigquery.insert_rows_json(table, [{"id": 3, "days": {"start": "2024-02-01", "end": "2024-01-01"}}])
    assert wrong and bigquery.get_table(table).num_rows == 2


def test_a_dry_run_has_a_schema_and_runs_nothing(bigquery, dataset):
    config = bq.QueryJobConfig(dry_run=True, use_query_cache=False)
    job = bigquery.query("SELECT 1 AS n, 'x' AS s", job_config=config)
    assert job.dry_run and job.total_bytes_processed is not None
    assert [(field.name, field.field_type) for field in job.schema] == [("n", "INTEGER"), ("s", "STRING")]
    bigquery.query(f"CREATE TABLE {dataset}.t (x INT64)", job_config=config)
    assert list(bigquery.list_tables(dataset)) == []


def test_errors_are_those_of_bigquery(bigquery, dataset):
    with pytest.raises(exceptions.BadRequest):
        bigquery.query("SELECT nothing").result()
    with pytest.raises(exceptions.NotFound):
        bigquery.query(f"SELECT * FROM {dataset}.missing").result()
    with pytest.raises(exceptions.NotFound):
        bigquery.get_table(f"{dataset}.missing")
    with pytest.raises(exceptions.Conflict):
        bigquery.create_dataset(dataset)
    bigquery.create_dataset(dataset, exists_ok=True)
    with pytest.raises(exceptions.BadRequest, match="scriptOptions"):
        options = bq.ScriptOptions(statement_byte_budget=1)
        bigquery.query("SELECT 1", job_config=bq.QueryJobConfig(script_options=options)).result()


def test_large_results_come_in_pages(bigquery, dataset):
    sql = "SELECT n, CONCAT('row ', CAST(n AS STRING)) AS s FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS n ORDER BY n"
    result = bigquery.query(sql).result(page_size=4000)
    pages = [len(list(page)) for page in result.pages]
    assert sum(pages) == 25000 and max(pages) == 4000 and result.total_rows == 25000
    config = bq.QueryJobConfig(destination=f"{bigquery.project}.{dataset}.numbers")
    bigquery.query(sql, job_config=config).result()
    listed = list(bigquery.list_rows(f"{dataset}.numbers", page_size=9000))
    assert [row.n for row in listed] == list(range(1, 25001))
    part = list(bigquery.list_rows(f"{dataset}.numbers", start_index=10, max_results=2))
    assert [row.s for row in part] == ["row 11", "row 12"]
    assert bigquery.get_table(f"{dataset}.numbers").num_rows == 25000


def test_datasets_and_tables_are_described_and_changed(bigquery, dataset):
    described = bigquery.get_dataset(dataset)
    described.description, described.labels = "trips", {"team": "data"}
    changed = bigquery.update_dataset(described, ["description", "labels"])
    assert (changed.description, changed.labels) == ("trips", {"team": "data"})
    assert dataset in [item.dataset_id for item in bigquery.list_datasets()]
    schema = [
        bq.SchemaField("id", "INTEGER", mode="REQUIRED", description="the key"),
        bq.SchemaField("at", "TIMESTAMP"),
        bq.SchemaField("tags", "STRING", mode="REPEATED"),
        bq.SchemaField("who", "RECORD", fields=[bq.SchemaField("name", "STRING")]),
    ]
    table = bq.Table(f"{bigquery.project}.{dataset}.t", schema=schema)
    table.description = "a table"
    table.time_partitioning = bq.TimePartitioning(field="at")
    table.clustering_fields = ["id"]
    made = bigquery.create_table(table)
    assert made.description == "a table" and made.time_partitioning.field == "at" and made.clustering_fields == ["id"]
    assert [(field.name, field.field_type, field.mode) for field in made.schema] == [
        ("id", "INTEGER", "REQUIRED"),
        ("at", "TIMESTAMP", "NULLABLE"),
        ("tags", "STRING", "REPEATED"),
        ("who", "RECORD", "NULLABLE"),
    ]
    assert made.schema[0].description == "the key"
    made.schema = [*made.schema, bq.SchemaField("more", "FLOAT")]
    made.description = "another"
    changed = bigquery.update_table(made, ["schema", "description"])
    assert changed.schema[-1].name == "more" and changed.description == "another"
    view = bq.Table(f"{bigquery.project}.{dataset}.v")
    view.view_query = f"SELECT id FROM {dataset}.t"
    assert bigquery.create_table(view).table_type == "VIEW"
    assert [item.table_id for item in bigquery.list_tables(dataset)] == ["t", "v"]
    bigquery.delete_table(f"{dataset}.v")
    with pytest.raises(exceptions.NotFound):
        bigquery.delete_table(f"{dataset}.v")
    bigquery.delete_table(f"{dataset}.v", not_found_ok=True)


def test_rows_are_inserted_as_json(bigquery, dataset):
    schema = [
        bq.SchemaField("id", "INTEGER"),
        bq.SchemaField("at", "TIMESTAMP"),
        bq.SchemaField("tags", "STRING", mode="REPEATED"),
        bq.SchemaField("who", "RECORD", fields=[bq.SchemaField("name", "STRING")]),
    ]
    table = bigquery.create_table(bq.Table(f"{bigquery.project}.{dataset}.t", schema=schema))
    new = [
        {"id": 1, "at": "2024-01-01T00:00:00Z", "tags": ["a", "b"], "who": {"name": "Ada"}},
        {"id": 2, "tags": []},
    ]
    assert bigquery.insert_rows_json(table, new) == []
    assert bigquery.insert_rows(table, [{"id": 3, "at": datetime.datetime(2024, 1, 2), "tags": [], "who": None}]) == []
    found = rows(bigquery, f"SELECT id, tags, who.name AS name FROM {dataset}.t ORDER BY id")
    assert found == [
        {"id": 1, "tags": ["a", "b"], "name": "Ada"},
        {"id": 2, "tags": [], "name": None},
        {"id": 3, "tags": [], "name": None},
    ]
    errors = bigquery.insert_rows_json(table, [{"id": 4}, {"nope": 5}])
    assert {error["index"] for error in errors} == {0, 1}
    assert bigquery.get_table(table).num_rows == 3, "one wrong row stops the others"
    wrong = bigquery.insert_rows_json(table, [{"id": "no number"}])
    assert wrong and bigquery.get_table(table).num_rows == 3


def test_files_are_loaded(bigquery, dataset, bucket):
    csv = "id,name,at\n1,Ada,2024-01-01 00:00:00\n2,Grace,2024-01-02 00:00:00\n"
    config = bq.LoadJobConfig(source_format="CSV", autodetect=True)
    job = bigquery.load_table_from_file(io.BytesIO(csv.encode()), f"{dataset}.csv", job_config=config)
    assert job.result().output_rows == 2
    types = [(field.name, field.field_type) for field in bigquery.get_table(f"{dataset}.csv").schema]
    assert types == [("id", "INTEGER"), ("name", "STRING"), ("at", "TIMESTAMP")]
    schema = [bq.SchemaField("id", "INTEGER"), bq.SchemaField("name", "STRING")]
    lines = [{"id": 1, "name": "Ada"}, {"id": 2, "name": None}]
    bigquery.load_table_from_json(lines, f"{dataset}.json", job_config=bq.LoadJobConfig(schema=schema)).result()
    assert rows(bigquery, f"SELECT * FROM {dataset}.json ORDER BY id") == lines
    bucket.blob("in/1.csv").upload_from_string(csv)
    bucket.blob("in/2.csv").upload_from_string(csv)
    config = bq.LoadJobConfig(
        source_format="CSV",
        skip_leading_rows=1,
        schema=[*schema, bq.SchemaField("at", "TIMESTAMP")],
        write_disposition="WRITE_TRUNCATE",
        time_partitioning=bq.TimePartitioning(field="at"),
    )
    job = bigquery.load_table_from_uri(f"gs://{bucket.name}/in/*.csv", f"{dataset}.uris", job_config=config)
    assert job.result().output_rows == 4
    assert bigquery.get_table(f"{dataset}.uris").time_partitioning.field == "at"
    with pytest.raises(exceptions.BadRequest):
        broken = io.BytesIO(b"id,name,at\nx,y,z\n")
        bigquery.load_table_from_file(broken, f"{dataset}.broken", job_config=config).result()
    assert "broken" not in [item.table_id for item in bigquery.list_tables(dataset)]


def test_a_file_is_uploaded_in_pieces(bigquery, dataset):
    lines = "".join(f'{{"n": {number}, "s": "{"x" * 1000}"}}\n' for number in range(12000))
    config = bq.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON")
    config.schema = [bq.SchemaField("n", "INTEGER"), bq.SchemaField("s", "STRING")]
    file = io.BytesIO(lines.encode())
    assert len(lines) > 10 * 1024 * 1024, "more than one piece"
    job = bigquery.load_table_from_file(file, f"{dataset}.t", job_config=config)
    assert job.result().output_rows == 12000


def test_data_frames_go_both_ways(bigquery, dataset):
    frame = pandas.DataFrame(
        {
            "n": pandas.array([1, 2, None], dtype="Int64"),
            "f": [0.5, 1.5, 2.5],
            "s": ["a", None, "c"],
            "at": pandas.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"], utc=True),
            "b": [True, False, True],
        }
    )
    bigquery.load_table_from_dataframe(frame, f"{dataset}.t").result()
    back = bigquery.query(f"SELECT * FROM {dataset}.t ORDER BY f").to_dataframe()
    assert back["n"].tolist()[:2] == [1, 2] and pandas.isna(back["n"][2])
    assert back["f"].tolist() == [0.5, 1.5, 2.5] and back["s"].tolist()[0] == "a"
    assert str(back["at"][0]) == "2024-01-01 00:00:00+00:00" and back["b"].tolist() == [True, False, True]
    listed = bigquery.list_rows(f"{dataset}.t").to_dataframe()
    assert len(listed) == 3
    arrow = bigquery.query(f"SELECT s, n FROM {dataset}.t").to_arrow()
    assert arrow.num_rows == 3 and arrow.column_names == ["s", "n"]


def test_tables_are_copied_and_extracted(bigquery, dataset, bucket):
    bigquery.query(f"CREATE TABLE {dataset}.one AS SELECT 1 AS n UNION ALL SELECT 2").result()
    bigquery.copy_table(f"{dataset}.one", f"{dataset}.two").result()
    assert bigquery.get_table(f"{dataset}.two").num_rows == 2
    with pytest.raises(exceptions.Conflict):
        bigquery.copy_table(f"{dataset}.one", f"{dataset}.two").result()
    bigquery.extract_table(f"{dataset}.one", f"gs://{bucket.name}/out.csv").result()
    text = bucket.blob("out.csv").download_as_text()
    assert sorted(text.split()) == ["1", "2", "n"]


def test_jobs_are_listed_found_and_cancelled(bigquery, dataset):
    job = bigquery.query("SELECT 1 AS n", job_id_prefix="mine_")
    job.result()
    found = bigquery.get_job(job.job_id)
    assert found.state == "DONE" and found.statement_type == "SELECT" and found.destination is not None
    assert bigquery.get_table(found.destination).num_rows == 1
    assert job.job_id in [item.job_id for item in bigquery.list_jobs(max_results=50)]
    bigquery.cancel_job(job.job_id)
    with pytest.raises(exceptions.Conflict):
        bigquery.query("SELECT 1", job_id=job.job_id)
    bigquery.delete_job_metadata(job.job_id, location=job.location)
    with pytest.raises(exceptions.NotFound):
        bigquery.get_job(job.job_id)


def test_changes_report_their_rows(bigquery, dataset):
    bigquery.query(f"CREATE TABLE {dataset}.t (n INT64)").result()
    job = bigquery.query(f"INSERT INTO {dataset}.t (n) VALUES (1), (2), (3)")
    job.result()
    assert job.num_dml_affected_rows == 3 and job.statement_type == "INSERT"
    result = bigquery.query_and_wait(f"DELETE FROM {dataset}.t WHERE n > 1")
    assert result.num_dml_affected_rows == 2
    job = bigquery.query(f"CREATE TABLE {dataset}.u AS SELECT * FROM {dataset}.t")
    job.result()
    assert job.ddl_target_table.table_id == "u"


def test_the_flows_see_the_same_tables(bigquery, dataset, segue):
    bigquery.query(f"CREATE TABLE {dataset}.t AS SELECT 41 + 1 AS answer").result()
    names = rows(bigquery, f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.TABLES")
    assert names == [{"table_name": "t"}]
    assert json.loads(segue("env", "--format", "json"))["GOOGLE_CLOUD_PROJECT"] == bigquery.project


def test_the_county_of_each_bike_station_is_found(bigquery, dataset):
    def load(table, file, columns):
        schema = [bq.SchemaField(*column.split(":")) for column in columns]
        config = bq.LoadJobConfig(source_format="CSV", skip_leading_rows=1, schema=schema)
        with (DATA / file).open("rb") as content:
            bigquery.load_table_from_file(content, f"{dataset}.{table}", job_config=config).result()

    load("counties", "bay_area_county_polygons.csv", ["shape:GEOGRAPHY", "id:INTEGER", "fips:STRING", "county:STRING"])
    texts = [f"{name}:STRING" for name in ("id", "city", "station", "name", "docks", "since", "street", "epc", "transit")]
    numbers = [f"{name}:FLOAT" for name in ("latitude", "longitude", "x", "y")]
    load("stations", "bike_share_stations.csv", texts + numbers)
    kinds = {field.name: field.field_type for field in bigquery.get_table(f"{dataset}.counties").schema}
    assert kinds["shape"] == "GEOGRAPHY"
    found = bigquery.query_and_wait(
        f"""SELECT s.city, c.county, COUNT(*) AS stations
        FROM {dataset}.stations AS s
        JOIN {dataset}.counties AS c ON ST_CONTAINS(c.shape, ST_GEOGPOINT(s.longitude, s.latitude))
        GROUP BY s.city, c.county ORDER BY s.city"""
    )
    assert [tuple(row) for row in found] == [
        ("Berkeley", "Alameda", 36),
        ("Emeryville", "Alameda", 11),
        ("Oakland", "Alameda", 83),
        ("San Francisco", "San Francisco", 318),
        ("San Jose", "Santa Clara", 83),
    ]


def test_geographies_come_from_files_and_rows(bigquery, dataset):
    config = bq.LoadJobConfig(schema=[bq.SchemaField("place", "GEOGRAPHY")])
    rows_in = [{"place": "POINT (1 2)"}, {"place": '{"type": "Point", "coordinates": [3, 4]}'}]
    bigquery.load_table_from_json(rows_in, f"{dataset}.places", job_config=config).result()
    with pytest.raises(exceptions.BadRequest, match="Invalid WKT"):
        bigquery.load_table_from_json([{"place": "POINT"}], f"{dataset}.places", job_config=config).result()
    found = bigquery.query_and_wait(f"SELECT place, ST_X(place) AS x FROM {dataset}.places ORDER BY x")
    assert [tuple(row) for row in found] == [("POINT(1 2)", 1.0), ("POINT(3 4)", 3.0)]
    assert found.schema[0].field_type == "GEOGRAPHY"


def test_a_session_keeps_tables_and_variables(bigquery):
    first = bigquery.query(
        "CREATE TEMP TABLE visits AS SELECT 1 AS id", job_config=bq.QueryJobConfig(create_session=True)
    )
    first.result()
    session = first.session_info.session_id
    config = bq.QueryJobConfig(connection_properties=[bq.ConnectionProperty("session_id", session)])
    bigquery.query("DECLARE day DATE DEFAULT DATE '2024-02-29'", job_config=config).result()
    bigquery.query("INSERT INTO visits VALUES (2), (3)", job_config=config).result()
    found = rows(bigquery, "SELECT COUNT(*) AS visits, day, @@session_id AS id FROM visits GROUP BY day", config)
    assert found == [{"visits": 3, "day": datetime.date(2024, 2, 29), "id": session}]
    with pytest.raises(exceptions.BadRequest):
        bigquery.query("SELECT * FROM visits").result()
    bigquery.query(f"CALL BQ.ABORT_SESSION('{session}')").result()
    with pytest.raises(exceptions.BadRequest, match="has ended"):
        bigquery.query("SELECT day", job_config=config).result()
