// Package plan reads plans of Terraform. Its tests check the plan of Segue's own configuration. They check facts that
// neither a schema nor the provider checks: which account gets which role, and the format of names and durations.
//
// `make terraform` makes the plans and runs the tests. The package must not know how the configuration is written. It
// reads only the plan.
//
// To add one more check, add a test to the file of its subject. A new kind of grant is one line in grants.go.
package plan

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Plan is the output of `terraform show -json` for a plan.
type Plan struct {
	Changes []Change `json:"resource_changes"`
	Outputs map[string]struct {
		After any `json:"after"`
	} `json:"output_changes"`
}

// Change is the change that a plan makes to one resource.
type Change struct {
	Address string `json:"address"`
	Mode    string `json:"mode"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	// Index is the key of for_each. Nil if the resource has no for_each.
	Index  any `json:"index"`
	Change struct {
		Actions []string `json:"actions"`
		After   Values   `json:"after"`
		// AfterUnknown has `true` for each argument that is known after apply.
		AfterUnknown Values `json:"after_unknown"`
	} `json:"change"`
}

// Values are the arguments of a resource or a nested block. Arguments that are unknown until apply are absent.
type Values map[string]any

// Read reads a plan.
func Read(file string) (*Plan, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var plan Plan
	if err := json.Unmarshal(text, &plan); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &plan, nil
}

// Of returns the resources of a type that exist after the plan.
func (plan *Plan) Of(typ string) []Change {
	var found []Change
	for _, one := range plan.Changes {
		if one.Type == typ && one.Mode == "managed" && one.Change.After != nil {
			found = append(found, one)
		}
	}
	return found
}

// Values returns the arguments of the resource after the plan.
func (one Change) Values() Values {
	return one.Change.After
}

// Does returns whether the plan takes this action on the resource: create, update, delete, no-op.
func (one Change) Does(action string) bool {
	return len(one.Change.Actions) == 1 && one.Change.Actions[0] == action
}

// Text returns the text at a path such as `push_config.oidc_token.audience`. From a list on the path, it takes the
// first element. Empty if the text is absent or unknown.
func (values Values) Text(path string) string {
	text, _ := values.at(path).(string)
	return text
}

// Number returns the number at a path. Zero if the number is absent or unknown.
func (values Values) Number(path string) float64 {
	number, _ := values.at(path).(float64)
	return number
}

// Blocks returns the nested blocks at a path.
func (values Values) Blocks(path string) []Values {
	list, _ := values.at(path).([]any)
	var blocks []Values
	for _, one := range list {
		if block, isBlock := one.(map[string]any); isBlock {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// Texts returns the elements of the list of texts at a path.
func (values Values) Texts(path string) []string {
	list, _ := values.at(path).([]any)
	var texts []string
	for _, one := range list {
		if text, isText := one.(string); isText {
			texts = append(texts, text)
		}
	}
	return texts
}

func (values Values) at(path string) any {
	var found any = map[string]any(values)
	for step := range strings.SplitSeq(path, ".") {
		if list, isList := found.([]any); isList {
			if len(list) == 0 {
				return nil
			}
			found = list[0]
		}
		block, isBlock := found.(map[string]any)
		if !isBlock {
			return nil
		}
		found = block[step]
	}
	return found
}
