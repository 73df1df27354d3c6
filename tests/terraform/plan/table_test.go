package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	begins = "<!-- The table is made by `UPDATE=1 make terraform`. -->\n"
	ends   = "<!-- End of the table. -->\n"
)

func TestTheTableOfRolesIsUpToDate(t *testing.T) {
	table, err := read(t, "plan.json").Table(functions(t), prefix, project, number)
	if err != nil {
		t.Fatal(err)
	}
	page := document(t, "roles.md")
	before, rest, hasTable := strings.Cut(page, begins)
	_, after, isEnded := strings.Cut(rest, ends)
	if !hasTable || !isEnded {
		t.Fatal("docs/roles.md has no place for the table")
	}
	updated := before + begins + table + ends + after
	if updated == page {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatalf("docs/roles.md has another table than the plan; `UPDATE=1 make terraform` writes it:\n%s", table)
	}
	if err := os.WriteFile(filepath.Join(repository, "docs", "roles.md"), []byte(updated), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestThingsOfOneKindAreListedOnce(t *testing.T) {
	for _, one := range []struct {
		things   []string
		expected string
	}{
		{[]string{"project"}, "project"},
		{[]string{"topic a"}, "topic a"},
		{[]string{"topic a", "topic b"}, "topics a, b"},
		{[]string{"repository a", "repository b"}, "repositories a, b"},
		{[]string{"bucket a", "project, only b"}, "bucket a; project, only b"},
	} {
		if got := together(one.things); got != one.expected {
			t.Errorf("%v: %s", one.things, got)
		}
	}
}
