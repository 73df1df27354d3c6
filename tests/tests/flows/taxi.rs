//! Runs the flows of `flows/`, unchanged, on the sample data. The tests check the results of the demo, and the effects
//! of bad data.

use crate::platform::{End, Platform};
use segue_model::diagnostic::Severity;
use segue_model::{Json, Map};
use segue_tests::{repository, sample_data, sample_server};

/// Starts a platform with key-values and tables. Also returns the address of the sample server.
async fn set_up(taxi_path: &str) -> (Platform, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, sample_server::app(sample_data())).await.unwrap() });
    let platform = Platform::start().unwrap();
    run(&platform, "zoomcamp/01_gcp_kv", &[("taxi_url", &format!("{url}/{taxi_path}"))]).await;
    run(&platform, "zoomcamp/02_gcp_setup", &[]).await;
    (platform, url)
}

/// Runs a flow of `flows/`, which must succeed.
async fn run(platform: &Platform, flow: &str, inputs: &[(&str, &str)]) -> End {
    let end = try_run(platform, flow, inputs).await;
    assert_eq!(end.state(), "SUCCESS", "{flow}: {}", end.errors());
    end
}

async fn try_run(platform: &Platform, flow: &str, inputs: &[(&str, &str)]) -> End {
    let inputs: Map = inputs.iter().map(|(key, value)| ((*key).into(), Json::from(*value))).collect();
    platform.run(&source(flow), inputs).await.unwrap()
}

fn source(flow: &str) -> String {
    std::fs::read_to_string(repository().join("flows").join(format!("{flow}.yaml"))).unwrap()
}

const MONTH: &[(&str, &str)] = &[("taxi", "yellow"), ("year", "2021"), ("month", "01")];

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_trips_is_loaded_once() {
    let (platform, _) = set_up("taxi").await;
    let count = "SELECT COUNT(*) AS n FROM zoomcamp.yellow_tripdata";
    let end = run(&platform, "zoomcamp/03_gcp_taxi", MONTH).await;
    assert_eq!(platform.number(count).await.unwrap(), 780);
    let labels: Vec<_> =
        end.execution.labels.iter().map(|label| (label.key.as_str(), label.value.as_str())).collect();
    assert!(labels.contains(&("file", "yellow_tripdata_2021-01.csv")), "{labels:?}");
    assert!(labels.contains(&("taxi", "yellow")), "{labels:?}");

    run(&platform, "zoomcamp/03_gcp_taxi", MONTH).await;
    assert_eq!(platform.number(count).await.unwrap(), 780, "the second run adds nothing");
    let cents = "SELECT CAST(SUM(total_amount) * 100 AS INT64) AS n FROM zoomcamp.yellow_tripdata";
    assert_eq!(platform.number(cents).await.unwrap(), sum_of_totals(), "amounts are exact");
    platform.stop().await;
}

/// The sum of the sample's `total_amount`, in cents.
fn sum_of_totals() -> i64 {
    let text = std::fs::read_to_string(sample_data().join("yellow_tripdata_2021-01.sample.csv")).unwrap();
    let amounts = text.lines().skip(1).map(|line| line.split(',').nth(16).unwrap().parse::<f64>().unwrap());
    amounts.map(|amount| (amount * 100.0).round() as i64).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_a_schedule_is_loaded() {
    let (platform, _) = set_up("taxi").await;
    let slot = ("yellow_schedule", "2021-01-01T10:00:00Z".parse().unwrap());
    let inputs = Map::from_iter([("taxi".to_owned(), "yellow".into())]);
    let end = platform.run_slot(&source("zoomcamp/04_gcp_taxi_scheduled"), inputs, slot).await.unwrap();
    assert_eq!(end.state(), "SUCCESS", "{}", end.errors());
    let count = "SELECT COUNT(*) AS n FROM zoomcamp.yellow_tripdata_2021_01";
    assert_eq!(platform.number(count).await.unwrap(), 780);
    platform.stop().await;
}

/// An archive with a month of bike trips.
fn bike_trips() -> Vec<u8> {
    let rows = "ride_id,rideable_type,started_at,ended_at,start_station_name,start_station_id,end_station_name,\
                end_station_id,start_lat,start_lng,end_lat,end_lng,member_casual\n\
                A1,classic_bike,2021-01-05 10:00:00,2021-01-05 10:20:00,\"Market St, 10th\",SF-1,Mission,SF-2,37.7,-122.4,37.8,-122.4,member\n\
                A2,electric_bike,2021-01-06 10:00:00,2021-01-06 10:20:00,,,Mission,SF-2,37.7,-122.4,37.8,-122.4,casual\n";
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default();
    for (name, text) in
        [("202101-baywheels-tripdata.csv", rows), ("__MACOSX/._202101-baywheels-tripdata.csv", "junk")]
    {
        archive.start_file(name, stored).unwrap();
        std::io::Write::write_all(&mut archive, text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_bike_trips_is_loaded_once() {
    let (platform, url) = set_up("taxi").await;
    let served = axum::Router::new()
        .route("/202101-baywheels-tripdata.csv.zip", axum::routing::get(async || bike_trips()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bikes = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, served).await.unwrap() });
    let county_url = format!("{url}/bay_area_county_polygons.csv");
    run(&platform, "bay-wheels/01_gcp_kv", &[("county_url", &county_url), ("baywheels_url", &bikes)]).await;
    run(&platform, "bay-wheels/02_gcp_load_bay_area_county", &[]).await;
    for _ in 0..2 {
        let slot = ("monthly", "2021-01-01T00:00:00Z".parse().unwrap());
        let flow = source("bay-wheels/03_gcp_load_data_scheduled");
        let end = platform.run_slot(&flow, Map::new(), slot).await.unwrap();
        assert_eq!(end.state(), "SUCCESS", "the flow needs the program unzip: {}", end.errors());
        let count = "SELECT COUNT(*) AS n FROM bay_wheels.baywheels_tripdata";
        assert_eq!(platform.number(count).await.unwrap(), 2);
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counties_are_nine() {
    let (platform, url) = set_up("taxi").await;
    let county_url = format!("{url}/bay_area_county_polygons.csv");
    run(&platform, "bay-wheels/01_gcp_kv", &[("county_url", &county_url)]).await;
    run(&platform, "bay-wheels/02_gcp_load_bay_area_county", &[]).await;
    let count = "SELECT COUNT(DISTINCT county) AS n FROM bay_wheels.bay_area_county_ext";
    assert_eq!(platform.number(count).await.unwrap(), 9);
    let longest = "SELECT MAX(LENGTH(the_geom)) AS n FROM bay_wheels.bay_area_county_ext";
    assert!(platform.number(longest).await.unwrap() > 100_000, "outlines are whole");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_leaves_the_table_as_it_was() {
    let (platform, url) = set_up("taxi").await;
    run(&platform, "zoomcamp/03_gcp_taxi", MONTH).await;
    run(&platform, "zoomcamp/01_gcp_kv", &[("taxi_url", &format!("{url}/cut"))]).await;
    let end = try_run(&platform, "zoomcamp/03_gcp_taxi", MONTH).await;
    assert_eq!(end.state(), "FAILED");
    assert!(end.errors().contains("unexpected end of file"), "{}", end.errors());
    let count = "SELECT COUNT(*) AS n FROM zoomcamp.yellow_tripdata";
    assert_eq!(platform.number(count).await.unwrap(), 780);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_is_not_published_fails_and_says_so() {
    let (platform, _) = set_up("taxi").await;
    let end = try_run(&platform, "zoomcamp/03_gcp_taxi", &[("taxi", "yellow"), ("month", "07")]).await;
    assert_eq!(end.state(), "FAILED");
    assert!(end.errors().contains("404"), "{}", end.errors());
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_is_named() {
    let (platform, _) = set_up("taxi").await;
    let flow = "
id: unknown-table
namespace: zoomcamp
tasks:
  - id: count
    type: io.kestra.plugin.gcp.bigquery.Query
    sql: SELECT COUNT(*) AS n FROM zoomcamp.nowhere
";
    let end = platform.run(flow, Map::new()).await.unwrap();
    assert_eq!(end.state(), "FAILED");
    assert!(end.errors().contains("nowhere"), "{}", end.errors());
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_not_there_is_named() {
    let platform = Platform::start().unwrap();
    let flow = "
id: missing-variable
namespace: tests
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: \"{{ vars.nobody }}\"
";
    let end = platform.run(flow, Map::new()).await.unwrap();
    assert_eq!(end.state(), "FAILED");
    assert!(end.errors().contains("nobody"), "{}", end.errors());
    platform.stop().await;
}

#[test]
fn the_flows_that_are_deployed_have_no_problem() {
    let catalog = segue_standalone::catalog().unwrap();
    for folder in ["zoomcamp", "bay-wheels"] {
        let mut flows = 0;
        for entry in std::fs::read_dir(repository().join("flows").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let source = std::fs::read_to_string(&path).unwrap();
            if segue_model::has_only_suites(&source) {
                continue;
            }
            let parsed = segue_model::parse_flow(&source, &catalog);
            assert!(parsed.flow.is_some(), "{}: {:?}", path.display(), parsed.diagnostics);
            let loud: Vec<_> =
                parsed.diagnostics.iter().filter(|found| found.severity != Severity::Note).collect();
            assert!(loud.is_empty(), "{}: {loud:?}", path.display());
            flows += 1;
        }
        assert!(flows > 0, "{folder} has no flow");
    }
}
