//! The sample server answers like the servers of the data's publishers.

use crate::sample_data;
use crate::sample_server::app;
use flate2::read::GzDecoder;
use reqwest::{Response, StatusCode};
use std::io::Read;

const MONTH: &str = "yellow/yellow_tripdata_2021-01.csv.gz";

async fn serve(dir: std::path::PathBuf) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app(dir)).await.unwrap() });
    format!("http://{address}")
}

async fn fetch(path: &str) -> Response {
    let base = serve(sample_data()).await;
    reqwest::get(format!("{base}/{path}")).await.unwrap()
}

#[tokio::test]
async fn a_month_is_compressed_from_the_sample() {
    let packed = fetch(&format!("taxi/{MONTH}")).await.bytes().await.unwrap();
    let mut text = String::new();
    GzDecoder::new(packed.as_ref()).read_to_string(&mut text).unwrap();
    assert_eq!(
        text,
        std::fs::read_to_string(sample_data().join("yellow_tripdata_2021-01.sample.csv")).unwrap()
    );
    assert_eq!(text.lines().count(), 781);
}

#[tokio::test]
async fn a_cut_month_cannot_be_unpacked() {
    let packed = fetch(&format!("cut/{MONTH}")).await.bytes().await.unwrap();
    assert!(!packed.is_empty());
    assert!(GzDecoder::new(packed.as_ref()).read_to_end(&mut Vec::new()).is_err());
}

#[tokio::test]
async fn a_packed_file_is_served_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("yellow_tripdata_2021-01.csv.gz"), b"as it is").unwrap();
    let base = serve(dir.path().to_path_buf()).await;
    assert_eq!(reqwest::get(format!("{base}/taxi/{MONTH}")).await.unwrap().text().await.unwrap(), "as it is");
}

#[tokio::test]
async fn a_part_of_a_file_can_be_asked_for() {
    let base = serve(sample_data()).await;
    let part = |range: &'static str| {
        let request =
            reqwest::Client::new().get(format!("{base}/taxi_zone_lookup.csv")).header("range", range);
        async { request.send().await.unwrap() }
    };
    let zones = part("bytes=1-10").await;
    assert_eq!(zones.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(zones.headers()["content-range"], "bytes 1-10/12056");
    assert_eq!(zones.text().await.unwrap(), "locationid");
    assert_eq!(part("bytes=12050-").await.text().await.unwrap().len(), 6);
    assert_eq!(part("bytes=99999-").await.status(), StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn what_is_not_in_the_folder_is_not_found() {
    for path in
        ["nothing.csv", "..%2FCargo.toml", "taxi/green/green_tripdata_2021-01.csv.gz", "cut/x/y.csv.gz"]
    {
        assert_eq!(fetch(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
