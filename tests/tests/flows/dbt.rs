//! Runs the flow `08_postgres_dbt`, unchanged, with dbt from PyPI, a PostgreSQL server and a Git server of their own.
//!
//! The first run installs dbt in the user's cache, as a machine without Docker does.

use crate::platform::End;
use crate::postgres::{MONTH, World, source};
use segue_fn_git::server::{GitServer, PASSWORD, USER};
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_tests::repository;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The time limit of a run that may install dbt first, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);
/// The folder of the project in the Git repository.
const FOLDER: &str = "analytics/taxi_rides_ny";
/// The green months have the columns of their own. One row is enough for dbt.
const GREEN: &str = "CREATE TABLE green_tripdata (unique_row_id text, filename text, vendorid text, \
    lpep_pickup_datetime timestamp, lpep_dropoff_datetime timestamp, store_and_fwd_flag text, ratecodeid text, \
    pulocationid text, dolocationid text, passenger_count integer, trip_distance numeric, fare_amount numeric, \
    tip_amount numeric, total_amount numeric, payment_type integer);
    INSERT INTO green_tripdata VALUES ('a', 'f', '2', '2021-01-01 00:15:00', '2021-01-01 00:19:00', 'N', '1', '43', \
    '151', 1, 1.01, 5.5, 0, 6.8, 2)";

/// The platform with loaded trips, and the Git server with the project.
struct Course {
    world: World,
    git: GitServer,
    repository: String,
}

impl Course {
    /// None if PostgreSQL or Git is not installed.
    async fn new() -> Option<Self> {
        let git = GitServer::start().await?;
        let world = World::new().await?;
        let end = world.run("06_postgres_taxi", MONTH).await;
        assert_eq!(end.state(), "SUCCESS", "{}", end.errors());
        world.ask(GREEN);
        let repository = git.repository("course");
        let course = Self { world, git, repository };
        course.commit(&project());
        Some(course)
    }

    fn commit(&self, files: &BTreeMap<String, String>) {
        let files: Vec<(&str, Option<&str>)> =
            files.iter().map(|(name, text)| (name.as_str(), Some(text.as_str()))).collect();
        self.git.commit("course", "main", &files);
    }

    async fn run(&self, command: &str) -> End {
        // The server asks for a login, and the flow reads from a public repository.
        let login = format!("    username: {USER}\n    password: {PASSWORD}\n    branch: main\n");
        let flow = source("08_postgres_dbt").replace("    branch: main\n", &login);
        let inputs = [("repository", self.repository.as_str()), ("folder", FOLDER), ("dbt_command", command)];
        let inputs: Map = inputs.iter().map(|(key, value)| ((*key).into(), Json::from(*value))).collect();
        self.world.platform.run_within(PATIENCE, &flow, inputs).await.unwrap()
    }
}

/// The files of the project, with their names in the Git repository.
fn project() -> BTreeMap<String, String> {
    fn add(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}/{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                add(&path, &name, files);
            } else {
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    add(&repository().join("tests/data/taxi_rides_ny"), FOLDER, &mut files);
    files
}

/// The states of the task runs that dbt reported, by the ids of their nodes.
fn nodes(end: &End) -> BTreeMap<&str, State> {
    end.runs.iter().filter(|run| run.dynamic).map(|run| (run.task_id.as_str(), run.current())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_are_built_and_each_is_a_task_run() {
    let Some(course) = Course::new().await else { return };
    let end = course.run("dbt build").await;
    // The sample has two trips with the same key, which a test of the project reports as a warning.
    assert!(["SUCCESS", "WARNING"].contains(&end.state()), "{} {}", end.state(), end.errors());
    let found = nodes(&end);
    for model in ["stg_yellow_tripdata", "stg_green_tripdata", "dim_zones", "fact_trips"] {
        assert_eq!(found[format!("model.taxi_rides_ny.{model}").as_str()], State::Success, "{found:?}");
    }
    assert_eq!(found["seed.taxi_rides_ny.taxi_zone_lookup"], State::Success);
    assert_eq!(found["test.taxi_rides_ny.trips_end_after_they_begin"], State::Success);
    assert_eq!(course.world.ask("SELECT count(*) FROM dim_zones"), "265");
    let trips = "SELECT count(*) > 700, count(*) FILTER (WHERE service_type = 'Green') FROM fact_trips";
    assert_eq!(course.world.ask(trips), "t|1");
    let dbt = end.runs.iter().find(|run| run.task_id == "dbt_build").unwrap();
    for run in end.runs.iter().filter(|run| run.dynamic) {
        assert_eq!(run.parent_task_run_id.as_ref(), Some(&dbt.id));
        assert!(run.state.start_date() >= dbt.state.start_date(), "{}", run.task_id);
    }

    let manifest = course.world.platform.key_value("zoomcamp", "manifest.json").await.unwrap();
    assert!(manifest["nodes"]["model.taxi_rides_ny.fact_trips"].is_object());

    let docs = course.run("dbt docs generate").await;
    assert!(["SUCCESS", "WARNING"].contains(&docs.state()), "{}", docs.errors());

    let broken = "select *\nfrom {{ ref('taxi_zone_lookup') }}\nwhere no_such_column = 1\n";
    course.commit(&BTreeMap::from([(format!("{FOLDER}/models/core/dim_zones.sql"), broken.to_owned())]));
    let end = course.run("dbt build").await;
    assert_eq!(end.state(), "FAILED");
    let found = nodes(&end);
    assert_eq!(found["model.taxi_rides_ny.dim_zones"], State::Failed);
    assert_eq!(found["model.taxi_rides_ny.fact_trips"], State::Skipped);
    let errors = end.errors();
    for part in ["model.taxi_rides_ny.dim_zones", "no_such_column", "LINE ", "models/core/dim_zones.sql"] {
        assert!(errors.contains(part), "'{part}' is not in: {errors}");
    }
    course.world.platform.stop().await;
}
