package plan

import (
	"net/url"
	"slices"
	"testing"
)

func subscriptions(t *testing.T) []Values {
	t.Helper()
	var found []Values
	for _, one := range read(t, "plan.json").Of("google_pubsub_subscription") {
		found = append(found, one.Values())
	}
	return found
}

func TestEachSubscriptionOfAFunctionExists(t *testing.T) {
	var expected, got []string
	for name, facts := range functions(t) {
		for _, one := range facts.Subscriptions {
			expected = append(expected, prefix+"-"+name+"-"+one.Topic)
		}
	}
	for _, values := range subscriptions(t) {
		got = append(got, values.Text("name"))
	}
	slices.Sort(expected)
	slices.Sort(got)
	if !slices.Equal(expected, got) {
		t.Errorf("expected %v, got %v", expected, got)
	}
}

func TestNoSubscriptionExpires(t *testing.T) {
	for _, values := range subscriptions(t) {
		policies := values.Blocks("expiration_policy")
		if len(policies) != 1 || policies[0]["ttl"] != "" {
			t.Errorf("%s expires: %v", values.Text("name"), policies)
		}
		if kept := seconds(t, values.Text("message_retention_duration")); kept != 7*24*3600 {
			t.Errorf("%s keeps messages for %v s", values.Text("name"), kept)
		}
	}
}

func TestEveryPushHasAnAudienceThatTheServiceKnows(t *testing.T) {
	plan := read(t, "plan.json")
	known := map[string]string{}
	for _, one := range plan.Of("google_cloud_run_v2_service") {
		name := one.Values().Text("name")
		known["https://"+name+"-"+number+"."+region+".run.app"] = environment(one.Values())["SEGUE_PUSH_AUDIENCE"]
	}
	for _, values := range subscriptions(t) {
		endpoint, err := url.Parse(values.Text("push_config.push_endpoint"))
		if err != nil || endpoint.Scheme != "https" {
			t.Errorf("%s is pushed to %q", values.Text("name"), values.Text("push_config.push_endpoint"))
			continue
		}
		audience := values.Text("push_config.oidc_token.audience")
		if audience != "https://"+endpoint.Host || known[audience] != audience {
			expected := known["https://"+endpoint.Host]
			t.Errorf("%s has the audience %q, and the service expects %q", values.Text("name"), audience, expected)
		}
		email := values.Text("push_config.oidc_token.service_account_email")
		if "serviceAccount:"+email != account("push") {
			t.Errorf("%s is pushed by %q", values.Text("name"), email)
		}
	}
}

func TestPubSubWaitsAndRetriesWithinItsLimits(t *testing.T) {
	for _, values := range subscriptions(t) {
		name := values.Text("name")
		if deadline := values.Number("ack_deadline_seconds"); deadline < 10 || deadline > 600 {
			t.Errorf("%s: a deadline of %v s", name, deadline)
		}
		shortest := seconds(t, values.Text("retry_policy.minimum_backoff"))
		longest := seconds(t, values.Text("retry_policy.maximum_backoff"))
		if shortest > longest || longest > 600 {
			t.Errorf("%s waits from %v to %v s", name, shortest, longest)
		}
	}
}

// Google's own account moves dead letters. Without the roles for this, no dead letter arrives, and Pub/Sub delivers the
// message again and again.
func TestDeadLettersArrive(t *testing.T) {
	plan := read(t, "plan.json")
	agent := "serviceAccount:service-" + number + "@gcp-sa-pubsub.iam.gserviceaccount.com"
	given := map[string]bool{}
	for _, grant := range grants(t, plan) {
		if grant.Member == agent {
			given[grant.Role+" on "+grant.On] = true
		}
	}
	if !given["roles/pubsub.publisher on topic segue-dead-letters"] {
		t.Error("Pub/Sub may not publish dead letters")
	}
	taken := false
	for _, values := range subscriptions(t) {
		name := values.Text("name")
		taken = taken || values.Text("topic") == "segue-dead-letters"
		policies := values.Blocks("dead_letter_policy")
		if len(policies) == 0 {
			if values.Text("topic") != "segue-dead-letters" {
				t.Errorf("%s has no dead letters", name)
			}
			continue
		}
		if topic := policies[0].Text("dead_letter_topic"); topic != "projects/demo-project/topics/segue-dead-letters" {
			t.Errorf("%s: dead letters go to %q", name, topic)
		}
		// Cloud Run's refusals under load count as deliveries. With fewer deliveries, a message could become a dead
		// letter although it has no fault.
		if most := policies[0].Number("max_delivery_attempts"); most != 100 {
			t.Errorf("%s gives up after %v deliveries", name, most)
		}
		if !given["roles/pubsub.subscriber on subscription "+name] {
			t.Errorf("Pub/Sub may not take dead letters off %s", name)
		}
	}
	if !taken {
		t.Error("nobody takes dead letters")
	}
}
