# What a deployment consists of, and what its variables change.

mock_provider "google" {
  mock_resource "google_service_account" {
    override_during = plan
    defaults = {
      email  = "segue@demo-project.iam.gserviceaccount.com"
      member = "serviceAccount:segue@demo-project.iam.gserviceaccount.com"
    }
  }
}

variables {
  project        = "demo-project"
  project_number = "123456789012"
}

run "each_folder_is_a_service" {
  command = plan

  assert {
    condition     = toset(keys(output.services)) == toset([for file in fileset("../functions", "*/function.yaml") : dirname(file)])
    error_message = "The services are ${join(", ", keys(output.services))}."
  }
  assert {
    condition     = output.api == "https://segue-api-123456789012.europe-west1.run.app"
    error_message = "The API is at ${output.api}."
  }
  assert {
    condition     = output.password != null && output.deploy_flows == null && output.schedules == {}
    error_message = "Without variables the API has a password, and there are no flows."
  }
}

run "prefix_and_region_are_in_every_name" {
  command = plan
  variables {
    prefix = "trips"
    region = "us-central1"
  }

  assert {
    condition     = alltrue([for name in values(output.services) : startswith(name, "trips-")])
    error_message = "A service has another prefix: ${join(", ", values(output.services))}."
  }
  assert {
    condition     = output.repository == "us-central1-docker.pkg.dev/demo-project/trips"
    error_message = "Images are in ${output.repository}."
  }
  assert {
    condition     = output.backfills_topic == "projects/demo-project/topics/trips-backfills"
    error_message = "Backfills are requested in ${output.backfills_topic}."
  }
}

run "identity_aware_proxy_needs_no_password" {
  command = plan
  variables {
    api = { auth = "iap", members = ["group:data@example.com"] }
  }

  assert {
    condition     = output.password == null
    error_message = "There is a password, though Identity-Aware Proxy asks for none."
  }
  assert {
    condition     = endswith(output.server, "segue server --platform gcp") && strcontains(output.server, "--secret=segue_encryption_key")
    error_message = "An API on another machine is started by ${output.server}."
  }
}

run "mirrors_can_be_named_in_flows" {
  command = plan

  assert {
    condition     = output.mirrors["ghcr"] == "europe-west1-docker.pkg.dev/demo-project/segue-ghcr"
    error_message = "The mirrors are ${jsonencode(output.mirrors)}."
  }
}

run "schedules_of_flows_become_jobs" {
  command = plan
  variables {
    flows = "../flows"
  }

  assert {
    condition     = output.schedules["zoomcamp--04_gcp_taxi_scheduled--green_schedule-803357b6"] == "0 9 1 * *"
    error_message = "The jobs are ${join(", ", keys(output.schedules))}."
  }
  assert {
    condition     = strcontains(output.deploy_flows, "flow import ../flows")
    error_message = "Flows are deployed by ${output.deploy_flows}."
  }
}

run "schedules_that_a_job_cannot_say_have_none" {
  command = plan
  variables {
    flows = "tests/flows"
  }

  assert {
    condition = output.schedules == {
      "tests-terraform--schedules--hourly-d8c27708" = "0 * * * *"
      "tests-terraform--schedules--sunday-6155f6ee" = "0 6 13 * 7"
      "tests-terraform--schedules--zoned-6c79a139"  = "*/15 6,18-20 * JAN-JUN MON"
    }
    error_message = "The jobs are ${jsonencode(output.schedules)}."
  }
}

# shared/gcp/src/schedules/name.rs expects the same name.
run "the_service_finds_the_same_names" {
  command = plan
  variables {
    flows = "tests/named"
  }

  assert {
    condition     = keys(output.schedules) == ["zoomcamp--taxi--monthly-be1da24f"]
    error_message = "The jobs are ${jsonencode(output.schedules)}."
  }
}
