package catalog

import (
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Facts are what the schema of a resource does not say.
type Facts struct {
	// Attributes are facts about attributes and blocks, by their path without indexes: `push_config.attributes`.
	Attributes map[string]Fact `json:"attributes"`
}

// Fact is what the schema does not say about one attribute or block. The other paths in a fact begin at the resource
// and contain indexes: `replication.0.auto`.
type Fact struct {
	// ForceNew: another value means another resource.
	ForceNew bool `json:"force_new"`
	// Default is a string, a number or a bool. Nil: there is none.
	Default any `json:"default"`
	// Enum are the values that are allowed. Empty: no such limit.
	Enum []string `json:"enum"`
	// Regex is a regular expression that the value must match. Empty: none.
	Regex string `json:"regex"`
	// ConflictsWith: none of these may be set beside it.
	ConflictsWith []string `json:"conflicts_with"`
	// ExactlyOneOf: it or one of these must be set, and no other.
	ExactlyOneOf []string `json:"exactly_one_of"`
	// AtLeastOneOf: it or one of these must be set.
	AtLeastOneOf []string `json:"at_least_one_of"`
	// RequiredWith: all of these must be set beside it.
	RequiredWith []string `json:"required_with"`
}

// DefaultValue is the default as a value of a type. False if there is no default.
func (fact Fact) DefaultValue(typ tftypes.Type) (tftypes.Value, bool, error) {
	switch value := fact.Default.(type) {
	case nil:
		return tftypes.Value{}, false, nil
	case float64:
		return tftypes.NewValue(typ, big.NewFloat(value)), true, nil
	case string, bool:
		return tftypes.NewValue(typ, value), true, nil
	default:
		return tftypes.Value{}, false, fmt.Errorf("a default of type %T", value)
	}
}
