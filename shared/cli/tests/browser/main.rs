//! Tests what web pages can do to a server on the same machine as the browser, with a real browser, a real server and
//! real attacks. Without Chromium, a test prints a reason and does nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod chromium;
mod segue;
#[path = "../support/mod.rs"]
mod support;

use chromium::Chromium;
use segue::Segue;
use std::path::Path;

/// A flow that pages try to run.
const HELLO: &str = "id: hello
namespace: mine
tasks:
- id: say
  type: io.kestra.plugin.core.log.Log
  message: hello
";

/// A flow with a webhook that answers with a page. So the page is from the server itself. It tries to run the flow, as
/// a user interface would.
const OWN_PAGE: &str = r#"id: page
namespace: mine
tasks:
- id: html
  type: io.kestra.plugin.core.debug.Return
  format: |
    <!doctype html><script>
    fetch('/api/v1/main/executions/mine/hello?wait=true', {method: 'POST', body: new FormData()})
      .then(answer => answer.json())
      .then(execution => execution.state.current, String)
      .then(end => fetch('HOME/done?result=' + encodeURIComponent(end), {mode: 'no-cors'}));
    </script>
outputs:
- id: page
  type: STRING
  value: "{{ outputs.html.value }}"
triggers:
- id: open
  type: io.kestra.plugin.core.trigger.Webhook
  key: its-key
  wait: true
  returnOutputs: true
  responseContentType: text/html
"#;

/// A flow that an attacking page tries to save. Its script creates the file `marker`.
fn pwn(marker: &Path) -> String {
    format!(
        "id: pwn\nnamespace: evil\ntasks:\n- id: script\n  type: io.kestra.plugin.scripts.shell.Commands\n  \
         taskRunner:\n    type: io.kestra.plugin.core.runner.Process\n  commands:\n  - id > {}\n",
        marker.display()
    )
}

/// Replaces the programs that open links. The replacement writes the link to the returned path.
fn opens_no_browser(folder: &Path) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let opened = folder.join("opened");
    std::fs::create_dir(folder.join("bin")).unwrap();
    for name in ["xdg-open", "open"] {
        let program = folder.join("bin").join(name);
        let script = format!("#!/bin/sh\necho \"$1\" > {0}.new\nmv {0}.new {0}\n", opened.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    opened
}

#[tokio::test(flavor = "multi_thread")]
async fn another_page_gets_nothing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(chromium) = Chromium::installed(folder.path()) else { return };
    let server = Segue::start(folder.path(), &[]).await;
    server.deploy(HELLO).await;
    let marker = folder.path().join("pwned");
    let page = include_str!("attacks.html").replace("PORT", &server.port().to_string());
    let page = page.replace("FLOW", &serde_json::to_string(&pwn(&marker)).unwrap());
    let home = chromium::Home::new(page).await;

    // The page comes from another site, or from another server on this machine.
    for origin in ["evil.example", "127.0.0.1", "localhost"] {
        let told = chromium.visit(&home, &format!("http://{origin}:{}/", home.port())).await;
        assert_eq!(
            told, "import opaque; yaml opaque; run opaque; beacon sent; sandboxed opaque; read nothing",
            "{origin}"
        );
    }
    assert_eq!(server.flows().await, ["hello"], "a page has brought a flow");
    assert_eq!(server.executions().await, 0, "a page has run a flow");
    assert!(!marker.exists(), "a page has run a script");

    // For the browser, this page has the same origin as the server. So only the server can refuse its requests.
    let read =
        chromium.read(&format!("http://rebind.example:{}/api/v1/main/flows/search", server.port())).await;
    assert!(read.contains("does not answer to the name 'rebind.example"), "{read}");
    assert!(!read.contains("hello"), "{read}");
    let read = chromium.read(&format!("http://localhost:{}/api/v1/main/flows/search", server.port())).await;
    assert!(read.contains("hello"), "the user's own look at the API: {read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_server_and_the_users_programs_go_on_working() {
    let folder = tempfile::tempdir().unwrap();
    let Some(chromium) = Chromium::installed(folder.path()) else { return };
    let home = chromium::Home::new(String::new()).await;
    let server = Segue::start(folder.path(), &[]).await;
    server.deploy(HELLO).await;
    server.deploy(&OWN_PAGE.replace("HOME", &format!("http://127.0.0.1:{}", home.port()))).await;
    let address =
        format!("http://127.0.0.1:{}/api/v1/main/executions/webhook/mine/page/its-key", server.port());
    assert_eq!(chromium.visit(&home, &address).await, "SUCCESS");
    assert_eq!(server.executions().await, 2, "the page, and what it ran");
    let run = server.command(&["execution", "run", "mine.hello", "--wait"]).await;
    assert!(run.contains("SUCCESS"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lets_one_browser_and_the_users_command_line_in() {
    let folder = tempfile::tempdir().unwrap();
    let opened = opens_no_browser(folder.path());
    let mut server = Segue::start(folder.path(), &["--token", "--open"]).await;
    let link = server.address_in("Open ").await;
    while !opened.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(std::fs::read_to_string(opened).unwrap().trim(), link);
    server.deploy(HELLO).await;
    let run = server.command(&["execution", "run", "mine.hello", "--wait"]).await;
    assert!(run.contains("SUCCESS"), "{run}");

    // A client without the token and the link, like another user of the machine.
    let neighbour = reqwest::Client::builder().no_proxy().build().unwrap();
    let flows = format!("{}/api/v1/main/flows/search", server.url());
    assert_eq!(neighbour.get(&flows).send().await.unwrap().status(), 401);
    let guess = neighbour.get(&flows).bearer_auth("guess").send().await.unwrap();
    assert_eq!(guess.status(), 401);
    let told: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("data/server.json")).unwrap()).unwrap();
    let token = told["token"].as_str().unwrap();
    assert_eq!(neighbour.get(&flows).bearer_auth(token).send().await.unwrap().status(), 200);

    let Some(chromium) = Chromium::installed(folder.path()) else { return };
    let refused = chromium.read(&flows).await;
    assert!(!refused.contains("hello"), "{refused}");
    let page = chromium.read(&link).await;
    assert!(page.contains("Segue</title>") && !page.contains("\"message\""), "{page}");
    let again = chromium.read(&link).await;
    assert!(again.contains("this link was opened before"), "{again}");
}
