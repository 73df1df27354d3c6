use super::*;
use axum::body::Bytes;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use futures::StreamExt as _;
use std::time::Instant;
use tokio::io::AsyncReadExt as _;
use tokio::sync::oneshot;

/// Longer than any test takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Short limits, for tests that wait until a limit is reached.
const SHORT: Limits = Limits {
    connections: 100,
    head: Duration::from_millis(300),
    idle: Duration::from_millis(300),
    body: Duration::from_millis(300),
    http2: true,
};
/// Long limits, for tests that must not reach a limit.
const LONG: Limits = Limits { connections: 4, head: PATIENCE, idle: PATIENCE, body: PATIENCE, http2: true };

/// A server that runs until this value is dropped.
struct Server {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Server {
    async fn new(limits: Limits) -> Self {
        let events = || async {
            let ticks = futures::stream::unfold(0, |count| async move {
                sleep(Duration::from_millis(100)).await;
                (count < 10).then(|| (Ok::<_, Infallible>(Bytes::from_static(b"tick")), count + 1))
            });
            Body::from_stream(ticks)
        };
        let endless = || async { Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>()) };
        let large = || async {
            let parts = (0..40).map(|_| Ok::<_, Infallible>(Bytes::from(vec![7; 1024 * 1024])));
            Body::from_stream(futures::stream::iter(parts))
        };
        let size = |body: Body| async {
            let mut size = 0;
            let mut stream = body.into_data_stream();
            while let Some(chunk) = stream.next().await {
                match chunk {
                    Ok(chunk) => size += chunk.len(),
                    Err(error) => {
                        return (axum::http::StatusCode::BAD_REQUEST, error.to_string()).into_response();
                    }
                }
            }
            size.to_string().into_response()
        };
        let client = |ConnectInfo(client): ConnectInfo<SocketAddr>| async move { client.to_string() };
        let router = Router::new()
            .route("/", get(client))
            .route("/events", get(events))
            .route("/endless", get(endless))
            .route("/large", get(large))
            .route("/size", post(size));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, told) = oneshot::channel::<()>();
        tokio::spawn(answer(listener, router, limits, async move { drop(told.await) }));
        Self { address, _stop: stop }
    }

    async fn send(&self, text: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(text.as_bytes()).await.unwrap();
        client
    }

    /// The answer to a complete request.
    async fn ask(&self, path: &str) -> String {
        rest(self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await).await
    }
}

/// Everything that arrives until the server closes the connection.
async fn rest(mut client: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset connection counts as closed.
    let _ = timeout(PATIENCE, client.read_to_end(&mut text)).await.expect("the server closes the connection");
    String::from_utf8(text).unwrap()
}

/// Waits for the beginning of an answer.
async fn begun(client: &mut TcpStream) {
    let mut head = [0; 12];
    timeout(PATIENCE, client.read_exact(&mut head)).await.unwrap().unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
}

#[tokio::test]
async fn half_a_request_and_an_unused_connection_are_closed_after_a_while() {
    let server = Server::new(SHORT).await;
    for beginning in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\nx: "] {
        assert_eq!(rest(server.send(beginning).await).await, "", "{beginning}");
    }
    let mut kept = server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    begun(&mut kept).await;
    assert!(
        rest(kept).await.ends_with(char::is_numeric),
        "the answer, with the address of the client, and the end"
    );
}

#[tokio::test]
async fn a_head_that_arrives_slowly_is_not_waited_for() {
    let server = Server::new(SHORT).await;
    let mut client = server.send("GET / HTTP/1.1\r\n").await;
    let start = Instant::now();
    while start.elapsed() < PATIENCE && client.write_all(b"x: y\r\n").await.is_ok() {
        sleep(Duration::from_millis(20)).await;
    }
    assert!(start.elapsed() < PATIENCE, "the connection is closed, however often something comes");
}

#[tokio::test]
async fn slow_bodies_and_long_answers_continue_and_idle_ones_are_refused() {
    let server = Server::new(SHORT).await;
    let mut slow = server
        .send("POST /size HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 16\r\n\r\n")
        .await;
    for _ in 0..16 {
        sleep(Duration::from_millis(50)).await;
        slow.write_all(b"x").await.unwrap();
    }
    assert!(rest(slow).await.ends_with("\r\n\r\n16"), "it took longer than any limit, but moved");

    let events = server.ask("/events").await;
    assert_eq!(events.matches("tick").count(), 10, "{events}");

    let still = server.send("POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 16\r\n\r\nxxx").await;
    let answer = rest(still).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("the client sent nothing"), "{answer}");
}

#[tokio::test]
async fn connections_that_wait_give_way_to_one_that_asks() {
    let server = Server::new(LONG).await;
    let mut halves = Vec::new();
    for _ in 0..20 {
        halves.push(server.send("GET / HTTP/1.1\r\n").await);
    }
    for _ in 0..10 {
        assert!(server.ask("/").await.starts_with("HTTP/1.1 200"), "half requests hold no place");
    }
    assert_eq!(rest(halves.remove(0)).await, "", "the oldest was closed");
}

#[tokio::test]
async fn a_connection_is_refused_if_all_others_are_served() {
    let server = Server::new(LONG).await;
    let mut followers = Vec::new();
    for _ in 0..LONG.connections {
        let mut follower = server.send("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
        begun(&mut follower).await;
        followers.push(follower);
    }
    let refused = server.ask("/").await;
    let (head, body) = refused.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503") && head.contains("retry-after: 1"), "{refused}");
    assert!(
        head.contains(&format!("content-length: {}\r\n", body.len()))
            || head.ends_with(&body.len().to_string())
    );
    assert!(serde_json::from_str::<serde_json::Value>(body).unwrap()["message"].is_string());
    drop(followers);
    let start = Instant::now();
    while !server.ask("/").await.starts_with("HTTP/1.1 200") {
        assert!(start.elapsed() < PATIENCE, "the places are free again");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_server_stops_when_open_requests_have_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let slow = || async {
        sleep(Duration::from_millis(200)).await;
        "done"
    };
    let (stop, told) = oneshot::channel::<()>();
    let router = Router::new().route("/", get(slow));
    let server = tokio::spawn(answer(listener, router, LONG, async move { drop(told.await) }));
    let idle = TcpStream::connect(address).await.unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(50)).await;
    stop.send(()).unwrap();
    timeout(PATIENCE, server).await.expect("an unused connection does not hold the stop").unwrap();
    assert!(rest(client).await.ends_with("done"));
    assert_eq!(rest(idle).await, "");
}

/// A client that speaks HTTP/2 without TLS, on one connection.
fn http2() -> reqwest::Client {
    reqwest::Client::builder().http2_prior_knowledge().build().unwrap()
}

#[tokio::test]
async fn large_bodies_come_and_go_over_http2() {
    let server = Server::new(LONG).await;
    let size = 40 * 1024 * 1024;
    let client = http2();
    let answer =
        client.post(format!("http://{}/size", server.address)).body(vec![7; size]).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.text().await.unwrap(), size.to_string());
    let answer = client.get(format!("http://{}/large", server.address)).send().await.unwrap();
    assert_eq!((answer.version(), answer.content_length()), (reqwest::Version::HTTP_2, None));
    assert_eq!(answer.bytes().await.unwrap().len(), size);
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed_and_one_with_an_answer_is_not() {
    let server = Server::new(SHORT).await;
    let client = http2();
    let get = |path: &str| client.get(format!("http://{}{path}", server.address)).send();
    // Requests come and go on the same connection while one answer lasts longer than every limit.
    let events = get("/events").await.unwrap();
    let address = get("/").await.unwrap().text().await.unwrap();
    assert_eq!(get("/").await.unwrap().text().await.unwrap(), address, "the same connection");
    assert_eq!(events.text().await.unwrap().matches("tick").count(), 10);
    sleep(2 * SHORT.idle).await;
    assert_ne!(get("/").await.unwrap().text().await.unwrap(), address, "a new connection");
}

#[tokio::test]
async fn http2_is_spoken_only_where_it_is_allowed() {
    let server = Server::new(Limits { http2: false, ..LONG }).await;
    let answer = http2().get(format!("http://{}/", server.address)).send().await;
    assert!(answer.is_err(), "{answer:?}");
    assert!(server.ask("/").await.starts_with("HTTP/1.1 200"));
}
