//! The task types of scripts: `Commands` and `Script` for each language, one entry each.

use crate::language;
use crate::properties::{PythonProperties, RAW, ScriptProperties};
use crate::result::ScriptOutput;
use crate::run::{Body, Extras, Script as Run};
use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError, TaskList};
use serde::Deserialize;

/// Adds the script tasks of all languages to the list of a service.
pub fn add_to(list: TaskList) -> TaskList {
    list.add::<shell::Commands>()
        .add::<shell::Script>()
        .add::<python::Commands>()
        .add::<python::Script>()
        .add::<node::Commands>()
        .add::<node::Script>()
        .add::<r::Commands>()
        .add::<r::Script>()
        .add::<ruby::Commands>()
        .add::<ruby::Script>()
        .add::<julia::Commands>()
        .add::<julia::Script>()
        .add::<powershell::Commands>()
        .add::<powershell::Script>()
        .add::<perl::Commands>()
        .add::<perl::Script>()
        .add::<php::Commands>()
        .add::<php::Script>()
        .add::<lua::Commands>()
        .add::<lua::Script>()
        .add::<go::Commands>()
        .add::<go::Script>()
        .add::<deno::Commands>()
        .add::<deno::Script>()
        .add::<bun::Commands>()
        .add::<bun::Script>()
}

/// Makes the module of one language with its two task types. The properties in square brackets exist only for
/// Python.
macro_rules! language {
    (
        $module:ident, $about:literal, $language:expr,
        commands: $commands:literal = $commands_example:literal,
        script: $script:literal = $script_example:literal
        $(, own: $own:ident : $properties:ty)?
    ) => {
        #[doc = $about]
        pub mod $module {
            use super::*;

            #[doc = concat!("Runs commands, with ", $about)]
            ///
            /// ```yaml
            #[doc = $commands_example]
            /// ```
            #[derive(Debug, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase")]
            pub struct Commands {
                /// The commands, joined with newlines into one argument of the interpreter.
                #[schemars(with = "Texts")]
                commands: Json,
                #[serde(flatten)]
                properties: ScriptProperties,
                $(#[serde(flatten)] $own: $properties,)?
            }

            impl Task for Commands {
                const TYPE: &'static str = $commands;
                const RAW: &'static [&'static str] = RAW;
                type Output = ScriptOutput;

                async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
                    let own: Option<PythonProperties> = None;
                    $(let own = own.or(Some(self.$own));)?
                    let body = Body::Commands(self.commands);
                    let script =
                        Run { language: &$language, properties: self.properties, python: own, body, extras: Extras::default() };
                    script.run(context).await
                }
            }

            #[doc = concat!("Runs a script, with ", $about)]
            ///
            /// ```yaml
            #[doc = $script_example]
            /// ```
            #[derive(Debug, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase")]
            pub struct Script {
                /// The text of the script.
                #[schemars(with = "String")]
                script: Json,
                #[serde(flatten)]
                properties: ScriptProperties,
                $(#[serde(flatten)] $own: $properties,)?
            }

            impl Task for Script {
                const TYPE: &'static str = $script;
                const RAW: &'static [&'static str] = RAW;
                type Output = ScriptOutput;

                async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
                    let own: Option<PythonProperties> = None;
                    $(let own = own.or(Some(self.$own));)?
                    let body = Body::Script(self.script);
                    let script =
                        Run { language: &$language, properties: self.properties, python: own, body, extras: Extras::default() };
                    script.run(context).await
                }
            }
        }
    };
}

language! {
    shell, "a POSIX shell.", language::SHELL,
    commands: "io.kestra.plugin.scripts.shell.Commands" =
        "id: unpack\ntype: io.kestra.plugin.scripts.shell.Commands\ntaskRunner:\n  type: io.kestra.plugin.core.runner.Process\ncommands:\n  - echo 'a,b' > rows.csv\noutputFiles:\n  - rows.csv",
    script: "io.kestra.plugin.scripts.shell.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.shell.Script\ntaskRunner:\n  type: io.kestra.plugin.core.runner.Process\nscript: |\n  echo '::{\"outputs\":{\"rows\":3}}::'"
}

language! {
    python, "Python.", language::PYTHON,
    commands: "io.kestra.plugin.scripts.python.Commands" =
        "id: load\ntype: io.kestra.plugin.scripts.python.Commands\ntaskRunner:\n  type: io.kestra.plugin.core.runner.Process\ninputFiles:\n  main.py: print('loaded')\ncommands:\n  - python main.py",
    script: "io.kestra.plugin.scripts.python.Script" =
        "id: count\ntype: io.kestra.plugin.scripts.python.Script\ntaskRunner:\n  type: io.kestra.plugin.core.runner.Process\nscript: |\n  from kestra import Kestra\n  Kestra.outputs({'rows': 3})",
    own: python: PythonProperties
}

language! {
    node, "Node.js.", language::NODE,
    commands: "io.kestra.plugin.scripts.node.Commands" =
        "id: load\ntype: io.kestra.plugin.scripts.node.Commands\ntaskRunner:\n  type: io.kestra.plugin.core.runner.Process\ninputFiles:\n  main.js: console.log('loaded')\ncommands:\n  - node main.js",
    script: "io.kestra.plugin.scripts.node.Script" =
        "id: count\ntype: io.kestra.plugin.scripts.node.Script\ntaskRunner:\n  type: io.kestra.plugin.core.runner.Process\nscript: |\n  require('@kestra-io/libs').outputs({ rows: 3 })"
}

language! {
    r, "R.", language::R,
    commands: "io.kestra.plugin.scripts.r.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.r.Commands\ncommands:\n  - Rscript --version",
    script: "io.kestra.plugin.scripts.r.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.r.Script\nscript: |\n  cat('hello')"
}

language! {
    ruby, "Ruby.", language::RUBY,
    commands: "io.kestra.plugin.scripts.ruby.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.ruby.Commands\ncommands:\n  - ruby --version",
    script: "io.kestra.plugin.scripts.ruby.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.ruby.Script\nscript: |\n  puts 'hello'"
}

language! {
    julia, "Julia.", language::JULIA,
    commands: "io.kestra.plugin.scripts.julia.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.julia.Commands\ncommands:\n  - julia --version",
    script: "io.kestra.plugin.scripts.julia.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.julia.Script\nscript: |\n  println(\"hello\")"
}

language! {
    powershell, "PowerShell.", language::POWERSHELL,
    commands: "io.kestra.plugin.scripts.powershell.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.powershell.Commands\ncommands:\n  - Get-Date",
    script: "io.kestra.plugin.scripts.powershell.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.powershell.Script\nscript: |\n  Write-Output hello"
}

language! {
    perl, "Perl.", language::PERL,
    commands: "io.kestra.plugin.scripts.perl.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.perl.Commands\ncommands:\n  - perl --version",
    script: "io.kestra.plugin.scripts.perl.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.perl.Script\nscript: |\n  print 'hello'"
}

language! {
    php, "PHP.", language::PHP,
    commands: "io.kestra.plugin.scripts.php.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.php.Commands\ncommands:\n  - php --version",
    script: "io.kestra.plugin.scripts.php.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.php.Script\nscript: |\n  <?php echo 'hello';"
}

language! {
    lua, "Lua.", language::LUA,
    commands: "io.kestra.plugin.scripts.lua.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.lua.Commands\ncommands:\n  - lua -v",
    script: "io.kestra.plugin.scripts.lua.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.lua.Script\nscript: |\n  print('hello')"
}

language! {
    go, "Go.", language::GO,
    commands: "io.kestra.plugin.scripts.go.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.go.Commands\ncommands:\n  - go version",
    script: "io.kestra.plugin.scripts.go.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.go.Script\nscript: |\n  package main\n  func main() { println(\"hello\") }"
}

language! {
    deno, "Deno.", language::DENO,
    commands: "io.kestra.plugin.scripts.deno.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.deno.Commands\ncommands:\n  - deno --version",
    script: "io.kestra.plugin.scripts.deno.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.deno.Script\nscript: |\n  console.log('hello')"
}

language! {
    bun, "Bun.", language::BUN,
    commands: "io.kestra.plugin.scripts.bun.Commands" =
        "id: version\ntype: io.kestra.plugin.scripts.bun.Commands\ncommands:\n  - bun --version",
    script: "io.kestra.plugin.scripts.bun.Script" =
        "id: hello\ntype: io.kestra.plugin.scripts.bun.Script\nscript: |\n  console.log('hello')"
}
