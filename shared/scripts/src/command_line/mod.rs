//! Tasks that are the commands of one program in one image, such as `TerraformCLI` (docs/kestra.md 4.11).
//!
//! What it is: one entry for each type: its image, its program, the Python packages that contain the program, and
//! what it knows about accounts. Everything else is a shell task.
//!
//! What it must not know: what the program does.
//!
//! How to add one more: an entry below and a line in [`add_to`]. If the type has properties for an account, implement
//! the trait `Account` for a struct in `accounts.rs`.

mod accounts;
mod cloudquery_sync;

use crate::language;
use crate::program::NeededProgram;
use crate::properties::{RAW, ScriptProperties};
use crate::result::ScriptOutput;
use crate::run::{Body, Extras, Script};
use accounts::{Account, Aws, Azure, Google, NoAccount};
use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError, TaskList};
use serde::Deserialize;

/// The image of CloudQuery.
const CLOUDQUERY: &str = "ghcr.io/cloudquery/cloudquery:latest-ubuntu";

/// Adds the tasks to the list of a service.
pub fn add_to(list: TaskList) -> TaskList {
    list.add::<ansible::Commands>()
        .add::<aws::Commands>()
        .add::<azure::Commands>()
        .add::<cloudquery::Commands>()
        .add::<cloudquery_sync::Sync>()
        .add::<databricks::Commands>()
        .add::<dataform::Commands>()
        .add::<gcloud::Commands>()
        .add::<modal::Commands>()
        .add::<sqlmesh::Commands>()
        .add::<terraform::Commands>()
        .add::<trivy::Commands>()
}

/// What one type adds to a shell task.
struct Tool {
    program: &'static str,
    image: &'static str,
    packages: &'static [&'static str],
}

impl Tool {
    async fn run(
        &self,
        context: &TaskContext,
        commands: Json,
        properties: ScriptProperties,
        account: &impl Account,
    ) -> Result<ScriptOutput, TaskError> {
        let packages = self.packages.iter().map(|&package| package.to_owned()).collect();
        let extras = Extras {
            image: Some(self.image),
            program: Some(NeededProgram { name: self.program, packages, image: self.image }),
            env: account.env().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            before: account.before().into_iter().map(str::to_owned).collect(),
            ..Extras::default()
        };
        let body = Body::Commands(commands);
        Script { language: &language::SHELL, properties, python: None, body, extras }.run(context).await
    }
}

macro_rules! command_line {
    (
        $module:ident, $type:literal, $about:literal,
        program: $program:literal, image: $image:literal, packages: $packages:expr, account: $account:ty,
        example: $example:literal
    ) => {
        #[doc = concat!("Runs commands of ", $about)]
        pub(crate) mod $module {
            use super::*;

            #[doc = concat!("Runs commands of ", $about)]
            #[doc = concat!("The image is `", $image, "` unless the task names another.")]
            ///
            /// ```yaml
            #[doc = $example]
            /// ```
            #[derive(Debug, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase")]
            pub(crate) struct Commands {
                /// The commands. They are lines of a shell.
                #[schemars(with = "Texts")]
                commands: Json,
                #[serde(flatten)]
                account: $account,
                #[serde(flatten)]
                properties: ScriptProperties,
            }

            impl Task for Commands {
                const TYPE: &'static str = $type;
                const RAW: &'static [&'static str] = RAW;
                type Output = ScriptOutput;

                async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
                    let tool = Tool { program: $program, image: $image, packages: $packages };
                    tool.run(context, self.commands, self.properties, &self.account).await
                }
            }
        }
    };
}

command_line! {
    ansible, "io.kestra.plugin.ansible.cli.AnsibleCLI", "Ansible.",
    program: "ansible-playbook", image: "cytopia/ansible:latest-tools", packages: &["ansible"], account: NoAccount,
    example: "id: playbook\ntype: io.kestra.plugin.ansible.cli.AnsibleCLI\ninputFiles:\n  inventory.ini: localhost ansible_connection=local\n  main.yml: |\n    - hosts: all\n      tasks:\n        - debug: {msg: hello}\ncommands:\n  - ansible-playbook -i inventory.ini main.yml"
}

command_line! {
    aws, "io.kestra.plugin.aws.cli.AwsCLI", "Amazon Web Services.",
    program: "aws", image: "amazon/aws-cli", packages: &["awscli"], account: Aws,
    example: "id: buckets\ntype: io.kestra.plugin.aws.cli.AwsCLI\naccessKeyId: \"{{ secret('AWS_ACCESS_KEY_ID') }}\"\nsecretKeyId: \"{{ secret('AWS_SECRET_ACCESS_KEY') }}\"\nregion: eu-central-1\ncommands:\n  - aws s3 ls"
}

command_line! {
    azure, "io.kestra.plugin.azure.cli.AzCLI", "Microsoft Azure.",
    program: "az", image: "mcr.microsoft.com/azure-cli", packages: &["azure-cli"], account: Azure,
    example: "id: groups\ntype: io.kestra.plugin.azure.cli.AzCLI\nusername: \"{{ secret('AZURE_CLIENT_ID') }}\"\npassword: \"{{ secret('AZURE_CLIENT_SECRET') }}\"\ntenant: \"{{ secret('AZURE_TENANT_ID') }}\"\nservicePrincipal: true\ncommands:\n  - az group list"
}

command_line! {
    cloudquery, "io.kestra.plugin.cloudquery.CloudQueryCLI", "CloudQuery.",
    program: "cloudquery", image: "ghcr.io/cloudquery/cloudquery:latest-ubuntu", packages: &[], account: NoAccount,
    example: "id: sync\ntype: io.kestra.plugin.cloudquery.CloudQueryCLI\nnamespaceFiles:\n  enabled: true\ncommands:\n  - cloudquery sync config.yml --log-console"
}

command_line! {
    databricks, "io.kestra.plugin.databricks.cli.DatabricksCLI", "Databricks.",
    program: "databricks", image: "ghcr.io/databricks/cli:latest", packages: &["databricks-cli"], account: NoAccount,
    example: "id: clusters\ntype: io.kestra.plugin.databricks.cli.DatabricksCLI\nenv:\n  DATABRICKS_HOST: \"{{ secret('DATABRICKS_HOST') }}\"\n  DATABRICKS_TOKEN: \"{{ secret('DATABRICKS_TOKEN') }}\"\ncommands:\n  - databricks clusters list"
}

command_line! {
    dataform, "io.kestra.plugin.dataform.cli.DataformCLI", "Dataform.",
    program: "dataform", image: "dataformco/dataform:latest", packages: &[], account: NoAccount,
    example: "id: compile\ntype: io.kestra.plugin.dataform.cli.DataformCLI\nnamespaceFiles:\n  enabled: true\nbeforeCommands:\n  - npm install\ncommands:\n  - dataform compile"
}

command_line! {
    gcloud, "io.kestra.plugin.gcp.cli.GCloudCLI", "Google Cloud.",
    program: "gcloud", image: "google/cloud-sdk", packages: &[], account: Google,
    example: "id: buckets\ntype: io.kestra.plugin.gcp.cli.GCloudCLI\nserviceAccount: \"{{ secret('GCP_SERVICE_ACCOUNT') }}\"\nprojectId: \"{{ kv('GCP_PROJECT_ID') }}\"\ncommands:\n  - gcloud storage ls"
}

command_line! {
    modal, "io.kestra.plugin.modal.cli.ModalCLI", "Modal.",
    program: "modal", image: "ghcr.io/kestra-io/modal:latest", packages: &["modal"], account: NoAccount,
    example: "id: run\ntype: io.kestra.plugin.modal.cli.ModalCLI\nenv:\n  MODAL_TOKEN_ID: \"{{ secret('MODAL_TOKEN_ID') }}\"\n  MODAL_TOKEN_SECRET: \"{{ secret('MODAL_TOKEN_SECRET') }}\"\nnamespaceFiles:\n  enabled: true\ncommands:\n  - modal run main.py"
}

command_line! {
    sqlmesh, "io.kestra.plugin.sqlmesh.cli.SQLMeshCLI", "SQLMesh.",
    program: "sqlmesh", image: "ghcr.io/kestra-io/sqlmesh", packages: &["sqlmesh"], account: NoAccount,
    example: "id: plan\ntype: io.kestra.plugin.sqlmesh.cli.SQLMeshCLI\nnamespaceFiles:\n  enabled: true\ncommands:\n  - sqlmesh plan --auto-apply"
}

command_line! {
    terraform, "io.kestra.plugin.terraform.cli.TerraformCLI", "Terraform.",
    program: "terraform", image: "hashicorp/terraform", packages: &[], account: NoAccount,
    example: "id: apply\ntype: io.kestra.plugin.terraform.cli.TerraformCLI\nnamespaceFiles:\n  enabled: true\nbeforeCommands:\n  - terraform init\ncommands:\n  - terraform apply -auto-approve\noutputFiles:\n  - \"*.tfstate\""
}

command_line! {
    trivy, "io.kestra.plugin.trivy.cli.TrivyCLI", "Trivy.",
    program: "trivy", image: "aquasec/trivy", packages: &[], account: NoAccount,
    example: "id: scan\ntype: io.kestra.plugin.trivy.cli.TrivyCLI\ncommands:\n  - trivy image --severity HIGH,CRITICAL alpine:3.20"
}

#[cfg(test)]
mod tests;
