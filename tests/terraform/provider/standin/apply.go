package standin

import (
	"fmt"
	"math/big"
	"regexp"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// names are the computed texts that other resources refer to, in Google's format. `{x}` stands for the attribute x of
// the same resource.
var names = map[string]string{
	"google_artifact_registry_repository.registry_uri":     "{location}-docker.pkg.dev/{project}/{repository_id}",
	"google_cloud_run_v2_service.uri":                      "https://{name}-standin-ew.a.run.app",
	"google_monitoring_notification_channel.name":          "projects/{project}/notificationChannels/1",
	"google_project.number":                                "123456789012",
	"google_project_iam_custom_role.id":                    "projects/{project}/roles/{role_id}",
	"google_project_iam_custom_role.name":                  "projects/{project}/roles/{role_id}",
	"google_pubsub_subscription.id":                        "projects/{project}/subscriptions/{name}",
	"google_pubsub_topic.id":                               "projects/{project}/topics/{name}",
	"google_secret_manager_secret.id":                      "projects/{project}/secrets/{secret_id}",
	"google_secret_manager_secret.name":                    "projects/{project}/secrets/{secret_id}",
	"google_secret_manager_secret_version.version":         "1",
	"google_service_account.id":                            "projects/{project}/serviceAccounts/{email}",
	"google_service_account.name":                          "projects/{project}/serviceAccounts/{email}",
	"google_storage_project_service_account.email_address": "service-123456789012@gs-project-accounts.iam.gserviceaccount.com",
}

var ownAttribute = regexp.MustCompile(`\{[a-z_]+\}`)

// fill returns the state with values for unknown attributes. The values depend only on the type and the name, so every
// run has the same values. If absent is true, computed attributes without a value get a value too, as in an answer to a
// read.
func fill(typ string, schema *tfprotov6.Schema, state tftypes.Value, absent bool) (tftypes.Value, error) {
	return eachAttribute(schema.Block, state, "",
		func(path string, attribute *tfprotov6.SchemaAttribute, value tftypes.Value) (tftypes.Value, error) {
			if attribute.WriteOnly {
				return tftypes.NewValue(attribute.Type, nil), nil
			}
			if value.IsFullyKnown() && !(absent && attribute.Computed && value.IsNull()) {
				return value, nil
			}
			return invented(attribute.Type, typ+"."+path, state), nil
		})
}

func invented(typ tftypes.Type, path string, state tftypes.Value) tftypes.Value {
	switch {
	case typ.Is(tftypes.String):
		return tftypes.NewValue(typ, inventedText(path, state))
	case typ.Is(tftypes.Number):
		return tftypes.NewValue(typ, big.NewFloat(1))
	case typ.Is(tftypes.Bool):
		return tftypes.NewValue(typ, false)
	case typ.Is(tftypes.Map{}):
		return tftypes.NewValue(typ, map[string]tftypes.Value{})
	case typ.Is(tftypes.Object{}):
		return tftypes.NewValue(typ, nil)
	default:
		return tftypes.NewValue(typ, []tftypes.Value{})
	}
}

func inventedText(path string, state tftypes.Value) string {
	if format, known := names[path]; known {
		return ownAttribute.ReplaceAllStringFunc(format, func(name string) string {
			return text(state, name[1:len(name)-1])
		})
	}
	return fmt.Sprintf("standin-%s", path)
}
