// Package catalog is what the stand-in knows about the provider hashicorp/google: the schema of each resource, and the
// facts that a schema does not say, such as defaults and conflicts.
//
// It must not know what Terraform asks, or what the stand-in answers.
//
// To add one more resource, put it into data/schema.json as `terraform providers schema -json` of the real provider
// prints it, or into data/additions.json, and its facts into data/facts.json.
package catalog

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

//go:embed data/*.json
var files embed.FS

// Catalog is everything the stand-in knows about the provider.
type Catalog struct {
	// Provider is the schema of the block `provider "google"`.
	Provider *tfprotov6.Schema
	// Resources are the schemas of resources, by type.
	Resources map[string]*tfprotov6.Schema
	// DataSources are the schemas of data sources, by type.
	DataSources map[string]*tfprotov6.Schema
	// Facts are the facts about each resource, by type. A type without facts has none.
	Facts map[string]Facts
}

// Load reads the embedded files.
func Load() (*Catalog, error) {
	known := &Catalog{
		Resources:   map[string]*tfprotov6.Schema{},
		DataSources: map[string]*tfprotov6.Schema{},
		Facts:       map[string]Facts{},
	}
	for _, name := range []string{"schema.json", "additions.json"} {
		if err := known.addSchemas(name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range []string{"facts.json", "additional-facts.json"} {
		var facts map[string]Facts
		if err := read(name, &facts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		maps.Copy(known.Facts, facts)
	}
	return known, nil
}

// providerSchemas is the output of `terraform providers schema -json`.
type providerSchemas struct {
	Providers map[string]struct {
		Provider    *jsonSchema           `json:"provider"`
		Resources   map[string]jsonSchema `json:"resource_schemas"`
		DataSources map[string]jsonSchema `json:"data_source_schemas"`
	} `json:"provider_schemas"`
}

func (known *Catalog) addSchemas(name string) error {
	var all providerSchemas
	if err := read(name, &all); err != nil {
		return err
	}
	for _, provider := range all.Providers {
		if provider.Provider != nil {
			schema, err := provider.Provider.schema()
			if err != nil {
				return err
			}
			known.Provider = schema
		}
		if err := convert(provider.Resources, known.Resources); err != nil {
			return err
		}
		if err := convert(provider.DataSources, known.DataSources); err != nil {
			return err
		}
	}
	return nil
}

func convert(from map[string]jsonSchema, to map[string]*tfprotov6.Schema) error {
	for name, one := range from {
		schema, err := one.schema()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		to[name] = schema
	}
	return nil
}

func read(name string, into any) error {
	text, err := files.ReadFile("data/" + name)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
