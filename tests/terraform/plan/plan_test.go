package plan

import (
	"os"
	"path/filepath"
	"testing"
)

// The values that tests/tools/terraform.sh sets as variables of Terraform.
const (
	project = "demo-project"
	number  = "123456789012"
	prefix  = "segue"
	region  = "europe-west1"
)

// repository is the root of the repository.
var repository = filepath.Join("..", "..", "..")

// read reads a plan that `make terraform` has made. If the plan does not exist, the test is skipped, because making a
// plan needs Terraform.
func read(t *testing.T, name string) *Plan {
	t.Helper()
	folder := os.Getenv("SEGUE_PLANS")
	if folder == "" {
		t.Skip("SEGUE_PLANS names no folder with plans; `make terraform` makes them")
	}
	plan, err := Read(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func functions(t *testing.T) map[string]Facts {
	t.Helper()
	facts, err := ReadFacts(filepath.Join(repository, "functions"))
	if err != nil {
		t.Fatal(err)
	}
	if len(facts) == 0 {
		t.Fatal("there are no functions")
	}
	return facts
}

func grants(t *testing.T, plan *Plan) []Grant {
	t.Helper()
	grants, err := plan.Grants()
	if err != nil {
		t.Fatal(err)
	}
	return grants
}

func account(name string) string {
	return "serviceAccount:" + prefix + "-" + name + "@" + project + ".iam.gserviceaccount.com"
}
