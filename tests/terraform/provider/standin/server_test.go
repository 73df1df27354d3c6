package standin

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"segue/tests/terraform/provider/catalog"
)

// one is a resource of a type, for a test.
type one struct {
	t      *testing.T
	server *Server
	typ    string
}

func resource(t *testing.T, typ string) one {
	t.Helper()
	known, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return one{t: t, server: New(known), typ: typ}
}

// value is a configuration. Attributes that are not in the map are null. Nested blocks are lists of such maps.
func (one one) value(fields map[string]any) tftypes.Value {
	return object(one.server.known.Resources[one.typ].ValueType(), fields)
}

func object(typ tftypes.Type, fields map[string]any) tftypes.Value {
	values := map[string]tftypes.Value{}
	for name, fieldType := range typ.(tftypes.Object).AttributeTypes {
		switch field := fields[name].(type) {
		case []map[string]any:
			var items []tftypes.Value
			element := elementType(fieldType)
			for _, item := range field {
				items = append(items, object(element, item))
			}
			values[name] = tftypes.NewValue(fieldType, items)
		default:
			values[name] = tftypes.NewValue(fieldType, field)
		}
	}
	return tftypes.NewValue(typ, values)
}

func elementType(typ tftypes.Type) tftypes.Type {
	if list, isList := typ.(tftypes.List); isList {
		return list.ElementType
	}
	return typ.(tftypes.Set).ElementType
}

func (one one) encode(value tftypes.Value) *tfprotov6.DynamicValue {
	one.t.Helper()
	encoded, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		one.t.Fatal(err)
	}
	return &encoded
}

func (one one) plan(prior, proposed tftypes.Value) (tftypes.Value, *tfprotov6.PlanResourceChangeResponse) {
	one.t.Helper()
	answer, err := one.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName:         one.typ,
		PriorState:       one.encode(prior),
		ProposedNewState: one.encode(proposed),
		Config:           one.encode(proposed),
	})
	if err != nil {
		one.t.Fatal(err)
	}
	planned, err := answer.PlannedState.Unmarshal(proposed.Type())
	if err != nil {
		one.t.Fatal(err)
	}
	return planned, answer
}

func (one one) apply(fields map[string]any) tftypes.Value {
	one.t.Helper()
	config := one.value(fields)
	planned, _ := one.plan(tftypes.NewValue(config.Type(), nil), config)
	answer, err := one.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: one.typ, PlannedState: one.encode(planned), Config: one.encode(config),
	})
	if err != nil {
		one.t.Fatal(err)
	}
	state, err := answer.NewState.Unmarshal(config.Type())
	if err != nil {
		one.t.Fatal(err)
	}
	return state
}

func TestComputedAttributesAreUnknownUntilApply(t *testing.T) {
	topic := resource(t, "google_pubsub_topic")
	config := topic.value(map[string]any{"name": "events", "project": "demo-project"})
	planned, _ := topic.plan(tftypes.NewValue(config.Type(), nil), config)
	if id := under(planned, "id")[0]; id.IsKnown() {
		t.Errorf("the id is planned as %s", id)
	}
	state := topic.apply(map[string]any{"name": "events", "project": "demo-project"})
	if id := text(state, "id"); id != "projects/demo-project/topics/events" {
		t.Errorf("the id is %q", id)
	}
	if !state.IsFullyKnown() {
		t.Error("the state has unknown values")
	}
}

func TestASecondPlanIsClean(t *testing.T) {
	bucket := resource(t, "google_storage_bucket")
	fields := map[string]any{"name": "files", "location": "EU", "soft_delete_policy": []map[string]any{{}}}
	state := bucket.apply(fields)
	if length := under(state, "soft_delete_policy.0.retention_duration_seconds")[0]; length.IsNull() {
		t.Error("the default of a nested attribute is missing")
	}
	planned, answer := bucket.plan(state, state)
	if !planned.Equal(state) || len(answer.RequiresReplace) > 0 {
		t.Errorf("the second plan changes %s", planned)
	}
}

func TestAServiceAccountHasItsNameBeforeItExists(t *testing.T) {
	account := resource(t, "google_service_account")
	config := account.value(map[string]any{"account_id": "segue-http", "project": "demo-project"})
	planned, _ := account.plan(tftypes.NewValue(config.Type(), nil), config)
	if member := text(planned, "member"); member != "serviceAccount:segue-http@demo-project.iam.gserviceaccount.com" {
		t.Errorf("the member is %q", member)
	}
}

func TestSomeChangesNeedAnotherResource(t *testing.T) {
	queue := resource(t, "google_cloud_tasks_queue")
	state := queue.apply(map[string]any{"name": "delays", "location": "europe-west1"})
	moved := queue.apply(map[string]any{"name": "delays", "location": "europe-west3"})
	if _, answer := queue.plan(state, moved); len(answer.RequiresReplace) != 1 {
		t.Errorf("a queue moves to another region by %v", answer.RequiresReplace)
	}
	paused := queue.apply(map[string]any{"name": "delays", "location": "europe-west1", "desired_state": "PAUSED"})
	if _, answer := queue.plan(state, paused); len(answer.RequiresReplace) != 0 {
		t.Errorf("a paused queue is another one: %v", answer.RequiresReplace)
	}
}

func TestAWriteOnlyValueIsNeverKept(t *testing.T) {
	version := resource(t, "google_secret_manager_secret_version")
	state := version.apply(map[string]any{"secret": "key", "secret_data_wo": "hidden"})
	if !under(state, "secret_data_wo")[0].IsNull() || strings.Contains(state.String(), "hidden") {
		t.Errorf("the state has the value: %s", state)
	}
}

func TestAProtectedResourceIsNotDestroyed(t *testing.T) {
	service := resource(t, "google_cloud_run_v2_service")
	state := service.apply(map[string]any{"name": "http", "location": "europe-west1"})
	gone := tftypes.NewValue(state.Type(), nil)
	if _, answer := service.plan(state, gone); len(answer.Diagnostics) != 1 {
		t.Errorf("it is destroyed, with %v", answer.Diagnostics)
	}
	free := map[string]any{"name": "http", "location": "europe-west1", "deletion_protection": false}
	if _, answer := service.plan(service.apply(free), gone); len(answer.Diagnostics) != 0 {
		t.Errorf("an unprotected one is not destroyed: %v", answer.Diagnostics[0].Detail)
	}
}

func TestFactsAreChecked(t *testing.T) {
	push := map[string]any{"push_endpoint": "https://a"}
	cases := []struct {
		about, typ string
		fields     map[string]any
		part       string
	}{
		{"a value of a list", "google_cloud_run_v2_service", map[string]any{"ingress": "EVERYBODY"}, "EVERYBODY"},
		{"the form of a name", "google_service_account", map[string]any{"account_id": "Segue"}, "does not match"},
		{"two targets", "google_pubsub_subscription", map[string]any{
			"push_config": []map[string]any{push}, "bigquery_config": []map[string]any{{"table": "a"}},
		}, "conflicts with"},
		{"no target", "google_cloud_scheduler_job", map[string]any{"name": "sweep"}, "exactly one of"},
		{"two kinds of replication", "google_secret_manager_secret", map[string]any{
			"replication": []map[string]any{{
				"auto":         []map[string]any{{}},
				"user_managed": []map[string]any{{"replicas": []map[string]any{{"location": "europe-west1"}}}},
			}},
		}, "exactly one of"},
	}
	for _, one := range cases {
		t.Run(one.about, func(t *testing.T) {
			resource := resource(t, one.typ)
			request := &tfprotov6.ValidateResourceConfigRequest{
				TypeName: one.typ, Config: resource.encode(resource.value(one.fields)),
			}
			answer, err := resource.server.ValidateResourceConfig(context.Background(), request)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range answer.Diagnostics {
				if strings.Contains(found.Detail, one.part) {
					return
				}
			}
			t.Errorf("nothing that says %q in %v", one.part, answer.Diagnostics)
		})
	}
}

func TestADataSourceHasAnAnswerToEverything(t *testing.T) {
	known, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	typ := known.DataSources["google_project"].ValueType()
	config, err := tfprotov6.NewDynamicValue(typ, object(typ, map[string]any{"project_id": "demo-project"}))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := New(known).ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{
		TypeName: "google_project", Config: &config,
	})
	if err != nil {
		t.Fatal(err)
	}
	state, err := answer.State.Unmarshal(typ)
	if err != nil {
		t.Fatal(err)
	}
	if number := text(state, "number"); number != "123456789012" || text(state, "project_id") != "demo-project" {
		t.Errorf("the project is %s", state)
	}
}

func TestATypeThatTheStandInDoesNotKnowIsAnError(t *testing.T) {
	known, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(known).ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{TypeName: "google_moon"})
	if err == nil || !strings.Contains(err.Error(), "google_moon") {
		t.Errorf("the error is %v", err)
	}
}
