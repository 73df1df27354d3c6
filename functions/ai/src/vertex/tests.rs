use super::{base, part};
use crate::testing::{ModelServer, platform_with_tokens};
use segue_model::Json;
use segue_model::state::State;
use serde_json::json;

const KEY: &str = r#"{"type": "service_account", "project_id": "from-key", "private_key": "PEM"}"#;

fn chat(server: &ModelServer) -> Json {
    json!({
        "type": "io.kestra.plugin.gcp.vertexai.ChatCompletion", "region": "europe-west1", "endpoint": server.url(),
        "serviceAccount": KEY, "modelId": "gemini-2.5-flash",
        "history": [{"content": "Hello"}, {"content": "Hi"}], "context": "Be brief.",
        "messages": [{"author": "user", "content": "Why is the sky blue?"}, {"content": "And the sea?"}],
    })
}

#[tokio::test]
async fn each_message_is_a_question_after_the_ones_before_it() {
    let server = ModelServer::start().await;
    let run = platform_with_tokens().run(chat(&server)).await;
    assert_eq!(run.result.state, State::Success, "{}", run.log_text());
    let answers = run.result.outputs["predictions"].as_array().unwrap().clone();
    let contents: Vec<&str> = answers.iter().map(|one| one["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["You said: Why is the sky blue?", "You said: And the sea?"]);
    assert_eq!(answers[0]["safetyAttributes"], json!({"categories": [], "scores": [], "blocked": false}));
    let heard = server.heard();
    assert!(heard.contains("/v1/projects/from-key/locations/europe-west1/publishers/google/models/gemini-2.5-flash:generateContent"), "{heard}");
    assert!(heard.contains("\"maxOutputTokens\":128") && heard.contains("You said: Be brief."), "{heard}");
    assert!(!run.log_text().contains("the-key"), "the token is not in the log");
}

#[tokio::test]
async fn the_provider_answers_and_embeds_with_a_token() {
    let server = ModelServer::start().await;
    let task = json!({
        "type": "io.kestra.plugin.ai.completion.ChatCompletion",
        "provider": server.provider("GoogleVertexAI", "gemini-2.5-flash"),
        "messages": [{"type": "SYSTEM", "content": "Be brief."}, {"type": "USER", "content": "Why is the sky blue?"}],
    });
    let run = platform_with_tokens().run(task.clone()).await;
    assert_eq!(run.result.state, State::Success, "{}", run.log_text());
    assert_eq!(run.result.outputs["textOutput"], "You said: Why is the sky blue?");
    let heard = server.heard();
    assert!(heard.contains("/v1/projects/p/locations/l/endpoints/openapi/chat/completions"), "{heard}");
    assert!(heard.contains("google/gemini-2.5-flash"), "{heard}");

    let ingest = json!({
        "type": "io.kestra.plugin.ai.rag.IngestDocument",
        "provider": server.provider("GoogleVertexAI", "gemini-embedding-001"),
        "embeddings": {"type": "io.kestra.plugin.ai.embeddings.KestraKVStore"},
        "fromDocuments": [{"content": "aaa"}, {"content": "zzz"}],
    });
    let run = platform_with_tokens().run(ingest).await;
    assert_eq!(run.result.outputs["ingestedDocuments"], 2, "{}", run.log_text());
    assert!(server.heard().contains("/models/gemini-embedding-001:predict"));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let server = ModelServer::start().await;
    let mut task = chat(&server);
    task["modelId"] = json!("no-such-model");
    let error = platform_with_tokens().run(task.clone()).await.error();
    assert!(
        error.contains("404") && error.contains("check the name of the model and its location"),
        "{error}"
    );
    task["modelId"] = json!("../x");
    let error = platform_with_tokens().run(task.clone()).await.error();
    assert!(error.contains("no name in Google Cloud"), "{error}");
    task["serviceAccount"] = Json::Null;
    task["projectId"] = json!("p");
    let error = platform_with_tokens().run(task).await.error();
    assert!(error.contains("is not a host of Google"), "{error}");
    server.refuse(1, 503);
    let run = platform_with_tokens().run(chat(&server)).await;
    assert_eq!(run.result.state, State::Success, "{}", run.log_text());
}

#[test]
fn the_token_of_the_service_goes_to_google_only() {
    let of =
        |location: &str, endpoint: Option<&str>, has_key| base(location, endpoint, has_key).map_err(|_| ());
    assert_eq!(of("us-central1", None, false).unwrap(), "https://us-central1-aiplatform.googleapis.com");
    assert_eq!(of("global", Some(" "), false).unwrap(), "https://aiplatform.googleapis.com");
    let google = "us-central1-aiplatform.googleapis.com:443";
    assert_eq!(of("x", Some(google), false).unwrap(), format!("https://{google}"));
    for endpoint in
        ["http://us-central1-aiplatform.googleapis.com", "https://googleapis.com.example.com", "example.com"]
    {
        assert!(of("x", Some(endpoint), false).is_err(), "{endpoint}");
        assert!(of("x", Some(endpoint), true).is_ok(), "{endpoint}");
    }
    assert!(part("project", "example.com:my-project").is_ok());
    for wrong in ["", "a/b", "a b", "..", "a?b"] {
        assert!(part("project", wrong).is_err(), "{wrong}");
    }
}
