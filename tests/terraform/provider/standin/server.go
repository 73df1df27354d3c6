// Package standin answers Terraform's core in place of the provider hashicorp/google.
//
// It validates, plans and applies with the catalog alone. It stores nothing: all resources in Terraform's state exist.
//
// It must not know Segue's own configuration. Tests in the folder `plan` check Segue's configuration.
//
// If the real provider computes a value before it calls Google, add the value to plan.go. If a computed text must have
// Google's format, add a line to apply.go.
package standin

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"segue/tests/terraform/provider/catalog"
)

// Server is the stand-in of the provider.
type Server struct {
	unused
	known *catalog.Catalog
}

// New returns a server with the resources of the catalog.
func New(known *catalog.Catalog) *Server {
	return &Server{known: known}
}

// GetMetadata lists the types.
func (server *Server) GetMetadata(
	context.Context, *tfprotov6.GetMetadataRequest,
) (*tfprotov6.GetMetadataResponse, error) {
	answer := &tfprotov6.GetMetadataResponse{ServerCapabilities: capabilities()}
	for name := range server.known.Resources {
		answer.Resources = append(answer.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	for name := range server.known.DataSources {
		answer.DataSources = append(answer.DataSources, tfprotov6.DataSourceMetadata{TypeName: name})
	}
	return answer, nil
}

func capabilities() *tfprotov6.ServerCapabilities {
	return &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true, PlanDestroy: true}
}

// GetProviderSchema answers with every schema of the catalog.
func (server *Server) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: capabilities(),
		Provider:           server.known.Provider,
		ResourceSchemas:    server.known.Resources,
		DataSourceSchemas:  server.known.DataSources,
	}, nil
}

// ValidateProviderConfig accepts every configuration that has the schema.
func (server *Server) ValidateProviderConfig(
	_ context.Context, request *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: request.Config}, nil
}

// ConfigureProvider needs no configuration.
func (server *Server) ConfigureProvider(
	context.Context, *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

// ValidateResourceConfig checks a resource by the facts about its type.
func (server *Server) ValidateResourceConfig(
	_ context.Context, request *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	config, err := decode(server.known.Resources, request.TypeName, request.Config)
	if err != nil {
		return nil, err
	}
	found := validate(server.known.Facts[request.TypeName], config)
	return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: found}, nil
}

// UpgradeResourceState reads a stored state. There is one version of each schema.
func (server *Server) UpgradeResourceState(
	_ context.Context, request *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	schema, err := schemaOf(server.known.Resources, request.TypeName)
	if err != nil {
		return nil, err
	}
	state, err := request.RawState.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	upgraded, err := tfprotov6.NewDynamicValue(schema.ValueType(), state)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &upgraded}, err
}

// ReadResource answers with the stored state: nobody else changes resources.
func (server *Server) ReadResource(
	_ context.Context, request *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: request.CurrentState, Private: request.Private}, nil
}

// PlanResourceChange plans a resource by its schema and the facts about its type.
func (server *Server) PlanResourceChange(
	_ context.Context, request *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	prior, err := decode(server.known.Resources, request.TypeName, request.PriorState)
	if err != nil {
		return nil, err
	}
	proposed, err := decode(server.known.Resources, request.TypeName, request.ProposedNewState)
	if err != nil {
		return nil, err
	}
	answer := &tfprotov6.PlanResourceChangeResponse{
		PlannedPrivate: request.PriorPrivate,
		// Defaults make a plan differ from its configuration. Terraform accepts this only with the exemption, which the
		// real provider has too.
		UnsafeToUseLegacyTypeSystem: true,
	}
	if proposed.IsNull() {
		answer.PlannedState = request.ProposedNewState
		if reason := protected(prior); reason != "" {
			answer.Diagnostics = append(answer.Diagnostics, &tfprotov6.Diagnostic{
				Severity: tfprotov6.DiagnosticSeverityError,
				Summary:  "The resource is protected",
				Detail:   fmt.Sprintf("%s cannot be destroyed: %s", request.TypeName, reason),
			})
		}
		return answer, nil
	}
	schema, facts := server.known.Resources[request.TypeName], server.known.Facts[request.TypeName]
	planned, err := plan(request.TypeName, schema, facts, prior, proposed)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov6.NewDynamicValue(schema.ValueType(), planned)
	answer.PlannedState, answer.RequiresReplace = &state, replacements(facts, prior, planned)
	return answer, err
}

// ApplyResourceChange answers with the planned state. It invents values for unknown attributes.
func (server *Server) ApplyResourceChange(
	_ context.Context, request *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	planned, err := decode(server.known.Resources, request.TypeName, request.PlannedState)
	if err != nil {
		return nil, err
	}
	state, err := filled(server.known.Resources, request.TypeName, planned, false)
	return &tfprotov6.ApplyResourceChangeResponse{NewState: state, UnsafeToUseLegacyTypeSystem: true}, err
}

// ValidateDataResourceConfig accepts every configuration that has the schema.
func (server *Server) ValidateDataResourceConfig(
	context.Context, *tfprotov6.ValidateDataResourceConfigRequest,
) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

// ReadDataSource invents a value for every attribute that the configuration does not set.
func (server *Server) ReadDataSource(
	_ context.Context, request *tfprotov6.ReadDataSourceRequest,
) (*tfprotov6.ReadDataSourceResponse, error) {
	config, err := decode(server.known.DataSources, request.TypeName, request.Config)
	if err != nil {
		return nil, err
	}
	state, err := filled(server.known.DataSources, request.TypeName, config, true)
	return &tfprotov6.ReadDataSourceResponse{State: state}, err
}

func schemaOf(schemas map[string]*tfprotov6.Schema, typ string) (*tfprotov6.Schema, error) {
	schema, known := schemas[typ]
	if !known {
		return nil, fmt.Errorf("the stand-in knows no %s", typ)
	}
	return schema, nil
}

func decode(schemas map[string]*tfprotov6.Schema, typ string, value *tfprotov6.DynamicValue) (tftypes.Value, error) {
	schema, err := schemaOf(schemas, typ)
	if err != nil {
		return tftypes.Value{}, err
	}
	return value.Unmarshal(schema.ValueType())
}

func filled(
	schemas map[string]*tfprotov6.Schema, typ string, value tftypes.Value, absent bool,
) (*tfprotov6.DynamicValue, error) {
	state, err := fill(typ, schemas[typ], value, absent)
	if err != nil {
		return nil, err
	}
	encoded, err := tfprotov6.NewDynamicValue(schemas[typ].ValueType(), state)
	return &encoded, err
}
