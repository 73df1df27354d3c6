package plan

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var duration = regexp.MustCompile(`^[0-9]+(\.[0-9]{1,9})?s$`)

// seconds reads a duration as Google writes it: `600s`.
func seconds(t *testing.T, text string) float64 {
	t.Helper()
	if !duration.MatchString(text) {
		t.Errorf("%q is no duration", text)
		return 0
	}
	number, err := strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64)
	if err != nil {
		t.Error(err)
	}
	return number
}

func TestNamesHaveGooglesFormat(t *testing.T) {
	formats := map[string]map[string]string{
		"google_artifact_registry_repository": {"repository_id": `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`},
		"google_bigquery_dataset":             {"dataset_id": `^[A-Za-z0-9_]+$`},
		"google_cloud_run_v2_service":         {"name": `^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$`},
		"google_cloud_scheduler_job":          {"name": `^[A-Za-z0-9_-]{1,500}$`},
		"google_cloud_tasks_queue":            {"name": `^[A-Za-z0-9-]{1,100}$`},
		"google_firestore_database":           {"name": `^[a-z][a-z0-9-]{2,61}[a-z0-9]$`},
		"google_logging_metric":               {"name": `^[A-Za-z0-9_.,+!*',()%/-]{1,100}$`},
		"google_project_iam_custom_role":      {"role_id": `^[A-Za-z0-9_.]{3,64}$`},
		"google_pubsub_subscription":          {"name": `^[A-Za-z][A-Za-z0-9_.~+%-]{2,254}$`},
		"google_pubsub_topic":                 {"name": `^[A-Za-z][A-Za-z0-9_.~+%-]{2,254}$`},
		"google_secret_manager_secret":        {"secret_id": `^[A-Za-z0-9_-]{1,255}$`},
		"google_service_account":              {"account_id": `^[a-z][a-z0-9-]{4,28}[a-z0-9]$`},
		"google_storage_bucket":               {"name": `^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$`},
	}
	plan := read(t, "plan.json")
	for typ, arguments := range formats {
		resources := plan.Of(typ)
		if len(resources) == 0 {
			t.Errorf("the plan has no %s", typ)
		}
		for _, one := range resources {
			for argument, format := range arguments {
				if text := one.Values().Text(argument); !regexp.MustCompile(format).MatchString(text) {
					t.Errorf("%s: %s is %q", one.Address, argument, text)
				}
			}
		}
	}
}

func TestMembersAndRolesHaveGooglesFormat(t *testing.T) {
	member := regexp.MustCompile(`^(user|group|serviceAccount):[^@ ]+@[a-z0-9.-]+$|^domain:[a-z0-9.-]+$`)
	role := regexp.MustCompile(`^roles/[a-zA-Z]+\.[a-zA-Z]+$|^projects/[a-z0-9-]+/roles/[A-Za-z0-9_]+$`)
	permission := regexp.MustCompile(`^[a-z]+\.[A-Za-z]+\.[A-Za-z]+$`)
	for _, name := range []string{"plan.json", "iap.json"} {
		plan := read(t, name)
		for _, grant := range grants(t, plan) {
			if !member.MatchString(grant.Member) || !role.MatchString(grant.Role) {
				t.Errorf("%s: %q to %q", grant.Address, grant.Role, grant.Member)
			}
		}
		for _, one := range plan.Of("google_project_iam_custom_role") {
			for _, text := range one.Values().Texts("permissions") {
				if !permission.MatchString(text) {
					t.Errorf("%s: %q is no permission", one.Address, text)
				}
			}
		}
	}
}

func TestEverythingIsInOneRegion(t *testing.T) {
	for _, one := range read(t, "plan.json").Changes {
		for _, argument := range []string{"location", "location_id", "region"} {
			if place := one.Values().Text(argument); place != "" && place != region {
				t.Errorf("%s is in %s", one.Address, place)
			}
		}
	}
}

func TestJobsHaveCronsTimeZonesAndMessages(t *testing.T) {
	jobs := read(t, "plan.json").Of("google_cloud_scheduler_job")
	var flows []string
	for _, one := range jobs {
		values := one.Values()
		if problem := cronProblem(values.Text("schedule")); problem != "" {
			t.Errorf("%s: %q: %s", one.Address, values.Text("schedule"), problem)
		}
		if _, err := time.LoadLocation(values.Text("time_zone")); err != nil || values.Text("time_zone") == "" {
			t.Errorf("%s: the time zone %q", one.Address, values.Text("time_zone"))
		}
		topic := values.Text("pubsub_target.topic_name")
		if topic != "projects/demo-project/topics/segue-trigger-events" {
			t.Errorf("%s publishes to %q", one.Address, topic)
		}
		var message map[string]string
		data, err := base64.StdEncoding.DecodeString(values.Text("pubsub_target.data"))
		if err != nil || json.Unmarshal(data, &message) != nil {
			t.Errorf("%s publishes %q", one.Address, data)
		}
		if message["kind"] != "sweep" {
			flows = append(flows, message["namespace"]+" "+message["flowId"]+" "+message["triggerId"])
		}
	}
	expected := []string{
		"bay-wheels 03_gcp_load_data_scheduled monthly",
		"zoomcamp 04_gcp_taxi_scheduled green_schedule",
		"zoomcamp 04_gcp_taxi_scheduled yellow_schedule",
		"zoomcamp 07_postgres_taxi_scheduled green_schedule",
		"zoomcamp 07_postgres_taxi_scheduled yellow_schedule",
	}
	slices.Sort(flows)
	if !slices.Equal(flows, expected) || len(jobs) != len(expected)+1 {
		t.Errorf("%d jobs, with ticks of %v", len(jobs), flows)
	}
}

// cronProblem returns the error in a cron expression with five fields. Empty if the expression is valid.
func cronProblem(cron string) string {
	fields := strings.Fields(cron)
	limits := [][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}
	if len(fields) != len(limits) {
		return "it must have five fields"
	}
	number := regexp.MustCompile(`[0-9]+`)
	form := regexp.MustCompile(`^(\*|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/[0-9]+)?$`)
	for at, field := range fields {
		for part := range strings.SplitSeq(field, ",") {
			if !form.MatchString(part) {
				return part + " is no field"
			}
			values, _, _ := strings.Cut(part, "/")
			for _, text := range number.FindAllString(values, -1) {
				if value, err := strconv.Atoi(text); err != nil || value < limits[at][0] || value > limits[at][1] {
					return text + " is out of range"
				}
			}
		}
	}
	return ""
}

func TestACronThatGoogleRefusesIsFound(t *testing.T) {
	for cron, isFine := range map[string]bool{
		"0 9 1 * *": true, "*/15 8-18 * * MON-FRI": true, "7 * * * *": true,
		"0 9 1 *": false, "60 * * * *": false, "0 24 * * *": false, "0 0 0 * *": false, "0 0 * 13 *": false,
		"a.b * * * *": false,
	} {
		if problem := cronProblem(cron); (problem == "") != isFine {
			t.Errorf("%s: %q", cron, problem)
		}
	}
}

func TestTheQueueNeverGivesUp(t *testing.T) {
	queues := read(t, "plan.json").Of("google_cloud_tasks_queue")
	if len(queues) != 1 {
		t.Fatalf("%d queues", len(queues))
	}
	values := queues[0].Values()
	if values.Number("retry_config.max_attempts") != -1 || seconds(t, values.Text("retry_config.max_backoff")) > 600 {
		t.Errorf("the queue gives up: %v", values["retry_config"])
	}
	limits := values.Blocks("rate_limits")[0]
	if limits.Number("max_dispatches_per_second") > 500 || limits.Number("max_concurrent_dispatches") > 5000 {
		t.Errorf("Cloud Tasks allows less: %v", values["rate_limits"])
	}
}

// Google bills each condition of an alert. So a deployment has alerts only if an e-mail address for them is set.
func TestThereAreNoAlertsWithoutAReader(t *testing.T) {
	plan := read(t, "minimal.json")
	if policies := plan.Of("google_monitoring_alert_policy"); len(policies) > 0 {
		t.Errorf("%d alerts without an address", len(policies))
	}
	if len(plan.Of("google_monitoring_dashboard")) != 1 {
		t.Error("there is no dashboard")
	}
}

func TestAlertsAndTheDashboardAreWellFormed(t *testing.T) {
	plan := read(t, "plan.json")
	policies := plan.Of("google_monitoring_alert_policy")
	if len(policies) != 4 {
		t.Errorf("%d alerts", len(policies))
	}
	for _, one := range policies {
		threshold := one.Values().Blocks("conditions")[0].Blocks("condition_threshold")[0]
		if window := seconds(t, threshold.Text("aggregations.alignment_period")); window < 60 || window > 86400 {
			t.Errorf("%s looks at %v s", one.Address, window)
		}
		if waits := seconds(t, threshold.Text("duration")); int(waits)%60 != 0 {
			t.Errorf("%s waits %v s: it must be whole minutes", one.Address, waits)
		}
		advice := one.Values().Text("documentation.content")
		if !strings.Contains(threshold.Text("filter"), "resource.type=") || len(advice) < 80 {
			t.Errorf("%s has no resource, or no advice", one.Address)
		}
	}
	for _, one := range plan.Of("google_monitoring_dashboard") {
		if !json.Valid([]byte(one.Values().Text("dashboard_json"))) {
			t.Errorf("%s is no JSON", one.Address)
		}
	}
}
