package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// onProject are Google's roles that an account may have on the whole project, each with the reason.
var onProject = map[string]string{
	"roles/bigquery.jobUser":  "a job belongs to the project",
	"roles/logging.logWriter": "Cloud Build writes the log of a build with the account of the build, and logs belong to the project",
}

func TestEachFunctionHasExactlyItsRoles(t *testing.T) {
	plan := read(t, "plan.json")
	given := map[string][]string{}
	for _, grant := range grants(t, plan) {
		given[grant.Member] = append(given[grant.Member], grant.Role+" on "+grant.On)
	}
	for name, facts := range functions(t) {
		expected := expectedOf(t, plan, name, facts)
		got := given[account(name)]
		slices.Sort(expected)
		slices.Sort(got)
		if !slices.Equal(expected, got) {
			list := func(roles []string) string { return strings.Join(roles, "\n          ") }
			t.Errorf("%s:\n expected %s\n got      %s", name, list(expected), list(got))
		}
	}
}

// The account of Cloud Tasks publishes messages, and creates another task for delays of more than 29 days. The account
// of containers reads and writes files, and builds images with it. The account of Pub/Sub calls services.
func TestTheOtherAccountsHaveExactlyTheirRoles(t *testing.T) {
	plan := read(t, "plan.json")
	tasks := "segue-tasks@" + project + ".iam.gserviceaccount.com"
	expected := map[string][]string{
		account("containers"): {
			"roles/artifactregistry.writer on repository flows", "roles/logging.logWriter on project",
			"roles/storage.objectUser on bucket demo-project-segue",
		},
		account("tasks"): {
			"roles/cloudtasks.enqueuer on queue segue-delays", "roles/iam.serviceAccountUser on account " + tasks,
		},
	}
	for _, one := range plan.Of("google_pubsub_topic") {
		topic := "roles/pubsub.publisher on topic " + one.Values().Text("name")
		expected[account("tasks")] = append(expected[account("tasks")], topic)
	}
	for name, facts := range functions(t) {
		if len(facts.Subscriptions) > 0 {
			call := "roles/run.invoker on service " + prefix + "-" + name
			expected[account("push")] = append(expected[account("push")], call)
		}
	}
	for member, roles := range expected {
		var got []string
		for _, grant := range grants(t, plan) {
			if grant.Member == member {
				got = append(got, grant.Role+" on "+grant.On)
			}
		}
		slices.Sort(roles)
		slices.Sort(got)
		if !slices.Equal(roles, got) {
			t.Errorf("%s: expected %v, got %v", member, roles, got)
		}
	}
}

// expectedOf returns the roles in a function.yaml, and the roles that every deployed function needs.
func expectedOf(t *testing.T, plan *Plan, name string, facts Facts) []string {
	t.Helper()
	expected := []string{"roles/secretmanager.secretAccessor on secret segue_encryption_key"}
	if facts.Ingress == "all" {
		expected = append(expected, "roles/secretmanager.secretAccessor on secret segue_api_password")
	}
	accounts := map[string]string{"tasks": "segue-tasks", "containers": "segue-containers", "push": "segue-push"}
	for _, other := range facts.ActAs {
		on := accounts[other] + "@" + project + ".iam.gserviceaccount.com"
		expected = append(expected, "roles/iam.serviceAccountUser on account "+on)
	}
	for _, grant := range facts.Roles {
		role := grant.Role
		if role == "" {
			role = fmt.Sprintf("projects/%s/roles/segue_%s_%s", project, name, grant.Target)
			checkPermissions(t, plan, role, grant.Permissions)
		}
		for _, on := range targets(plan, grant.Target) {
			expected = append(expected, role+" on "+on)
		}
	}
	return expected
}

// targets returns the resources that a target of a function.yaml means.
func targets(plan *Plan, target string) []string {
	topic, isTopic := strings.CutPrefix(target, "topic/")
	switch {
	case target == "topic/task-*":
		var topics []string
		for _, one := range plan.Of("google_pubsub_topic") {
			if name := one.Values().Text("name"); strings.HasPrefix(name, prefix+"-task-") {
				topics = append(topics, "topic "+name)
			}
		}
		return topics
	case isTopic:
		return []string{"topic " + prefix + "-" + topic}
	}
	const buckets = "projects/_/buckets/"
	return map[string][]string{
		"bucket": {"bucket demo-project-segue"},
		"buckets": {"bucket demo-trips", `project, only resource.name.startsWith("` + buckets + `demo-project-") && ` +
			`!(resource.name == "` + buckets + `demo-project-segue" || ` +
			`resource.name.startsWith("` + buckets + `demo-project-segue/"))`},
		"cloud_sql": {`project, only resource.name == "projects/demo-project/instances/trips" && ` +
			`resource.service == "sqladmin.googleapis.com"`},
		"database": {`project, only resource.name == "projects/demo-project/databases/segue-state"`},
		"datasets": {"dataset trips"},
		"images":   {"repository segue-docker", "repository segue-ghcr", "repository segue-mcr", "repository segue-quay"},
		"project":  {"project"},
		"queue":    {"queue segue-delays"},
		"secrets":  {`project, only resource.name.startsWith("projects/123456789012/secrets/segue-")`},
	}[target]
}

func checkPermissions(t *testing.T, plan *Plan, role string, permissions []string) {
	t.Helper()
	for _, one := range plan.Of("google_project_iam_custom_role") {
		if strings.HasSuffix(role, "/"+one.Values().Text("role_id")) {
			if got := slices.Sorted(slices.Values(one.Values().Texts("permissions"))); !slices.Equal(got, permissions) {
				t.Errorf("%s has %v, and not %v", role, got, permissions)
			}
			return
		}
	}
	t.Errorf("there is no role %s", role)
}

func TestARoleOnTheWholeProjectHasAReason(t *testing.T) {
	seen := map[string]bool{}
	for _, grant := range grants(t, read(t, "plan.json")) {
		if grant.On != "project" || strings.HasPrefix(grant.Role, "projects/"+project+"/roles/") {
			continue
		}
		seen[grant.Role] = true
		if onProject[grant.Role] == "" {
			t.Errorf("%s gives %s on the whole project", grant.Address, grant.Role)
		}
	}
	for role := range maps.Keys(onProject) {
		if !seen[role] {
			t.Errorf("nobody has %s any more: remove it from the list", role)
		}
	}
}

func TestNoMemberIsEverybody(t *testing.T) {
	for _, name := range []string{"plan.json", "iap.json"} {
		for _, grant := range grants(t, read(t, name)) {
			if grant.Member == "" || strings.HasPrefix(grant.Member, "all") {
				t.Errorf("%s: %s gives %s to %q", name, grant.Address, grant.Role, grant.Member)
			}
		}
	}
}

func TestNoRoleIsBasicOrManagesRoles(t *testing.T) {
	refused := []string{"roles/owner", "roles/editor", "roles/viewer", ".admin", ".setIamPolicy"}
	plan := read(t, "plan.json")
	for _, grant := range grants(t, plan) {
		for _, part := range refused {
			if strings.HasSuffix(strings.ToLower(grant.Role), part) {
				t.Errorf("%s gives %s", grant.Address, grant.Role)
			}
		}
	}
	for _, role := range plan.Of("google_project_iam_custom_role") {
		for _, permission := range role.Values().Texts("permissions") {
			if strings.HasSuffix(permission, "IamPolicy") || strings.Contains(permission, "serviceAccounts") {
				t.Errorf("%s has %s", role.Address, permission)
			}
		}
	}
}

// A function may act only as one of Segue's accounts. The role for this is never on the whole project, because there it
// would include every account.
func TestTheScriptsMayRunJobsAndUseNoAccountButTheirOwn(t *testing.T) {
	for _, grant := range grants(t, read(t, "plan.json")) {
		if grant.Role == "roles/iam.serviceAccountUser" && !strings.HasPrefix(grant.On, "account segue-") {
			t.Errorf("%s may act as %s", grant.Member, grant.On)
		}
	}
}

func TestOnlyPubSubCallsTheFunctions(t *testing.T) {
	plan := read(t, "plan.json")
	callers := map[string][]string{}
	for _, grant := range grants(t, plan) {
		if grant.Role == "roles/run.invoker" {
			callers[grant.On] = append(callers[grant.On], grant.Member)
		}
	}
	for _, one := range plan.Of("google_cloud_run_v2_service") {
		name, values := one.Values().Text("name"), one.Values()
		isForPeople := functions(t)[strings.TrimPrefix(name, prefix+"-")].Ingress == "all"
		expected, ingress := []string{account("push")}, "INGRESS_TRAFFIC_INTERNAL_ONLY"
		if isForPeople {
			expected, ingress = nil, "INGRESS_TRAFFIC_ALL"
		}
		if !slices.Equal(callers["service "+name], expected) || values.Text("ingress") != ingress {
			t.Errorf("%s is called by %v over %s", name, callers["service "+name], values.Text("ingress"))
		}
		if values["invoker_iam_disabled"] != isForPeople {
			t.Errorf("%s: invoker_iam_disabled is %v", name, values["invoker_iam_disabled"])
		}
	}
}

func TestIdentityAwareProxyAloneCallsTheAPI(t *testing.T) {
	plan := read(t, "iap.json")
	var seen []string
	for _, grant := range grants(t, plan) {
		if grant.On == "service segue-api" || grant.On == "proxy of service segue-api" {
			seen = append(seen, grant.Role+" "+grant.Member)
		}
	}
	expected := []string{
		"roles/iap.httpsResourceAccessor group:data@example.com",
		"roles/run.invoker serviceAccount:service-" + number + "@gcp-sa-iap.iam.gserviceaccount.com",
	}
	slices.Sort(seen)
	if !slices.Equal(seen, expected) {
		t.Errorf("the API is called by %v", seen)
	}
	for _, one := range plan.Of("google_cloud_run_v2_service") {
		if values := one.Values(); values.Text("name") == "segue-api" {
			if values["iap_enabled"] != true || values["invoker_iam_disabled"] != false {
				t.Errorf("the proxy is not asked: %v, %v", values["iap_enabled"], values["invoker_iam_disabled"])
			}
		}
	}
}

func TestWebhooksAreTheOnlyThingThatEverybodyReaches(t *testing.T) {
	open := func(name string) []string {
		var found []string
		for _, one := range read(t, name).Of("google_cloud_run_v2_service") {
			if values := one.Values(); values["invoker_iam_disabled"] == true {
				found = append(found, values.Text("name")+" "+environment(values)["SEGUE_API_AUTH"])
			}
		}
		return found
	}
	if found := open("iap.json"); !slices.Equal(found, []string{"segue-webhooks webhooks"}) {
		t.Errorf("with Identity-Aware Proxy and public webhooks, these services are open: %v", found)
	}
	// With basic authentication the API itself asks for the password.
	if found := open("plan.json"); !slices.Equal(found, []string{"segue-api "}) {
		t.Errorf("by default, these services are open: %v", found)
	}
	// What people do in the pages, nobody may do with a webhook: objects and secrets of flows, and names in the project.
	plan := read(t, "iap.json")
	for _, grant := range grants(t, plan) {
		isForPeople := strings.Contains(grant.Role, "/roles/") || grant.On == "project" ||
			slices.Contains(targets(plan, "buckets"), grant.On)
		if grant.Member == account("webhooks") && isForPeople {
			t.Errorf("webhooks have %s on %s", grant.Role, grant.On)
		}
	}
}
