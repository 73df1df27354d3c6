"""Compares Google's BigQuery client on the local platform with DuckDB alone, over the same file and the same statement.

`make bench` runs it (tests/tools/google-clients.sh --bench). ROWS is the number of rows of the file; RUNS the number of
queries.
"""

import os
import statistics
import tempfile
import time
import uuid
from pathlib import Path

import duckdb
from google.cloud import bigquery

ROWS = int(os.environ.get("ROWS", "2300000"))
RUNS = int(os.environ.get("RUNS", "30"))
SQL = "SELECT zone, COUNT(*) AS trips, SUM(fare) AS fares FROM {table} GROUP BY zone ORDER BY zone"


def seconds(act, runs=1):
    """The median time of an act, in seconds."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def report(what, client, alone):
    ratio = f"| {client / alone:.2f}" if alone else "|"
    alone = f"| {alone:.4f} " if alone else "| "
    print(f"| {what} | {client:.4f} {alone}{ratio} |")


def main():
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder, bigquery.Client() as client:
        file = Path(folder) / "trips.csv"
        with file.open("w") as out:
            out.write("id,begun,zone,fare,note\n")
            for n in range(ROWS):
                out.write(f"{n},2024-01-{n % 28 + 1:02d} 10:{n % 60:02d}:00,zone {n % 265},{n % 90}.25,trip\n")
        size = file.stat().st_size / 1e6
        alone = duckdb.connect(str(Path(folder) / "alone.duckdb"))
        columns = "{'id': 'BIGINT', 'begun': 'TIMESTAMP', 'zone': 'VARCHAR', 'fare': 'DOUBLE', 'note': 'VARCHAR'}"
        dataset = f"bench_{uuid.uuid4().hex[:8]}"
        client.create_dataset(dataset)
        config = bigquery.LoadJobConfig(
            source_format="CSV",
            skip_leading_rows=1,
            schema=[
                bigquery.SchemaField("id", "INTEGER"),
                bigquery.SchemaField("begun", "TIMESTAMP"),
                bigquery.SchemaField("zone", "STRING"),
                bigquery.SchemaField("fare", "FLOAT"),
                bigquery.SchemaField("note", "STRING"),
            ],
        )

        def load():
            with file.open("rb") as source:
                client.load_table_from_file(source, f"{dataset}.trips", job_config=config).result()

        print("| what | client, s | DuckDB alone, s | ratio |\n|---|---|---|---|")
        by_hand = f"CREATE TABLE trips AS SELECT * FROM read_csv('{file}', header = true, columns = {columns})"
        own = seconds(lambda: alone.execute(by_hand))
        report(f"load a CSV file of {size:.0f} MB", seconds(load), own)
        local, remote = SQL.format(table="trips"), SQL.format(table=f"{dataset}.trips")
        expected = alone.execute(local).fetchall()
        assert [tuple(row) for row in client.query_and_wait(remote)] == expected
        own = seconds(lambda: alone.execute(local).fetchall(), RUNS)
        report(f"a sum over {ROWS} rows", seconds(lambda: list(client.query_and_wait(remote)), RUNS), own)
        one = seconds(lambda: alone.execute("SELECT 1").fetchall(), RUNS)
        report("SELECT 1", seconds(lambda: list(client.query_and_wait("SELECT 1")), RUNS), one)
        client.delete_dataset(dataset, delete_contents=True)


main()
