//! Runs the flows `10_chat_without_rag` and `11_chat_with_rag` against a server that speaks the protocol of Gemini.

use crate::platform::{End, Platform};
use crate::postgres::source;
use segue_fn_ai::server::ModelServer;
use segue_model::{Json, Map};

/// Runs a flow. Only the address of the provider is added to it.
async fn run(platform: &Platform, server: &ModelServer, flow: &str, inputs: &[(&str, String)]) -> End {
    let key = "apiKey: \"{{ kv('GEMINI_API_KEY') }}\"\n";
    let mut text = source(flow);
    for indent in ["      ", "        "] {
        let with_key = format!("\n{indent}{key}");
        text = text.replace(&with_key, &format!("{with_key}{indent}baseUrl: {}\n", server.url()));
    }
    let inputs: Map =
        inputs.iter().map(|(name, value)| ((*name).into(), Json::from(value.as_str()))).collect();
    platform.run(&text, inputs).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_asked_without_and_with_documents() {
    let server = ModelServer::start().await;
    let platform = Platform::start().unwrap();
    platform.set_key_value("zoomcamp", "GEMINI_API_KEY", "the-key").await;
    let end = run(&platform, &server, "10_chat_without_rag", &[]).await;
    assert_eq!(end.state(), "SUCCESS", "{}", end.errors());
    assert!(end.logs.iter().any(|line| line.message.starts_with("You said: Which task types")));

    let document = format!("{}/document.md", server.url());
    let end = run(&platform, &server, "11_chat_with_rag", &[("document", document)]).await;
    assert_eq!(end.state(), "SUCCESS", "{}", end.errors());
    let answer = end.logs.iter().find(|line| line.message.starts_with("You said: ")).unwrap();
    assert!(
        answer.message.contains("Which features") && answer.message.contains("a document"),
        "{}",
        answer.message
    );
    assert!(end.logs.iter().all(|line| !line.message.contains("the-key")));
    let stored = platform.key_value("zoomcamp", "11_chat_with_rag-embedding-store").await.unwrap();
    assert_eq!(stored["entries"].as_array().unwrap().len(), 1);
    platform.stop().await;
}
