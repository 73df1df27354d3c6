package plan

import (
	"reflect"
	"strings"
	"testing"
)

// terraform.sh adds the folder functions/example and plans again. With the stand-in, the plan is for an existing
// deployment. With the real provider, the plan is for an empty project, and must create all other resources as before.
func TestANewFolderIsDeployedAndNothingElseChanges(t *testing.T) {
	before := map[string]Values{}
	for _, one := range read(t, "plan.json").Changes {
		before[one.Address] = one.Values()
	}
	created := map[string]bool{}
	for _, one := range read(t, "new-folder.json").Changes {
		switch {
		case one.Does("no-op") || one.Does("read"):
		case one.Does("create") && strings.Contains(one.Address, "example"):
			created[one.Type] = true
		case one.Does("create") && reflect.DeepEqual(one.Values(), before[one.Address]):
		default:
			t.Errorf("%s: %v", one.Address, one.Change.Actions)
		}
	}
	for _, typ := range []string{
		"google_cloud_run_v2_service", "google_cloud_run_v2_service_iam_member", "google_project_iam_member",
		"google_pubsub_subscription", "google_pubsub_subscription_iam_member", "google_pubsub_topic",
		"google_pubsub_topic_iam_member", "google_secret_manager_secret_iam_member", "google_service_account",
		"google_service_account_iam_member", "google_storage_bucket_iam_member",
	} {
		if !created[typ] {
			t.Errorf("the new function has no %s", typ)
		}
	}
}
