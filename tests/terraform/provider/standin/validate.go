package standin

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"segue/tests/terraform/provider/catalog"
)

// validate checks a configuration by the facts about its type, as the real provider does before it asks Google.
func validate(facts catalog.Facts, config tftypes.Value) []*tfprotov6.Diagnostic {
	var wrong []*tfprotov6.Diagnostic
	refuse := func(path, format string, values ...any) {
		top, _, _ := strings.Cut(path, ".")
		wrong = append(wrong, &tfprotov6.Diagnostic{
			Severity:  tfprotov6.DiagnosticSeverityError,
			Summary:   "Invalid configuration",
			Detail:    path + ": " + fmt.Sprintf(format, values...),
			Attribute: tftypes.NewAttributePath().WithAttributeName(top),
		})
	}
	for _, path := range slices.Sorted(maps.Keys(facts.Attributes)) {
		fact := facts.Attributes[path]
		parent, _, isNested := cutLast(path)
		if isNested && !slices.ContainsFunc(under(config, parent), isSet) {
			continue
		}
		for _, value := range under(config, path) {
			checkText(path, fact, value, refuse)
		}
		checkOthers(path, fact, config, refuse)
	}
	return wrong
}

func checkText(path string, fact catalog.Fact, value tftypes.Value, refuse func(string, string, ...any)) {
	var text string
	if !value.IsKnown() || value.IsNull() || value.As(&text) != nil {
		return
	}
	if len(fact.Enum) > 0 && !slices.Contains(fact.Enum, text) {
		refuse(path, "%q is not one of %s", text, strings.Join(fact.Enum, ", "))
	}
	if fact.Regex != "" && !regexp.MustCompile(fact.Regex).MatchString(text) {
		refuse(path, "%q does not match %s", text, fact.Regex)
	}
}

// checkOthers checks the facts that are about other attributes too. Unknown values count as set.
func checkOthers(path string, fact catalog.Fact, config tftypes.Value, refuse func(string, string, ...any)) {
	itself := slices.ContainsFunc(under(config, path), isSet)
	others := func(paths []string) (set []string) {
		for _, other := range paths {
			if withoutIndexes(other) != path && slices.ContainsFunc(under(config, other), isSet) {
				set = append(set, other)
			}
		}
		return set
	}
	count := func(paths []string) int {
		if itself {
			return len(others(paths)) + 1
		}
		return len(others(paths))
	}
	if set := others(fact.ConflictsWith); itself && len(set) > 0 {
		refuse(path, "conflicts with %s", strings.Join(set, ", "))
	}
	if len(fact.ExactlyOneOf) > 0 && count(fact.ExactlyOneOf) != 1 {
		refuse(path, "exactly one of %s must be set", strings.Join(fact.ExactlyOneOf, ", "))
	}
	if len(fact.AtLeastOneOf) > 0 && count(fact.AtLeastOneOf) == 0 {
		refuse(path, "at least one of %s must be set", strings.Join(fact.AtLeastOneOf, ", "))
	}
	for _, other := range fact.RequiredWith {
		if itself && !slices.ContainsFunc(under(config, other), isSet) {
			refuse(path, "needs %s too", other)
		}
	}
}

func withoutIndexes(path string) string {
	isIndex := func(step string) bool { return strings.Trim(step, "0123456789") == "" }
	return strings.Join(slices.DeleteFunc(strings.Split(path, "."), isIndex), ".")
}

func cutLast(path string) (before, after string, found bool) {
	at := strings.LastIndex(path, ".")
	if at < 0 {
		return "", path, false
	}
	return path[:at], path[at+1:], true
}
