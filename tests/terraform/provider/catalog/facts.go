package catalog

import (
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Facts are properties of a resource that its schema does not contain.
type Facts struct {
	// Attributes are facts about attributes and blocks, by their path without indexes: `push_config.attributes`.
	Attributes map[string]Fact `json:"attributes"`
}

// Fact has the properties of one attribute or block that the schema does not contain. The paths of other attributes
// begin at the resource and contain indexes: `replication.0.auto`.
type Fact struct {
	// ForceNew: with another value, the resource is deleted and created again.
	ForceNew bool `json:"force_new"`
	// Default is a string, a number or a bool. Nil if there is no default.
	Default any `json:"default"`
	// Enum are the allowed values. Empty if all values are allowed.
	Enum []string `json:"enum"`
	// Regex is a regular expression that the value must match. Empty if every value is allowed.
	Regex string `json:"regex"`
	// ConflictsWith: if this attribute is set, none of these attributes may be set.
	ConflictsWith []string `json:"conflicts_with"`
	// ExactlyOneOf: exactly one of this attribute and these attributes must be set.
	ExactlyOneOf []string `json:"exactly_one_of"`
	// AtLeastOneOf: this attribute or one of these attributes must be set.
	AtLeastOneOf []string `json:"at_least_one_of"`
	// RequiredWith: if this attribute is set, all these attributes must be set.
	RequiredWith []string `json:"required_with"`
}

// DefaultValue returns the default as a value of a type. False if there is no default.
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
