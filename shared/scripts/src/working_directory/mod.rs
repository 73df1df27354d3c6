//! The tasks that the engine runs for a WorkingDirectory: [`Setup`] before its children, and [`Collect`] after them. Both
//! run in the directory that the children share. No flow names these types.

pub mod cache;
mod collect;
mod setup;

pub use collect::Collect;
pub use setup::Setup;

#[cfg(test)]
mod tests {
    use crate::testing::{Platform, shell, with};
    use segue_model::Json;
    use serde_json::json;

    fn setup(more: Json) -> Json {
        with(json!({"type": "io.segue.workingdirectory.Setup"}), more)
    }

    fn collect(more: Json) -> Json {
        with(json!({"type": "io.segue.workingdirectory.Collect"}), more)
    }

    #[tokio::test]
    async fn files_are_set_up_shared_collected_and_gone() {
        let platform = Platform::new();
        platform.store("company/team/_files/q.sql", b"select 1").await;
        let files =
            json!({"inputFiles": {"in.txt": "{{ inputs.name }}"}, "namespaceFiles": {"enabled": "true"}});
        platform.run_in(setup(files), Some("a-0")).await.outputs();
        platform
            .run_in(
                shell(&["cat in.txt q.sql > out.txt", "mkdir d && cp out.txt 'd/ü 1.txt'"], json!({})),
                Some("a-0"),
            )
            .await
            .outputs();
        let outputs =
            platform.run_in(collect(json!({"outputFiles": ["out.txt", "d/*"]})), Some("a-0")).await.outputs();
        assert_eq!(platform.stored(&outputs["outputFiles"]["out.txt"]).await, b"Adaselect 1");
        assert_eq!(platform.stored(&outputs["outputFiles"]["d/ü 1.txt"]).await, b"Adaselect 1");
        assert!(
            std::fs::read_dir(platform.work_root().join("execution1")).is_ok_and(|left| left.count() == 0)
        );
    }

    #[tokio::test]
    async fn a_second_delivery_collects_the_same() {
        let platform = Platform::new();
        platform.run_in(shell(&["printf 1 > a; printf 2 > b"], json!({})), Some("a-0")).await.outputs();
        let first = platform.run_in(collect(json!({"outputFiles": ["*"]})), Some("a-0")).await.outputs();
        let again = platform.run_in(collect(json!({"outputFiles": ["*"]})), Some("a-0")).await.outputs();
        assert_eq!(again, first);
        assert_eq!(platform.stored(&again["outputFiles"]["b"]).await, b"2");
    }

    #[tokio::test]
    async fn the_cache_comes_back_until_it_is_too_old() {
        let platform = Platform::new();
        let cache = |ttl: &str| json!({"cache": {"ttl": ttl, "patterns": ["deps/**"]}});
        let restored = async |ttl: &str, directory: &str| {
            let ended = platform.run_in(setup(cache(ttl)), Some(directory)).await;
            let log = ended.log_text();
            assert!(ended.outputs().is_empty());
            log.contains("files of the cache are in the working directory")
        };
        assert!(!restored("PT1H", "a-0").await);
        let install =
            shell(&["mkdir -p deps/x; printf '\\000ü' > 'deps/x/a b'; printf no > other"], json!({}));
        platform.run_in(install, Some("a-0")).await.outputs();
        platform.run_in(collect(cache("PT1H")), Some("a-0")).await.outputs();
        assert!(restored("PT1H", "b-0").await);
        let look =
            shell(&["test ! -e other && od -c 'deps/x/a b' | head -1"], json!({"outputFiles": ["deps/**"]}));
        let files = platform.run_in(look, Some("b-0")).await.outputs()["outputFiles"].clone();
        assert_eq!(platform.stored(&files["deps/x/a b"]).await, "\0ü".as_bytes());
        assert!(!restored("PT0S", "c-0").await);
        assert!(platform.run_in(setup(cache("soon")), Some("e-0")).await.error().contains("ttl"));
    }
}
