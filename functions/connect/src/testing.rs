//! A mail server on loopback, and a platform in a temporary directory.

use segue_model::execution::Execution;
use segue_model::state::{State, StateHistory};
use segue_task::testing::Platform;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A platform with the task types of this service.
pub(crate) fn platform() -> Platform {
    Platform::new(crate::tasks(), |folder: &Path| segue_embedded::connect(folder).unwrap())
}

/// Creates an execution that has failed after 65 s.
pub(crate) async fn an_execution(platform: &Platform, id: &str) {
    let date = jiff::Timestamp::UNIX_EPOCH;
    let mut state = StateHistory::new(State::Running, date);
    state.enter(State::Failed, date + jiff::SignedDuration::from_secs(65));
    let execution = Execution { state, ..Execution::created(id.into(), "company.team", "flow", 1, date) };
    assert!(platform.ports.state.create_execution(&execution).await.unwrap());
}

/// A mail server without TLS that writes down what it hears.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    heard: Arc<Mutex<String>>,
}

impl MailServer {
    /// Starts a server that answers each recipient with this line.
    pub(crate) async fn start(to_recipient: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(String::new()));
        let writes = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ended = talk(stream, to_recipient, &writes).await;
            }
        });
        Self { port, heard }
    }

    /// Every line that the server has heard.
    pub(crate) fn talk(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

async fn talk(stream: TcpStream, to_recipient: &str, heard: &Mutex<String>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut in_data = false;
    write.write_all(b"220 here\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        heard.lock().unwrap().push_str(&format!("{line}\n"));
        let answer = match line.split(' ').next().unwrap_or_default() {
            "." if in_data => {
                in_data = false;
                "250 queued"
            }
            _ if in_data => continue,
            "EHLO" => "250-here\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "RCPT" => to_recipient,
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
