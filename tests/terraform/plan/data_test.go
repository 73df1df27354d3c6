package plan

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Firestore's emulator runs a query without an index. Google's Firestore refuses the query.
func TestTheIndexesAreThoseOfTheDocumentation(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `(executions|backfills)` \\| (.*[↑↓].*) \\|$")
	var expected, got []string
	for _, match := range row.FindAllStringSubmatch(document(t, "firestore.md"), -1) {
		expected = append(expected, match[1]+": "+strings.ReplaceAll(match[2], "`", ""))
	}
	for _, one := range read(t, "plan.json").Of("google_firestore_index") {
		var fields []string
		for _, field := range one.Values().Blocks("fields") {
			how := map[string]string{"ASCENDING": "↑", "DESCENDING": "↓"}[field.Text("order")]
			if field.Text("array_config") == "CONTAINS" {
				how = "contains"
			}
			fields = append(fields, field.Text("field_path")+" "+how)
		}
		collection := strings.TrimPrefix(one.Values().Text("collection"), prefix+"-")
		got = append(got, collection+": "+strings.Join(fields, ", "))
	}
	slices.Sort(expected)
	slices.Sort(got)
	if len(expected) != 17 || !slices.Equal(expected, got) {
		t.Errorf("documented: %v\nplanned: %v", expected, got)
	}
}

// Without the exemption, every text in a body costs index entries.
func TestEveryBodyIsExempt(t *testing.T) {
	_, table, _ := strings.Cut(document(t, "firestore.md"), "## Collections")
	table, _, _ = strings.Cut(table, "###")
	name := regexp.MustCompile("`(?:[a-z]+/\\*/)*([a-z]+)`")
	collections := map[string]bool{}
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) > 3 && strings.Contains(cells[1], "`") {
			for _, match := range name.FindAllStringSubmatch(cells[1], -1) {
				collections[prefix+"-"+match[1]] = true
			}
		}
	}
	if len(collections) != 13 {
		t.Errorf("%d collections: %v", len(collections), collections)
	}
	documented := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `([a-z]+\\.[a-z]+)` \\| (ascending|none) \\|$")
	for _, match := range row.FindAllStringSubmatch(document(t, "firestore.md"), -1) {
		documented[match[1]] = match[2]
	}
	for _, one := range read(t, "plan.json").Of("google_firestore_field") {
		values := one.Values()
		if strings.Contains(one.Address, ".sequential[") {
			name := strings.TrimPrefix(values.Text("collection"), prefix+"-") + "." + values.Text("field")
			indexes := "none"
			for _, index := range values.Blocks("index_config.indexes") {
				indexes = strings.ToLower(index.Text("order"))
			}
			if documented[name] != indexes {
				t.Errorf("%s: %s are planned, and %q documented", name, indexes, documented[name])
			}
			delete(documented, name)
			continue
		}
		switch values.Text("field") {
		case "body":
			if len(values.Blocks("index_config")) != 1 || len(values.Blocks("index_config.indexes")) != 0 {
				t.Errorf("%s has indexes", one.Address)
			}
			delete(collections, values.Text("collection"))
		case "expires":
			if len(values.Blocks("ttl_config")) != 1 || values.Text("collection") != prefix+"-kv" {
				t.Errorf("%s: only key-values have an end", one.Address)
			}
		default:
			t.Errorf("%s: nobody knows this field", one.Address)
		}
	}
	for name := range documented {
		t.Errorf("%s is documented, and not planned", name)
	}
	for collection := range collections {
		t.Errorf("the body of %s has indexes", collection)
	}
}

func TestBucketsArePrivateAndTheInternalOneForgets(t *testing.T) {
	for _, one := range read(t, "plan.json").Of("google_storage_bucket") {
		values := one.Values()
		if values["uniform_bucket_level_access"] != true || values.Text("public_access_prevention") != "enforced" {
			t.Errorf("%s can be opened to everybody", one.Address)
		}
		if values.Text("name") != "demo-project-segue" {
			continue
		}
		policies := values.Blocks("soft_delete_policy")
		if len(policies) != 1 || policies[0]["retention_duration_seconds"] != 0.0 {
			t.Errorf("%s keeps deleted files: %v", one.Address, policies)
		}
		// Files of executions stay until a flow purges them. Only files that crashes left are deleted by their age.
		deleted := map[string]float64{}
		for _, rule := range values.Blocks("lifecycle_rule") {
			if rule.Text("action.type") != "Delete" {
				continue
			}
			prefixes := rule.Texts("condition.matches_prefix")
			if len(prefixes) == 0 {
				t.Errorf("%s deletes files of any name", one.Address)
			}
			for _, prefix := range prefixes {
				deleted[prefix] = rule.Number("condition.age")
			}
		}
		// Containers run for at most 7 days.
		want := map[string]float64{"_segue/builds/": 8, "_segue/containers/": 8, "_segue/delayed-messages/": 30}
		if !maps.Equal(deleted, want) {
			t.Errorf("%s deletes %v and not %v", one.Address, deleted, want)
		}
	}
}

// Resources with data are protected from deletion, unless a variable of Terraform switches the protection off.
func TestDataIsProtected(t *testing.T) {
	plan := read(t, "plan.json")
	for _, one := range plan.Of("google_firestore_database") {
		if one.Values().Text("delete_protection_state") != "DELETE_PROTECTION_ENABLED" {
			t.Errorf("%s can be deleted", one.Address)
		}
	}
	for _, one := range plan.Of("google_storage_bucket") {
		if one.Values()["force_destroy"] != false {
			t.Errorf("%s is deleted with its files", one.Address)
		}
	}
	for _, one := range plan.Of("google_bigquery_dataset") {
		if one.Values()["delete_contents_on_destroy"] != false {
			t.Errorf("%s is deleted with its tables", one.Address)
		}
	}
	for _, one := range plan.Of("google_secret_manager_secret") {
		if isKey := one.Index == "encryption_key"; one.Values()["deletion_protection"] != isKey {
			t.Errorf("%s: deletion_protection is %v", one.Address, one.Values()["deletion_protection"])
		}
	}
}
