//! Secret Manager as JSON.

use super::World;
use segue_embedded::{EmbeddedOptions, EnvSecretStore};

#[tokio::test]
async fn secrets_are_listed_and_accessed_and_nothing_else_is() {
    let variables = [("SECRET_API_KEY", "aGVsbG8="), ("SECRET_OTHER", "eA=="), ("HOME", "/root")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let secrets = EnvSecretStore::new(variables);
    let world = World::with(true, EmbeddedOptions { secrets, ..EmbeddedOptions::default() });
    let secret = "/v1/projects/p-1/secrets/API_KEY";
    let listed = world.get("/v1/projects/p-1/secrets").await.ok();
    assert_eq!(listed["secrets"][0]["name"], "projects/p-1/secrets/API_KEY");
    assert_eq!(listed["totalSize"], 2);
    assert_eq!(world.get(secret).await.ok()["name"], "projects/p-1/secrets/API_KEY");
    for version in ["latest", "1"] {
        let accessed = world.get(&format!("{secret}/versions/{version}:access")).await.ok();
        assert_eq!(accessed["name"], "projects/p-1/secrets/API_KEY/versions/1");
        assert_eq!(accessed["payload"]["data"], "aGVsbG8=");
        // CRC-32C of "hello".
        assert_eq!(accessed["payload"]["dataCrc32c"], "2591144780");
    }
    assert_eq!(world.get(&format!("{secret}/versions/2:access")).await.status, 404);
    for other in ["NO_SUCH", "HOME", "SEGUE_ENCRYPTION_KEY"] {
        let path = format!("/v1/projects/p-1/secrets/{other}/versions/latest:access");
        assert_eq!(world.get(&path).await.status, 404, "{other}");
    }
    assert_eq!(world.get("/v1/projects/p-1/secrets/..%2Fx/versions/latest:access").await.status, 400);
    assert_eq!(world.get("/v1/projects/p-1/secrets?filter=name:x").await.status, 400);
}
