package standin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"segue/tests/terraform/provider/catalog"
)

// plan returns the planned state: the proposed state with defaults. Values that only Google could compute are unknown.
func plan(
	typ string, schema *tfprotov6.Schema, facts catalog.Facts, prior, proposed tftypes.Value,
) (tftypes.Value, error) {
	creates := prior.IsNull()
	planned, err := eachAttribute(schema.Block, proposed, "",
		func(path string, attribute *tfprotov6.SchemaAttribute, value tftypes.Value) (tftypes.Value, error) {
			if attribute.WriteOnly {
				return tftypes.NewValue(attribute.Type, nil), nil
			}
			if !value.IsNull() {
				return value, nil
			}
			byDefault, exists, err := facts.Attributes[path].DefaultValue(attribute.Type)
			if err != nil || exists {
				return byDefault, err
			}
			if attribute.Computed && creates {
				return tftypes.NewValue(attribute.Type, tftypes.UnknownValue), nil
			}
			return value, nil
		})
	if err != nil || !creates {
		return planned, err
	}
	return withKnownNames(typ, schema, planned)
}

// withKnownNames sets the names of a planned service account. The real provider also knows them before the account
// exists.
func withKnownNames(typ string, schema *tfprotov6.Schema, planned tftypes.Value) (tftypes.Value, error) {
	account, project := text(planned, "account_id"), text(planned, "project")
	if typ != "google_service_account" || account == "" || project == "" {
		return planned, nil
	}
	email := fmt.Sprintf("%s@%s.iam.gserviceaccount.com", account, project)
	return eachAttribute(schema.Block, planned, "",
		func(path string, attribute *tfprotov6.SchemaAttribute, value tftypes.Value) (tftypes.Value, error) {
			switch path {
			case "email":
				return tftypes.NewValue(attribute.Type, email), nil
			case "member":
				return tftypes.NewValue(attribute.Type, "serviceAccount:"+email), nil
			}
			return value, nil
		})
}

// replacements returns the changed attributes that make Terraform delete the resource and create it again.
func replacements(facts catalog.Facts, prior, planned tftypes.Value) []*tftypes.AttributePath {
	if prior.IsNull() || planned.IsNull() {
		return nil
	}
	tops := map[string]bool{}
	for path, fact := range facts.Attributes {
		if fact.ForceNew && !slices.EqualFunc(under(prior, path), under(planned, path), tftypes.Value.Equal) {
			top, _, _ := strings.Cut(path, ".")
			tops[top] = true
		}
	}
	var paths []*tftypes.AttributePath
	for _, top := range slices.Sorted(maps.Keys(tops)) {
		paths = append(paths, tftypes.NewAttributePath().WithAttributeName(top))
	}
	return paths
}

// protected returns the reason why a resource may not be destroyed. Empty if the resource may be destroyed.
func protected(prior tftypes.Value) string {
	var isProtected bool
	for _, value := range under(prior, "deletion_protection") {
		if value.IsKnown() && !value.IsNull() && value.As(&isProtected) == nil && isProtected {
			return "deletion_protection is true"
		}
	}
	if text(prior, "delete_protection_state") == "DELETE_PROTECTION_ENABLED" {
		return "delete_protection_state is DELETE_PROTECTION_ENABLED"
	}
	return ""
}
