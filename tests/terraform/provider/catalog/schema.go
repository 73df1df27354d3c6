package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// jsonSchema is a schema as `terraform providers schema -json` prints it.
type jsonSchema struct {
	Version int64     `json:"version"`
	Block   jsonBlock `json:"block"`
}

type jsonBlock struct {
	Attributes map[string]jsonAttribute `json:"attributes"`
	BlockTypes map[string]jsonNested    `json:"block_types"`
}

type jsonAttribute struct {
	Type       json.RawMessage `json:"type"`
	Required   bool            `json:"required"`
	Optional   bool            `json:"optional"`
	Computed   bool            `json:"computed"`
	Sensitive  bool            `json:"sensitive"`
	WriteOnly  bool            `json:"write_only"`
	Deprecated bool            `json:"deprecated"`
}

type jsonNested struct {
	NestingMode string    `json:"nesting_mode"`
	MinItems    int64     `json:"min_items"`
	MaxItems    int64     `json:"max_items"`
	Block       jsonBlock `json:"block"`
}

var nestingModes = map[string]tfprotov6.SchemaNestedBlockNestingMode{
	"single": tfprotov6.SchemaNestedBlockNestingModeSingle,
	"list":   tfprotov6.SchemaNestedBlockNestingModeList,
	"set":    tfprotov6.SchemaNestedBlockNestingModeSet,
}

func (from jsonSchema) schema() (*tfprotov6.Schema, error) {
	block, err := from.Block.schema()
	if err != nil {
		return nil, err
	}
	return &tfprotov6.Schema{Version: from.Version, Block: block}, nil
}

func (from jsonBlock) schema() (*tfprotov6.SchemaBlock, error) {
	block := &tfprotov6.SchemaBlock{}
	for _, name := range slices.Sorted(maps.Keys(from.Attributes)) {
		one := from.Attributes[name]
		typ, err := attributeType(one.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		block.Attributes = append(block.Attributes, &tfprotov6.SchemaAttribute{
			Name: name, Type: typ, Required: one.Required, Optional: one.Optional, Computed: one.Computed,
			Sensitive: one.Sensitive, WriteOnly: one.WriteOnly, Deprecated: one.Deprecated,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(from.BlockTypes)) {
		one := from.BlockTypes[name]
		nested, err := one.Block.schema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		mode, known := nestingModes[one.NestingMode]
		if !known {
			return nil, fmt.Errorf("%s: unknown nesting mode %q", name, one.NestingMode)
		}
		block.BlockTypes = append(block.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Nesting: mode, MinItems: one.MinItems, MaxItems: one.MaxItems, Block: nested,
		})
	}
	return block, nil
}

// attributeType reads a type: "string", ["list", "string"], ["object", {"name": "string"}], and so on.
func attributeType(text json.RawMessage) (tftypes.Type, error) {
	var name string
	if json.Unmarshal(text, &name) == nil {
		switch name {
		case "string":
			return tftypes.String, nil
		case "number":
			return tftypes.Number, nil
		case "bool":
			return tftypes.Bool, nil
		}
		return nil, fmt.Errorf("unknown type %q", name)
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil || len(parts) != 2 {
		return nil, fmt.Errorf("unknown type %s", text)
	}
	if err := json.Unmarshal(parts[0], &name); err != nil {
		return nil, err
	}
	if name == "object" {
		return objectType(parts[1])
	}
	element, err := attributeType(parts[1])
	if err != nil {
		return nil, err
	}
	switch name {
	case "list":
		return tftypes.List{ElementType: element}, nil
	case "set":
		return tftypes.Set{ElementType: element}, nil
	case "map":
		return tftypes.Map{ElementType: element}, nil
	}
	return nil, fmt.Errorf("unknown type %q", name)
}

func objectType(text json.RawMessage) (tftypes.Type, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	types := map[string]tftypes.Type{}
	for name, field := range fields {
		typ, err := attributeType(field)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		types[name] = typ
	}
	return tftypes.Object{AttributeTypes: types}, nil
}
