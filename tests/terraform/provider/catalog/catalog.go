// Package catalog describes the provider hashicorp/google for the stand-in: the schema of each resource, and facts that
// a schema does not contain, such as defaults and conflicts.
//
// It must not know the requests of Terraform, or the answers of the stand-in.
//
// To add a resource, put its schema into data/schema.json, as `terraform providers schema -json` prints it for the real
// provider, or into data/additions.json. Put its facts into data/facts.json.
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

// Catalog has the schemas of the provider and the facts about its resources.
type Catalog struct {
	// Provider is the schema of the block `provider "google"`.
	Provider *tfprotov6.Schema
	// Resources are the schemas of resources, by type.
	Resources map[string]*tfprotov6.Schema
	// DataSources are the schemas of data sources, by type.
	DataSources map[string]*tfprotov6.Schema
	// Facts are the facts about each resource, by type. A type without facts is absent.
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
