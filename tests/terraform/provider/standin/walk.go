package standin

import (
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// change gives an attribute its new value. The path has no indexes: `template.containers.image`.
type change func(path string, attribute *tfprotov6.SchemaAttribute, value tftypes.Value) (tftypes.Value, error)

// eachAttribute returns the object with every attribute changed, including attributes in nested blocks. Blocks that are
// absent or unknown are not changed.
func eachAttribute(block *tfprotov6.SchemaBlock, object tftypes.Value, above string, to change) (tftypes.Value, error) {
	if object.IsNull() || !object.IsKnown() {
		return object, nil
	}
	var fields map[string]tftypes.Value
	if err := object.As(&fields); err != nil {
		return object, err
	}
	for _, attribute := range block.Attributes {
		changed, err := to(above+attribute.Name, attribute, fields[attribute.Name])
		if err != nil {
			return object, err
		}
		fields[attribute.Name] = changed
	}
	for _, nested := range block.BlockTypes {
		changed, err := eachInBlock(nested, fields[nested.TypeName], above+nested.TypeName+".", to)
		if err != nil {
			return object, err
		}
		fields[nested.TypeName] = changed
	}
	return tftypes.NewValue(object.Type(), fields), nil
}

func eachInBlock(
	nested *tfprotov6.SchemaNestedBlock, value tftypes.Value, above string, to change,
) (tftypes.Value, error) {
	if nested.Nesting == tfprotov6.SchemaNestedBlockNestingModeSingle || value.IsNull() || !value.IsKnown() {
		return eachAttribute(nested.Block, value, above, to)
	}
	var items []tftypes.Value
	if err := value.As(&items); err != nil {
		return value, err
	}
	for at, item := range items {
		changed, err := eachAttribute(nested.Block, item, above, to)
		if err != nil {
			return value, err
		}
		items[at] = changed
	}
	return tftypes.NewValue(value.Type(), items), nil
}

// under returns the values at a path, one for each element of the lists on the way. A step that is a number chooses
// one element.
func under(value tftypes.Value, path string) []tftypes.Value {
	found := []tftypes.Value{value}
	if path == "" {
		return found
	}
	for _, step := range strings.Split(path, ".") {
		var next []tftypes.Value
		for _, one := range found {
			next = append(next, oneStep(one, step)...)
		}
		found = next
	}
	return found
}

func oneStep(value tftypes.Value, step string) []tftypes.Value {
	if value.IsNull() || !value.IsKnown() {
		return nil
	}
	var fields map[string]tftypes.Value
	if value.As(&fields) == nil {
		if field, known := fields[step]; known {
			return []tftypes.Value{field}
		}
		return nil
	}
	var items []tftypes.Value
	if value.As(&items) != nil {
		return nil
	}
	if at, err := strconv.Atoi(step); err == nil {
		if at < len(items) {
			return items[at : at+1]
		}
		return nil
	}
	var found []tftypes.Value
	for _, item := range items {
		found = append(found, oneStep(item, step)...)
	}
	return found
}

// text returns the string at a path. Empty if the value is absent, unknown or not a string.
func text(value tftypes.Value, path string) string {
	var found string
	for _, one := range under(value, path) {
		if one.IsKnown() && !one.IsNull() && one.As(&found) == nil {
			return found
		}
	}
	return ""
}

// isSet returns whether an attribute has a value, known or unknown, or whether a block is written.
func isSet(value tftypes.Value) bool {
	if !value.IsKnown() {
		return true
	}
	var items []tftypes.Value
	if !value.IsNull() && value.As(&items) == nil {
		return len(items) > 0
	}
	return !value.IsNull()
}
