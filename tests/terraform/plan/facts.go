package plan

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// Facts are the keys of a function.yaml that the checks use. Segue's own parser checks the whole file.
type Facts struct {
	ActAs         []string `yaml:"act_as"`
	Ingress       string   `yaml:"ingress"`
	Disk          string   `yaml:"disk"`
	Subscriptions []struct {
		Topic               string `yaml:"topic"`
		MaxDeliveryAttempts *int   `yaml:"max_delivery_attempts"`
	} `yaml:"subscriptions"`
	Roles []struct {
		Role        string   `yaml:"role"`
		Permissions []string `yaml:"permissions"`
		Target      string   `yaml:"target"`
		Why         string   `yaml:"why"`
	} `yaml:"roles"`
}

// ReadFacts reads the function.yaml of every folder. The keys of the map are the names of the folders.
func ReadFacts(functions string) (map[string]Facts, error) {
	files, err := filepath.Glob(filepath.Join(functions, "*", "function.yaml"))
	if err != nil {
		return nil, err
	}
	all := map[string]Facts{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var facts Facts
		if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&facts); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all[filepath.Base(filepath.Dir(file))] = facts
	}
	return all, nil
}
