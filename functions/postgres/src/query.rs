//! `jdbc.postgresql.Query`: runs a statement and returns its rows.

use crate::connection::Connection;
use crate::fetch::Fetcher;
use crate::session::Session;
use schemars::JsonSchema;
use segue_jdbc::{Fetch, Fetched, statements};
use segue_model::Map;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// Runs a statement in a PostgreSQL database. Several statements run in one transaction, and the rows of the last one
/// are fetched.
///
/// ```yaml
/// id: long_trips
/// type: io.kestra.plugin.jdbc.postgresql.Query
/// url: jdbc:postgresql://localhost:5432/taxi
/// username: kestra
/// password: "{{ secret('POSTGRES_PASSWORD') }}"
/// sql: SELECT * FROM yellow_tripdata WHERE trip_distance > :miles
/// parameters:
///   miles: 30
/// fetchType: STORE
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// Server, database, user and encryption.
    #[serde(flatten)]
    pub connection: Connection,
    /// The statement.
    pub sql: String,
    /// The values of `:name` in the statement.
    #[serde(default)]
    pub parameters: Option<Map>,
    /// The properties about rows.
    #[serde(flatten)]
    pub fetch: Fetch,
    /// Statements that run after the rows were read, in the same transaction.
    #[serde(rename = "afterSQL")]
    pub after_sql: Option<String>,
}

impl Task for Query {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.postgresql.Query";
    type Output = Fetched;

    async fn run(self, context: &TaskContext) -> Result<Fetched, TaskError> {
        let parameters = self.parameters.unwrap_or_default();
        let found = statements(&self.sql, &parameters).map_err(TaskError::failed)?;
        let Some((last, before)) = found.split_last() else {
            return Err(TaskError::failed("sql has no statement; write one"));
        };
        let after = statements(self.after_sql.as_deref().unwrap_or_default(), &parameters);
        let after = after.map_err(|why| TaskError::failed(format!("afterSQL: {why}")))?;
        let (kind, zone) = (self.fetch.kind(), self.fetch.zone()?);
        let session = Session::open(&self.connection, context).await?;
        session
            .run(context, async |session| {
                // A statement alone is a transaction already, and some statements may only run alone.
                let several = !before.is_empty() || !after.is_empty();
                if several {
                    session.command("BEGIN").await?;
                }
                let fetcher = Fetcher { session, context, kind, zone };
                for statement in before {
                    fetcher.without_rows(statement).await?;
                }
                let fetched = fetcher.run(last).await?;
                for statement in &after {
                    fetcher.without_rows(statement).await.map_err(of_after_sql)?;
                }
                if several {
                    session.command("COMMIT").await?;
                }
                Ok(fetched.unwrap_or_default())
            })
            .await
    }
}

fn of_after_sql(error: TaskError) -> TaskError {
    match error {
        TaskError::Failed { message, outputs } => {
            TaskError::Failed { message: message.replacen("of sql", "of afterSQL", 1), outputs }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use async_trait::async_trait;
    use segue_model::Json;
    use segue_ports::tokens::{AccessToken, Tokens};
    use segue_ports::{Credentials, PortError};
    use segue_task::ion;
    use segue_task::testing::TestEnd;
    use serde_json::json;
    use std::sync::Arc;
    use std::time::{Duration, Instant};
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn rows_are_returned_as_asked() {
        let Some(platform) =
            Platform::with("CREATE TABLE t AS SELECT n AS id, 'n' || n AS name FROM generate_series(1, 3) n")
        else {
            return;
        };
        let sql = "SELECT * FROM t WHERE id >= :least ORDER BY id;";
        let with = |extra: Json| {
            let mut properties = json!({"sql": sql, "parameters": {"least": "{{ 1 + 1 }}"}});
            properties.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            platform.run(Query::TYPE, properties)
        };
        let outputs = with(json!({"fetchType": "FETCH"})).await.outputs();
        let rows = json!([{"id": 2, "name": "n2"}, {"id": 3, "name": "n3"}]);
        assert_eq!(Json::Object(outputs), json!({"rows": rows, "size": 2}));
        assert_eq!(with(json!({"fetch": true, "fetchType": "STORE"})).await.outputs()["rows"], rows);
        let outputs = with(json!({"fetchOne": "true"})).await.outputs();
        assert_eq!(Json::Object(outputs), json!({"row": {"id": 2, "name": "n2"}, "size": 1}));
        assert_eq!(Json::Object(with(json!({})).await.outputs()), json!({}));
        let run = with(json!({"store": true})).await;
        let metric = run.result.metrics.iter().find(|metric| metric.name == "fetch.size").unwrap();
        assert_eq!(metric.value, 2.0);
        let outputs = run.outputs();
        let stored = platform.stored(outputs["uri"].as_str().unwrap()).await;
        assert_eq!(json!(ion::parse_all(std::str::from_utf8(&stored).unwrap()).unwrap()), rows);
        assert_eq!(outputs["size"], 2);
        let none =
            platform.run(Query::TYPE, json!({"sql": "SELECT 1 WHERE false", "fetchType": "FETCH_ONE"})).await;
        assert_eq!(Json::Object(none.outputs()), json!({"size": 0}));
        let empty =
            platform.run(Query::TYPE, json!({"sql": "SELECT 1 WHERE false", "fetchType": "STORE"})).await;
        assert_eq!(platform.stored(empty.outputs()["uri"].as_str().unwrap()).await, b"");
    }

    #[tokio::test]
    async fn every_type_is_as_in_kestra() {
        let Some(platform) = Platform::with(
            "CREATE EXTENSION IF NOT EXISTS hstore; CREATE TYPE mood AS ENUM ('glad', 'sad'); \
             CREATE DOMAIN price AS numeric(10, 2); CREATE TYPE pair AS (a integer, b text)",
        ) else {
            return;
        };
        let sql = "SELECT true AS b, 1::int2 AS i2, 2 AS i4, 9007199254740993::int8 AS i8, 0.1::float4 AS f4, 1e300::float8 \
            AS f8, 'NaN'::float8 AS nan, 12.50 AS n, 12345678901234567890.123456789 AS big, 'x'::char(3) AS c, 'é' AS t, \
            '\\x00ff'::bytea AS bytes, '2024-01-31'::date AS d, '10:00:00.5'::time AS tm, '10:00+02'::timetz AS tz, \
            '2024-01-31 10:00'::timestamp AS ts, '2024-01-31 10:00+01'::timestamptz AS tstz, \
            '1 year 2 mons 3 days 04:05:06'::interval AS iv, '{\"a\": [1]}'::json AS j, '[1, null]'::jsonb AS jb, \
            ARRAY[1, NULL, 3] AS ints, ARRAY[['a b', 'c']] AS texts, ARRAY[1.50] AS nums, 'a=>1'::hstore AS h, \
            '123e4567-e89b-12d3-a456-426614174000'::uuid AS u, int4range(1, 5) AS r, '12.34'::money AS m, \
            'glad'::mood AS e, 9.90::price AS p, ROW(1, 'x')::pair AS pair, '10.0.0.1'::inet AS ip, B'1'::bit(1) AS bit, \
            B'101' AS bits, '<a/>'::xml AS x, NULL::integer AS nil, 'a b'::tsvector AS v, point(1, 2) AS pt, \
            'last'::text AS b2, 1 AS twice, 2 AS twice";
        let outputs =
            platform.run(Query::TYPE, json!({"sql": sql, "fetchType": "FETCH_ONE"})).await.outputs();
        let expected = json!({
            "b": true, "i2": 1, "i4": 2, "i8": 9_007_199_254_740_993_i64, "f4": 0.1, "f8": 1e300, "nan": "NaN", "n": 12.5,
            "big": "12345678901234567890.123456789", "c": "x  ", "t": "é", "bytes": "AP8=", "d": "2024-01-31",
            "tm": "10:00:00.5", "tz": "08:00:00", "ts": "2024-01-31T10:00:00", "tstz": "2024-01-31T09:00:00Z",
            "iv": "P1Y2M3DT4H5M6S", "j": {"a": [1]}, "jb": [1, null], "ints": [1, null, 3], "texts": [["a b", "c"]],
            "nums": [1.5], "h": {"a": "1"}, "u": "123e4567-e89b-12d3-a456-426614174000", "r": "[1,5)", "m": 12.34,
            "e": "glad", "p": 9.9, "pair": "(1,x)", "ip": "10.0.0.1", "bit": true, "bits": "101", "x": "<a/>",
            "nil": null, "v": "'a' 'b'", "pt": "(1,2)", "b2": "last", "twice": 2
        });
        assert_eq!(outputs["row"], expected);
        let zoned = json!({"sql": "SELECT '2024-07-01 00:00Z'::timestamptz AS t", "fetchType": "FETCH_ONE",
            "timeZoneId": "Asia/Tokyo"});
        assert_eq!(platform.run(Query::TYPE, zoned).await.outputs()["row"]["t"], "2024-07-01T09:00:00+09:00");
    }

    #[tokio::test]
    async fn other_formats_of_a_server_change_nothing() {
        let Some(platform) = Platform::new() else { return };
        let name = &platform.database.name;
        platform.ask(&format!("ALTER DATABASE {name} SET DateStyle = 'SQL, DMY'"));
        platform.ask(&format!("ALTER DATABASE {name} SET IntervalStyle = 'sql_standard'"));
        platform.ask(&format!("ALTER DATABASE {name} SET bytea_output = 'escape'"));
        let sql = "SELECT '2024-01-31'::date AS d, '1 mon -2 days'::interval AS i, '\\x00'::bytea AS b";
        let outputs =
            platform.run(Query::TYPE, json!({"sql": sql, "fetchType": "FETCH_ONE"})).await.outputs();
        assert_eq!(outputs["row"], json!({"d": "2024-01-31", "i": "P0Y1M-2DT0H0M0S", "b": "AA=="}));
    }

    #[tokio::test]
    async fn several_statements_and_after_sql_are_one_transaction() {
        let Some(platform) = Platform::with("CREATE TABLE t (id integer)") else { return };
        let sql = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); SELECT count(*) AS n FROM t";
        let done = json!({"sql": sql, "fetchType": "FETCH_ONE", "afterSQL": "DELETE FROM t WHERE id = 1"});
        assert_eq!(platform.run(Query::TYPE, done).await.outputs()["row"], json!({"n": 2}));
        assert_eq!(platform.ask("SELECT id FROM t"), "2");
        let failing = json!({"sql": sql, "fetchType": "FETCH", "afterSQL": "DELETE FROM\n nowhere"});
        let error = platform.run(Query::TYPE, failing).await.error();
        assert_eq!(
            error,
            "statement 1, line 2 of afterSQL: relation \"nowhere\" does not exist (PostgreSQL error 42P01)"
        );
        assert_eq!(platform.ask("SELECT id FROM t"), "2", "nothing of it stays");
        platform.run(Query::TYPE, json!({"sql": "VACUUM t"})).await.outputs();
    }

    #[tokio::test]
    async fn errors_say_where_and_what_to_do() {
        let Some(platform) = Platform::with("CREATE TABLE t (id integer PRIMARY KEY)") else { return };
        for (sql, expected) in [
            (
                "SELECT 1;\n\nSELECT *\nFROM missing",
                "statement 2, line 4 of sql: relation \"missing\" does not exist (PostgreSQL error 42P01)",
            ),
            ("SELEC 1", "statement 1, line 1 of sql: syntax error at or near \"SELEC\""),
            (
                "INSERT INTO t VALUES (1), (1)",
                "statement 1, line 1 of sql: duplicate key value violates unique constraint \
              \"t_pkey\" (PostgreSQL error 23505); detail: Key (id)=(1) already exists.",
            ),
            (
                "SELECT 1; VACUUM t",
                "statement 2, line 1 of sql: VACUUM cannot run inside a transaction block (PostgreSQL error \
              25001); run this statement alone in a Query",
            ),
            (
                "COPY t FROM STDIN",
                "COPY FROM STDIN and COPY TO STDOUT are tasks of their own; use CopyIn or CopyOut",
            ),
            (" -- nothing", "sql has no statement; write one"),
        ] {
            let error = platform.run(Query::TYPE, json!({"sql": sql})).await.error();
            assert!(error.starts_with(expected), "{error}");
        }
        let error =
            platform.run(Query::TYPE, json!({"sql": "SELECT 1/0 AS x", "fetchType": "STORE"})).await.error();
        assert!(error.contains("division by zero"), "{error}");
        let many =
            json!({"sql": "SELECT repeat('x', 1000) FROM generate_series(1, 10000)", "fetchType": "FETCH"});
        let error = platform.run(Query::TYPE, many).await.error();
        assert!(error.contains("set fetchType: STORE"), "{error}");
    }

    #[tokio::test]
    async fn logins_and_servers_that_fail() {
        let Some(platform) = Platform::new() else { return };
        let port = platform.database.port;
        for (properties, expected) in [
            (
                json!({"password": "guess"}),
                format!(
                    "127.0.0.1:{port} refuses the user 'kestra': password authentication failed for \
              user \"kestra\"; check username and password"
                ),
            ),
            (
                json!({"password": ""}),
                format!("127.0.0.1:{port} asks the user 'kestra' for a password; add the property password"),
            ),
            (
                json!({"url": format!("jdbc:postgresql://127.0.0.1:{port}/nowhere")}),
                format!("127.0.0.1:{port} has no database 'nowhere'"),
            ),
            (
                json!({"url": "jdbc:postgresql://127.0.0.1:1/x"}),
                "no server answers at 127.0.0.1:1; is PostgreSQL running there".to_owned(),
            ),
            (
                json!({"url": "jdbc:postgresql://pgdatabase/x"}),
                "the host 'pgdatabase' has no address".to_owned(),
            ),
            (
                json!({"url": "jdbc:postgresql://169.254.169.254/x"}),
                "'169.254.169.254' is the machine's metadata server".to_owned(),
            ),
        ] {
            let mut all = json!({"sql": "SELECT 1"});
            all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
            let run = platform.run(Query::TYPE, all).await;
            assert!(!run.log_text().contains("guess"), "{}", run.log_text());
            let error = run.error();
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[tokio::test]
    async fn passwords_are_masked() {
        let Some(platform) = Platform::new() else { return };
        let password = platform.database.password;
        let sql = "SELECT :p AS p";
        let run = platform
            .run(Query::TYPE, json!({"sql": sql, "parameters": {"p": password}, "fetchType": "FETCH_ONE"}))
            .await;
        assert_ne!(run.outputs()["row"]["p"], password);
    }

    #[tokio::test]
    async fn options_of_the_url_reach_the_server() {
        let Some(platform) = Platform::with("CREATE SCHEMA other; CREATE TABLE other.t AS SELECT 7 AS id")
        else {
            return;
        };
        let url = format!(
            "{}?currentSchema=other,public&ApplicationName=loader&readOnly=true&colour=red&options=-c%20work_mem%3D8MB",
            platform.database.url
        );
        let sql = "SELECT id, current_setting('application_name') AS app, current_setting('work_mem') AS mem FROM t";
        let run = platform.run(Query::TYPE, json!({"url": url, "sql": sql, "fetchType": "FETCH_ONE"})).await;
        assert!(run.log_text().contains("option colour of url has no effect"), "{}", run.log_text());
        assert_eq!(run.outputs()["row"], json!({"id": 7, "app": "loader", "mem": "8MB"}));
        let error = platform.run(Query::TYPE, json!({"url": url, "sql": "DROP TABLE t"})).await.error();
        assert!(error.contains("read-only transaction"), "{error}");
    }

    #[tokio::test]
    async fn a_socket_and_the_host_of_docker_reach_the_server() {
        let Some(platform) = Platform::new() else { return };
        let (name, port) = (&platform.database.name, platform.database.port);
        let socket = format!(
            "jdbc:postgresql:///{name}?cloudSqlInstance=p:r:i&unixSocketPath={}/.s.PGSQL.{port}",
            platform.cluster.folder().display()
        );
        let docker = format!("jdbc:postgresql://host.docker.internal:{port}/{name}");
        for url in [socket, docker] {
            let run = platform
                .run(Query::TYPE, json!({"url": url, "sql": "SELECT 1 AS x", "fetchType": "FETCH_ONE"}))
                .await;
            assert_eq!(run.outputs()["row"], json!({"x": 1}));
        }
    }

    /// A source of tokens with the password of the database.
    struct PasswordAsToken(&'static str);

    #[async_trait]
    impl Tokens for PasswordAsToken {
        async fn token(&self, asked: &Credentials) -> Result<AccessToken, PortError> {
            assert_eq!(asked.scopes, ["https://www.googleapis.com/auth/sqlservice.login"]);
            assert_eq!(asked.impersonate.as_deref(), Some("loader@p.iam.gserviceaccount.com"));
            Ok(AccessToken { value: self.0.to_owned(), expires: None })
        }

        async fn token_for_flow(&self, _: &Credentials) -> Result<AccessToken, PortError> {
            Err(PortError::invalid("the flow must not see the token"))
        }
    }

    #[tokio::test]
    async fn a_token_is_the_password_of_cloud_sql_and_of_nothing_else() {
        let Some(mut platform) = Platform::new() else { return };
        let (name, port) = (platform.database.name.clone(), platform.database.port);
        platform.with_tokens(Arc::new(PasswordAsToken(platform.database.password)));
        let url = format!(
            "jdbc:postgresql:///{name}?cloudSqlInstance=p:r:i&unixSocketPath={}/.s.PGSQL.{port}&enableIamAuth=true&\
             cloudSqlTargetPrincipal=loader@p.iam.gserviceaccount.com",
            platform.cluster.folder().display()
        );
        let user = format!("{}.gserviceaccount.com", platform.database.user);
        let sql = "SELECT current_user AS me";
        let properties =
            json!({"url": url, "username": user, "password": null, "sql": sql, "fetchType": "FETCH_ONE"});
        let run = platform.run(Query::TYPE, properties).await;
        assert!(!run.log_text().contains(platform.database.password), "{}", run.log_text());
        assert_eq!(run.outputs()["row"], json!({"me": platform.database.user}));
        let url = format!("jdbc:postgresql://127.0.0.1:{port}/{name}?enableIamAuth=true");
        let error =
            platform.run(Query::TYPE, json!({"url": url, "password": null, "sql": sql})).await.error();
        assert!(error.contains("works with Cloud SQL only"), "{error}");
    }

    #[tokio::test]
    async fn certificates_are_checked_as_the_mode_says() {
        let Some(platform) = Platform::new() else { return };
        let Ok(certificate) = std::fs::read_to_string(platform.cluster.folder().join("cert.pem")) else {
            eprintln!("skipped: openssl is not installed");
            return;
        };
        let (name, port) = (&platform.database.name, platform.database.port);
        let sql = "SELECT ssl AS encrypted FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let run = |host: &str, mode: &str, root: Option<&str>| {
            let url = format!("jdbc:postgresql://{host}:{port}/{name}");
            let properties = json!({"url": url, "sslMode": mode, "sslRootCert": root, "sql": sql, "fetchType": "FETCH_ONE"});
            platform.run(Query::TYPE, properties)
        };
        let own = Some(certificate.as_str());
        for (host, mode, root, encrypted) in [
            ("127.0.0.1", "DISABLE", None, false),
            ("127.0.0.1", "PREFER", None, true),
            ("127.0.0.1", "REQUIRE", None, true),
            ("127.0.0.1", "VERIFY_CA", own, true),
            ("localhost", "VERIFY_FULL", own, true),
        ] {
            let outputs = run(host, mode, root).await.outputs();
            assert_eq!(outputs["row"], json!({"encrypted": encrypted}), "{mode}");
        }
        for (host, mode, root) in [
            ("127.0.0.1", "VERIFY_FULL", own),
            ("localhost", "VERIFY_FULL", None),
            ("localhost", "VERIFY_CA", None),
        ] {
            let error = run(host, mode, root).await.error();
            assert!(
                error.contains("could not be encrypted") && error.ends_with("check sslMode and sslRootCert"),
                "{error}"
            );
        }
        let error = run("localhost", "VERIFY_CA", Some("no PEM")).await.error();
        assert!(error.starts_with("sslRootCert has no certificate"), "{error}");
    }

    #[tokio::test]
    async fn a_stopped_task_stops_on_the_server_and_changes_nothing() {
        let Some(platform) = Platform::with("CREATE TABLE t (id integer)") else { return };
        let stop = CancellationToken::new();
        let later = stop.clone();
        let running = || {
            platform.ask("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND state = 'active'")
        };
        let begin = Instant::now();
        let work = json!({"sql": "INSERT INTO t VALUES (1); SELECT pg_sleep(60)"});
        let (end, seen) = tokio::join!(platform.run_until(&stop, Query::TYPE, work), async {
            while running() == "0" && begin.elapsed() < Duration::from_secs(20) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            later.cancel();
        });
        let () = seen;
        assert!(matches!(end, TestEnd::Stopped), "{end:?}");
        assert!(begin.elapsed() < Duration::from_secs(30));
        while running() != "0" {
            assert!(begin.elapsed() < Duration::from_secs(30), "the statement still runs");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(platform.ask("SELECT count(*) FROM t"), "0");
    }

    #[tokio::test]
    async fn a_timeout_and_a_silent_server_end_the_work() {
        let Some(platform) = Platform::new() else { return };
        let mut message = platform.message_for(Query::TYPE, json!({"sql": "SELECT pg_sleep(60)"}));
        message.timeout = Some("PT0.5S".to_owned());
        assert_eq!(platform.handle(message).await.error(), "Timeout after 00:00:00.500");
        let error = platform
            .run(Query::TYPE, json!({"sql": "SELECT pg_sleep(60)", "socketTimeout": 1}))
            .await
            .error();
        assert!(error.contains("did not answer within 1 s"), "{error}");
    }
}
