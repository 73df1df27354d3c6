package plan

import (
	"fmt"
	"path"
	"strings"
)

// Grant is a role that an account has on a resource.
type Grant struct {
	// Member is the account that gets the role: `serviceAccount:…`.
	Member string
	// Role is Google's role, or the path of a role of the project.
	Role string
	// On is the kind and the name of the resource: `topic segue-task-http`. The whole project is `project`, or
	// `project, only` and an expression if the grant has a condition.
	On string
	// Address is the address of the grant in Terraform's configuration.
	Address string
}

// things are Terraform's resources that give roles. Each has the kind of thing that the role is on, and the argument
// with the name of the thing.
var things = map[string]struct{ kind, argument string }{
	"google_artifact_registry_repository_iam_member": {"repository", "repository"},
	"google_bigquery_dataset_iam_member":             {"dataset", "dataset_id"},
	"google_cloud_run_v2_service_iam_member":         {"service", "name"},
	"google_cloud_tasks_queue_iam_member":            {"queue", "name"},
	"google_iap_web_cloud_run_service_iam_member":    {"proxy of service", "cloud_run_service_name"},
	"google_project_iam_member":                      {"project", ""},
	"google_pubsub_subscription_iam_member":          {"subscription", "subscription"},
	"google_pubsub_topic_iam_member":                 {"topic", "topic"},
	"google_secret_manager_secret_iam_member":        {"secret", "secret_id"},
	"google_service_account_iam_member":              {"account", "service_account_id"},
	"google_storage_bucket_iam_member":               {"bucket", "bucket"},
}

// Grants returns all roles that the plan gives.
func (plan *Plan) Grants() ([]Grant, error) {
	var grants []Grant
	for _, one := range plan.Changes {
		isGrant := strings.HasSuffix(one.Type, "_iam_member") || strings.HasSuffix(one.Type, "_iam_binding") ||
			strings.HasSuffix(one.Type, "_iam_policy")
		if !isGrant || one.Change.After == nil {
			continue
		}
		thing, known := things[one.Type]
		if !known {
			return nil, fmt.Errorf("%s: grants.go does not say what %s is on", one.Address, one.Type)
		}
		values := one.Values()
		on := thing.kind
		if thing.argument != "" {
			on += " " + path.Base(values.Text(thing.argument))
		}
		if condition := values.Text("condition.expression"); condition != "" {
			on += ", only " + condition
		}
		grants = append(grants, Grant{
			Member: values.Text("member"), Role: values.Text("role"), On: on, Address: one.Address,
		})
	}
	return grants, nil
}
