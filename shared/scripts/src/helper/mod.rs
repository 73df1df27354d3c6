//! The modules by which scripts report outputs and metrics. They are installed where `import` and `require` find them.

use crate::directories::Folder;
use crate::language::Helper;
use std::io;
use std::path::PathBuf;

const PYTHON: &str = include_str!("kestra.py");
const PYTHON_SITE: &str = include_str!("sitecustomize.py");
const NODE: &str = include_str!("kestra.js");

/// Writes the module into `scratch`. Returns the variable for its folder, with the path that the script sees.
/// An inline Python script also gets definitions of `true`, `false` and `null`.
pub(crate) async fn install(
    helper: Helper,
    is_script: bool,
    scratch: &Folder,
) -> io::Result<Option<(&'static str, PathBuf)>> {
    match helper {
        Helper::None => Ok(None),
        Helper::Python => {
            let folder = scratch.join("python");
            let behind = folder.here.join("behind");
            tokio::fs::create_dir_all(&behind).await?;
            tokio::fs::write(behind.join("kestra.py"), PYTHON).await?;
            tokio::fs::write(folder.here.join("sitecustomize.py"), PYTHON_SITE).await?;
            if is_script {
                tokio::fs::write(folder.here.join("inline"), "").await?;
            }
            Ok(Some(("PYTHONPATH", folder.seen)))
        }
        Helper::Node => {
            let folder = scratch.join("node");
            let module = folder.here.join("@kestra-io/libs");
            tokio::fs::create_dir_all(&module).await?;
            tokio::fs::write(module.join("index.js"), NODE).await?;
            Ok(Some(("NODE_PATH", folder.seen)))
        }
    }
}
