use super::*;
use crate::server::{GitServer, PASSWORD, USER, git};
use crate::testing::Platform;
use segue_model::Json;
use segue_ports::wire::WorkingDirectoryRef;
use segue_task::testing::TestRun;
use serde_json::json;

/// Runs a clone in a directory that is kept.
async fn run_kept(platform: &Platform, properties: Json) -> TestRun {
    let mut message = platform.message_for(Clone::TYPE, properties);
    message.working_directory = Some(WorkingDirectoryRef { id: "kept".to_owned() });
    platform.handle(message).await
}

async fn cloned(platform: &Platform, properties: Json) -> PathBuf {
    PathBuf::from(run_kept(platform, properties).await.outputs()["directory"].as_str().unwrap())
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn the_default_branch_is_cloned_with_one_commit() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    platform.server.commit("flows", "main", &[("a.txt", Some("old"))]);
    platform.server.commit("flows", "main", &[("a.txt", Some("1")), ("q/b.sql", Some("select 1"))]);
    let at = cloned(&platform, json!({"url": url})).await;
    assert_eq!((read(at.join("a.txt")), read(at.join("q/b.sql"))), ("1".into(), "select 1".into()));
    assert_eq!(git(&at, &["rev-list", "--count", "HEAD"]), "1");
    assert!(!git(&at, &["config", "--list"]).contains(PASSWORD));

    // The message comes a second time, and somebody has pushed and changed the settings in between.
    platform.server.commit("flows", "main", &[("a.txt", Some("2"))]);
    git(&at, &["config", "core.sshCommand", "false"]);
    std::fs::write(at.join("own.txt"), "x").unwrap();
    let at = cloned(&platform, json!({"url": url, "depth": "5"})).await;
    assert_eq!((read(at.join("a.txt")), read(at.join("own.txt"))), ("2".into(), "x".into()));
    assert_eq!(git(&at, &["rev-list", "--count", "HEAD"]), "3");
    assert!(!git(&at, &["config", "--list"]).contains("sshcommand"));
}

#[tokio::test]
async fn branch_tag_and_commit_are_chosen() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    let first = platform.server.commit("flows", "main", &[("a", Some("first"))]);
    platform.server.ask("flows", &["tag", "v1"]);
    platform.server.commit("flows", "main", &[("a", Some("second"))]);
    platform.server.commit("flows", "other/one", &[("a", Some("other"))]);
    let short = &first[..8];
    for (more, expect) in [
        (json!({"branch": "other/one"}), "other"),
        (json!({"tag": "v1"}), "first"),
        (json!({"branch": "v1"}), "first"),
        (json!({"commit": first}), "first"),
        (json!({"commit": short, "branch": ""}), "first"),
        (json!({"cloneAllBranches": true, "noTags": true}), "second"),
    ] {
        let mut task = json!({"url": url, "directory": "here/it/is"});
        task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let at = cloned(&platform, task).await;
        assert!(at.ends_with("here/it/is"), "{}", at.display());
        assert_eq!(read(at.join("a")), expect, "{more}");
        let all = git(&at, &["branch", "--remotes"]).contains("origin/other/one");
        assert_eq!(all, more.get("tag").is_none() && more["branch"] != "v1", "{more}");
    }
    for (more, part) in [
        (json!({"branch": "nowhere"}), "has no branch or tag 'nowhere'"),
        (json!({"tag": "main"}), "has no branch or tag 'main'"),
        (json!({"commit": "0123456789abcdef0123456789abcdef01234567"}), "has no commit '0123456"),
        (json!({"commit": "HEAD"}), "'HEAD' is not a commit"),
        (json!({"branch": "--upload-pack=id"}), "is not the name of a branch"),
        (json!({"branch": "a", "tag": "b"}), "set one of them"),
        (json!({"depth": 0}), "depth is 0"),
        (json!({"directory": "../out"}), "'..' would leave its folder"),
        (json!({"directory": "/etc"}), "it is absolute"),
        (json!({"url": platform.server.bare("flows")}), "write https://"),
        (json!({"url": format!("file://{}", platform.server.bare("flows").display())}), "'file'"),
    ] {
        let mut task = json!({"url": url});
        task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let error = platform.run(Clone::TYPE, task).await.error();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn submodules_come_with_the_same_login_and_no_folder_of_the_machine() {
    let Some(platform) = Platform::new().await else { return };
    let (url, library) = (platform.server.repository("flows"), platform.server.repository("library"));
    let commit = platform.server.commit("library", "main", &[("lib.sql", Some("select 2"))]);
    let add = |address: &str| {
        let work = tempfile::tempdir().unwrap();
        let at = work.path();
        git(at, &["clone", "--quiet", platform.server.bare("flows").to_str().unwrap(), "."]);
        std::fs::write(
            at.join(".gitmodules"),
            format!("[submodule \"lib\"]\n\tpath = lib\n\turl = {address}\n"),
        )
        .unwrap();
        git(at, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},lib")]);
        git(at, &["add", ".gitmodules"]);
        git(at, &["commit", "--quiet", "--message=x"]);
        git(at, &["push", "--quiet", "origin", "HEAD:main"]);
    };
    platform.server.commit("flows", "main", &[("a", Some("1"))]);
    add(&library);
    let at = cloned(&platform, json!({"url": url, "cloneSubmodules": true})).await;
    assert_eq!(read(at.join("lib/lib.sql")), "select 2");
    let at = cloned(&platform, json!({"url": url, "directory": "without"})).await;
    assert!(!at.join("lib/lib.sql").exists());
    // Another server would take the same login, but gets none.
    let other = GitServer::start().await.unwrap();
    let foreign = other.repository("library");
    other.commit("library", "main", &[("lib.sql", Some("select 3"))]);
    add(&foreign);
    let error = platform.run(Clone::TYPE, json!({"url": url, "cloneSubmodules": true})).await.error();
    assert!(error.contains("check username and password"), "{error}");
    add(platform.server.bare("library").to_str().unwrap());
    let error = platform.run(Clone::TYPE, json!({"url": url, "cloneSubmodules": true})).await.error();
    assert!(error.contains("use https or ssh"), "{error}");
}

#[tokio::test]
async fn a_wrong_login_or_address_is_a_sentence_without_the_password() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    platform.server.commit("flows", "main", &[("a", Some("1"))]);
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/x.git", listener.local_addr().unwrap())
    };
    let inside = url.replace("http://", "http://ada:s3cret-in-url@");
    for (task, part) in [
        (json!({"url": url, "password": "s3cret"}), "check username and password"),
        (json!({"url": url, "password": "", "username": ""}), "check username and password"),
        (json!({"url": inside, "password": null}), "check username and password"),
        (json!({"url": format!("{}/none.git", platform.server.address)}), "there is no repository"),
        (json!({"url": closed}), "cannot be reached"),
        (json!({"url": "https://169.254.169.254/x.git"}), "metadata server"),
        (json!({"url": url, "password": "a\nb"}), "on one line"),
    ] {
        let run = platform.run(Clone::TYPE, task.clone()).await;
        let log = run.log_text();
        let error = run.error();
        assert!(error.contains(part), "{task}: {error}");
        assert!(!error.contains("s3cret") && !log.contains("s3cret"), "{error}\n{log}");
    }
    let good = url.replace("http://", &format!("http://{USER}:{PASSWORD}@"));
    let run = run_kept(&platform, json!({"url": good, "password": null, "username": null})).await;
    assert!(!run.log_text().contains(PASSWORD), "{}", run.log_text());
    assert!(
        !git(Path::new(run.outputs()["directory"].as_str().unwrap()), &["config", "-l"]).contains(PASSWORD)
    );
}

#[tokio::test]
async fn links_of_earlier_tasks_lead_nowhere_and_an_empty_repository_is_no_error() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("open");
    let run = platform.run(Clone::TYPE, json!({"url": url, "username": null, "password": null})).await;
    assert!(run.log_text().contains("nothing to clone"), "{}", run.log_text());
    platform.server.commit("open", "main", &[("sub/a", Some("1"))]);
    let at = cloned(&platform, json!({"url": url, "username": null, "password": null})).await;
    assert_eq!(read(at.join("sub/a")), "1");
    let outside = tempfile::tempdir().unwrap();
    std::fs::remove_dir_all(at.join("sub")).unwrap();
    std::os::unix::fs::symlink(outside.path(), at.join("sub")).unwrap();
    std::os::unix::fs::symlink(outside.path(), at.join("link")).unwrap();
    let at = cloned(&platform, json!({"url": url})).await;
    assert_eq!(read(at.join("sub/a")), "1");
    assert!(
        run_kept(&platform, json!({"url": url, "directory": "link"}))
            .await
            .error()
            .contains("is not a folder")
    );
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_files_are_passed_on_where_no_disk_is_shared() {
    let Some(mut platform) = Platform::new().await else { return };
    platform.share_no_disk();
    let url = platform.server.repository("flows");
    platform.server.commit("flows", "main", &[("q/a.sql", Some("select 1"))]);
    let directory = "company/team/flow/executions/execution1/directories/kept/work";
    let before = format!("{directory}/input.txt");
    platform.store(&before, b"of an earlier task").await;
    let at = cloned(&platform, json!({"url": url, "directory": "repo"})).await;
    assert_eq!(read(at.join("../input.txt")), "of an earlier task");
    let stored: Vec<String> =
        platform.ports.storage.list(directory).await.unwrap().into_iter().map(|(uri, _)| uri).collect();
    for name in ["input.txt", "repo/q/a.sql", "repo/.git/HEAD"] {
        let uri = format!("kestra:///{directory}/{name}");
        assert!(stored.contains(&uri), "{uri} is not in {stored:?}");
    }
}

/// Whether ssh takes the options, as far as a server that is not SSH can show.
#[tokio::test]
async fn ssh_is_called_with_a_key_that_nobody_sees() {
    let Some(platform) = Platform::new().await else { return };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----";
    let task = json!({"url": format!("ssh://git@127.0.0.1:{port}/team/flows.git"), "privateKey": key,
        "passphrase": "s3cret-phrase", "password": null});
    let run = platform.run(Clone::TYPE, task).await;
    let log = run.log_text();
    let error = run.error();
    assert!(error.contains("ssh://git@127.0.0.1") && error.contains("the server did not answer"), "{error}");
    assert!(!error.to_lowercase().contains("option"), "{error}");
    assert!(!format!("{error}{log}").contains("s3cret") && !format!("{error}{log}").contains("c2VjcmV0"));
}
