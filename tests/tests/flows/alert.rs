//! Messages about executions link to the pages of the server that runs the tasks.

use crate::platform::Platform;
use segue_fn_ai::server::ModelServer;
use segue_model::Map;

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_links_to_the_pages_of_the_server() {
    // A server that records every request. It answers the first one with 200.
    let hook = ModelServer::start().await;
    hook.refuse(1, 200);
    let platform = Platform::start_at("http://127.0.0.1:18080").unwrap();
    let flow = format!(
        "id: alert\nnamespace: company.team\ntasks:\n  - id: tell\n    \
         type: io.kestra.plugin.discord.DiscordExecution\n    url: {}/hook\n",
        hook.url()
    );
    let end = platform.run(&flow, Map::new()).await.unwrap();
    assert_eq!(end.state(), "SUCCESS", "{}", end.errors());
    let heard = hook.heard();
    let link = format!("http://127.0.0.1:18080/ui/executions/company.team/alert/{}", end.execution.id);
    assert!(heard.contains(&link), "{link} is not in {heard}");
    platform.stop().await;
}
