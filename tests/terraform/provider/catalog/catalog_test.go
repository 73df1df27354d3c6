package catalog

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func load(t *testing.T) *Catalog {
	t.Helper()
	known, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func TestEveryFactIsAboutAnAttributeOrBlockOfItsResource(t *testing.T) {
	known := load(t)
	for typ, facts := range known.Facts {
		schema, exists := known.Resources[typ]
		if !exists {
			t.Errorf("there are facts about %s, which has no schema", typ)
			continue
		}
		for path := range facts.Attributes {
			if !has(schema.Block, path) {
				t.Errorf("%s has no %s", typ, path)
			}
		}
	}
}

func TestEveryDefaultHasTheTypeOfItsAttribute(t *testing.T) {
	known := load(t)
	for typ, facts := range known.Facts {
		for path, fact := range facts.Attributes {
			attribute := find(known.Resources[typ].Block, path)
			if attribute == nil {
				continue
			}
			if _, _, err := fact.DefaultValue(attribute.Type); err != nil {
				t.Errorf("%s.%s: %v", typ, path, err)
			}
		}
	}
}

func TestAnUnknownTypeIsRefused(t *testing.T) {
	for _, text := range []string{`"text"`, `["list"]`, `["tuple", "string"]`, `["object", {"a": "b"}]`} {
		if typ, err := attributeType([]byte(text)); err == nil {
			t.Errorf("%s is read as %s", text, typ)
		}
	}
}

func has(block *tfprotov6.SchemaBlock, path string) bool {
	if find(block, path) != nil {
		return true
	}
	first, rest, isNested := strings.Cut(path, ".")
	for _, nested := range block.BlockTypes {
		if nested.TypeName == first {
			return !isNested || has(nested.Block, rest)
		}
	}
	return false
}

func find(block *tfprotov6.SchemaBlock, path string) *tfprotov6.SchemaAttribute {
	first, rest, isNested := strings.Cut(path, ".")
	for _, nested := range block.BlockTypes {
		if isNested && nested.TypeName == first {
			return find(nested.Block, rest)
		}
	}
	for _, attribute := range block.Attributes {
		if !isNested && attribute.Name == path {
			return attribute
		}
	}
	return nil
}
