//! Runs the Postgres flows of `flows/zoomcamp`, unchanged, on the sample data and a PostgreSQL server of their own.

use crate::platform::{End, Platform};
use segue_fn_postgres::cluster::{Cluster, Database};
use segue_model::{Json, Map};
use segue_standalone::{Access, Options, Server, Standalone};
use segue_tests::server::Client;
use segue_tests::taxi::{MONTHS, serve_green_months};
use segue_tests::{repository, sample_data, sample_server};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long a backfill may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) fn source(flow: &str) -> String {
    std::fs::read_to_string(repository().join("flows/zoomcamp").join(format!("{flow}.yaml"))).unwrap()
}

/// A platform and a database.
pub(crate) struct World {
    pub(crate) platform: Platform,
    cluster: &'static Cluster,
    pub(crate) database: Database,
    url: String,
}

impl World {
    /// None if PostgreSQL is not installed.
    pub(crate) async fn new() -> Option<Self> {
        let cluster = Cluster::shared()?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, sample_server::app(sample_data())).await.unwrap() });
        let world = Self { platform: Platform::start().unwrap(), cluster, database: cluster.database(), url };
        world.write_values("taxi").await;
        Some(world)
    }

    /// Says where the trips come from and go to.
    async fn write_values(&self, taxi_path: &str) {
        let taxi_url = format!("{}/{taxi_path}", self.url);
        let inputs = [("taxi_url", taxi_url.as_str()), ("postgres_url", self.database.url.as_str())];
        let end = self.run("05_postgres_kv", &inputs).await;
        assert_eq!(end.state(), "SUCCESS", "{}", end.errors());
    }

    pub(crate) async fn run(&self, flow: &str, inputs: &[(&str, &str)]) -> End {
        let inputs: Map = inputs.iter().map(|(key, value)| ((*key).into(), Json::from(*value))).collect();
        self.platform.run(&source(flow), inputs).await.unwrap()
    }

    pub(crate) fn ask(&self, sql: &str) -> String {
        self.cluster.ask(&self.database, sql)
    }
}

/// The month of the sample.
pub(crate) const MONTH: &[(&str, &str)] = &[("taxi", "yellow"), ("year", "2021"), ("month", "01")];

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_trips_is_loaded_once() {
    let Some(world) = World::new().await else { return };
    for run in ["first", "second"] {
        let end = world.run("06_postgres_taxi", MONTH).await;
        assert_eq!(end.state(), "SUCCESS", "{}", end.errors());
        let found =
            world.ask("SELECT count(*), sum(total_amount), count(DISTINCT filename) FROM yellow_tripdata");
        assert_eq!(found, format!("780|{}|1", sum_of_totals()), "after the {run} run");
    }
    let first = "SELECT VendorID, tpep_pickup_datetime, trip_distance, length(unique_row_id) FROM yellow_tripdata \
                 WHERE tpep_pickup_datetime = '2021-01-01 00:30:00' AND trip_distance = 2.1";
    assert_eq!(world.ask(first), "1|2021-01-01 00:30:00|2.1|32");
    world.platform.stop().await;
}

/// The sum of the sample's `total_amount`, with the digits that PostgreSQL writes.
fn sum_of_totals() -> String {
    let text = std::fs::read_to_string(sample_data().join("yellow_tripdata_2021-01.sample.csv")).unwrap();
    let amounts = text.lines().skip(1).map(|line| line.split(',').nth(16).unwrap().parse::<f64>().unwrap());
    let cents: i64 = amounts.map(|amount| (amount * 100.0).round() as i64).sum();
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_leaves_the_table_as_it_was() {
    let Some(world) = World::new().await else { return };
    world.run("06_postgres_taxi", MONTH).await;
    world.write_values("cut").await;
    let end = world.run("06_postgres_taxi", MONTH).await;
    assert_eq!(end.state(), "FAILED");
    assert!(end.errors().contains("unexpected end of file"), "{}", end.errors());
    assert_eq!(world.ask("SELECT count(*) FROM yellow_tripdata"), "780");
    world.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_named_and_not_logged() {
    let Some(world) = World::new().await else { return };
    let inputs = [("postgres_url", world.database.url.as_str()), ("postgres_password", "gu3ss")];
    assert_eq!(world.run("05_postgres_kv", &inputs).await.state(), "SUCCESS");
    let (taxi_url, before) = (format!("{}/taxi", world.url), inputs);
    let all: Vec<_> = before.into_iter().chain([("taxi_url", taxi_url.as_str())]).collect();
    world.run("05_postgres_kv", &all).await;
    let end = world.run("06_postgres_taxi", MONTH).await;
    assert_eq!(end.state(), "FAILED");
    assert!(end.errors().contains("check username and password"), "{}", end.errors());
    assert!(end.logs.iter().all(|entry| !entry.message.contains("gu3ss")));
    world.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_loads_two_years_of_green_trips() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let (taxi_url, _files) = serve_green_months().await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let options = Options { data_dir: data.path().to_path_buf(), triggers: true, ..Options::default() };
    let standalone = Arc::new(Standalone::open(&options).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::new(standalone, url.clone(), Access::default());
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(server.serve(listener, shutdown.clone(), Duration::from_secs(5)));

    let client = Client::new(&url).unwrap();
    for flow in ["05_postgres_kv", "07_postgres_taxi_scheduled"] {
        client.import(source(flow)).await.unwrap();
    }
    let values = [("taxi_url".to_owned(), taxi_url), ("postgres_url".to_owned(), database.url.clone())];
    client.start(("zoomcamp", "05_postgres_kv"), &values, true).await.unwrap();
    let request = json!({"namespace": "zoomcamp", "flowId": "07_postgres_taxi_scheduled", "triggerId": "green_schedule",
        "start": "2019-01-01", "end": "2020-12-31", "labels": {"backfill": "true"}});
    let backfill = client.backfill(&request).await.unwrap();
    let began = Instant::now();
    while client.backfill_state(&backfill).await.unwrap() != "FINISHED" || client.open().await.unwrap() > 0 {
        assert!(
            began.elapsed() < PATIENCE,
            "the backfill does not end; these have ended: {:#?}",
            client.ends().await
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let ends = client.ends().await.unwrap();
    let months: Vec<_> = ends.iter().filter(|end| end.slot.is_some()).collect();
    assert_eq!(months.len(), MONTHS);
    assert!(months.iter().all(|end| end.state == "SUCCESS"), "{months:#?}");
    assert_eq!(
        cluster.ask(
            &database,
            "SELECT count(*), count(DISTINCT filename), sum(total_amount) FROM green_tripdata"
        ),
        format!("780|{MONTHS}|{}", sum_of_totals())
    );
    shutdown.cancel();
    serving.await.unwrap().unwrap();
}
