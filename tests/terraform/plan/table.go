package plan

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// reasons are the reasons for the deployment's own grants, by their address in the configuration. The reasons for the
// other grants are in the function.yaml of each function.
var reasons = map[string]string{
	"module.delays.google_cloud_tasks_queue_iam_member.tasks":                  "a delay of more than 29 days is a task that makes the next one",
	"module.delays.google_pubsub_topic_iam_member.tasks":                       "publishes delayed messages",
	"module.delays.google_service_account_iam_member.tasks_as_itself":          "the next task publishes in the same name",
	"module.function.google_cloud_run_v2_service_iam_member.caller":            "pushes messages",
	"module.function.google_pubsub_subscription_iam_member.dead_letters":       "takes dead letters off the subscriptions",
	"module.function.google_secret_manager_secret_iam_member.platform":         "its environment refers to the secret",
	"module.function.google_service_account_iam_member.act_as[\"containers\"]": "starts containers and builds that run as this account",
	"module.function.google_service_account_iam_member.act_as[\"push\"]":       "makes subscriptions that push as this account",
	"module.function.google_service_account_iam_member.act_as[\"tasks\"]":      "makes tasks that publish as this account",
	"module.messaging.google_pubsub_topic_iam_member.dead_letters":             "publishes dead letters",
	"module.messaging.google_service_account_iam_member.push_tokens":           "signs the tokens of pushed messages",
	"module.storage.google_artifact_registry_repository_iam_member.builds":     "builds of flows push their images",
	"module.storage.google_project_iam_member.builds":                          "builds of flows write their log",
	"module.storage.google_storage_bucket_iam_member.containers":               "containers read and write their files, and builds read theirs",
}

// Table returns the table of docs/roles.md. Each row has an account, a role, the resource and the reason. Names are
// without project and prefix.
func (plan *Plan) Table(functions map[string]Facts, prefix, project, number string) (string, error) {
	grants, err := plan.Grants()
	if err != nil {
		return "", err
	}
	short := strings.NewReplacer(
		"serviceAccount:"+prefix+"-", "", "@"+project+".iam.gserviceaccount.com", "",
		"serviceAccount:service-"+number+"@gcp-sa-pubsub.iam.gserviceaccount.com", "Pub/Sub's own",
		"projects/"+number+"/", "projects/NUMBER/", project, "PROJECT", " "+prefix+"-", " ", " "+prefix+"_", " ",
		"/"+prefix+"-", "/PREFIX-",
	)
	type row struct{ account, role, why string }
	things := map[row][]string{}
	for _, grant := range grants {
		why := reasonOf(grant, functions, prefix, project)
		if why == "" {
			return "", fmt.Errorf("%s has no reason: add it to table.go", grant.Address)
		}
		one := row{short.Replace(grant.Member), "`" + grant.Role + "`", why}
		if permissions := plan.permissions(grant.Role); permissions != nil {
			one.role = "`" + strings.Join(permissions, "`, `") + "`"
		}
		things[one] = append(things[one], short.Replace(strings.ReplaceAll(grant.On, " || ", " or ")))
	}
	rows := make([]row, 0, len(things))
	for one := range things {
		rows = append(rows, one)
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.role, b.role), cmp.Compare(a.why, b.why))
	})
	text := "| account | role or permissions | on | why |\n|---|---|---|---|\n"
	for _, one := range rows {
		slices.Sort(things[one])
		text += fmt.Sprintf("| %s | %s | %s | %s |\n", one.account, one.role, together(things[one]), one.why)
	}
	return text, nil
}

var index = regexp.MustCompile(`\[[^\]]*\]`)

func reasonOf(grant Grant, functions map[string]Facts, prefix, project string) string {
	bare := index.ReplaceAllString(grant.Address, "")
	if reason := reasons[bare]; reason != "" {
		return reason
	}
	if own := index.FindAllString(grant.Address, -1); len(own) > 0 && reasons[bare+own[len(own)-1]] != "" {
		return reasons[bare+own[len(own)-1]]
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(grant.Member, "serviceAccount:"+prefix+"-"), "@")
	for _, one := range functions[name].Roles {
		role := one.Role
		if role == "" {
			role = fmt.Sprintf("projects/%s/roles/%s_%s_%s", project, prefix, name, one.Target)
		}
		if role == grant.Role && isOn(one.Target, grant.On, prefix) {
			return one.Why
		}
	}
	return ""
}

// isOn returns whether a target of a function.yaml can mean this resource.
func isOn(target, on, prefix string) bool {
	kind, name, _ := strings.Cut(on, " ")
	switch target {
	case "bucket":
		return kind == "bucket" && strings.HasSuffix(name, "-"+prefix)
	case "buckets":
		return strings.Contains(on, "projects/_/buckets/") || kind == "bucket" && !strings.HasSuffix(name, "-"+prefix)
	case "cloud_sql":
		return strings.Contains(on, "/instances/")
	case "database", "secrets":
		return strings.Contains(on, "/"+target+"/") || strings.Contains(on, "/"+target+"s/")
	case "datasets":
		return kind == "dataset"
	case "images":
		return kind == "repository"
	case "project", "queue":
		return kind == target
	}
	matches, err := path.Match(prefix+"-"+strings.TrimPrefix(target, "topic/"), name)
	return err == nil && matches && kind == "topic"
}

// permissions returns the permissions of a role that the project defines. Nil for a role of Google.
func (plan *Plan) permissions(role string) []string {
	for _, one := range plan.Of("google_project_iam_custom_role") {
		if strings.HasSuffix(role, "/roles/"+one.Values().Text("role_id")) {
			return slices.Sorted(slices.Values(one.Values().Texts("permissions")))
		}
	}
	return nil
}

// together groups resources by kind, with the names after the kind: `topics a, b`.
func together(things []string) string {
	kind, first, hasName := strings.Cut(things[0], " ")
	names := []string{first}
	for _, one := range things[1:] {
		other, name, _ := strings.Cut(one, " ")
		if other != kind || !hasName {
			return strings.Join(things, "; ")
		}
		names = append(names, name)
	}
	if len(names) == 1 {
		return things[0]
	}
	if stem, endsInY := strings.CutSuffix(kind, "y"); endsInY {
		kind = stem + "ie"
	}
	return kind + "s " + strings.Join(names, ", ")
}
