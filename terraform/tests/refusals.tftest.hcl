# What cannot work is refused at plan, in a sentence, before Google is asked.

mock_provider "google" {}

variables {
  project        = "demo-project"
  project_number = "123456789012"
}

run "a_project_that_is_no_id" {
  command = plan
  variables {
    project = "My Project"
  }
  expect_failures = [var.project]
}

run "a_project_that_is_not_there" {
  command = plan
  variables {
    project_number = null
  }
  override_data {
    target = data.google_project.this[0]
    values = {
      number = ""
    }
  }
  expect_failures = [data.google_project.this]
}

run "a_prefix_with_capitals" {
  command = plan
  variables {
    prefix = "Segue"
  }
  expect_failures = [var.prefix]
}

run "a_prefix_that_is_too_long_for_an_account" {
  command = plan
  variables {
    prefix = "a-very-long-prefix"
  }
  expect_failures = [var.prefix]
}

run "a_region_without_cloud_tasks" {
  command = plan
  variables {
    region = "europe-west9"
  }
  expect_failures = [var.region]
}

run "an_image_without_a_digest" {
  command = plan
  variables {
    images = { http = "europe-west1-docker.pkg.dev/demo-project/segue/http:latest" }
  }
  expect_failures = [var.images]
}

run "people_without_identity_aware_proxy" {
  command = plan
  variables {
    api = { members = ["user:ada@example.com"] }
  }
  expect_failures = [var.api]
}

run "everybody" {
  command = plan
  variables {
    api = { auth = "iap", members = ["allUsers"] }
  }
  expect_failures = [var.api]
}

run "a_budget_of_nothing" {
  command = plan
  variables {
    budget = { amount = 0, billing_account = "012345-6789AB-CDEF01" }
  }
  expect_failures = [var.budget]
}

run "an_unknown_key_in_function_yaml" {
  command = plan
  variables {
    functions = "tests/functions/unknown-key"
  }
  expect_failures = [terraform_data.function_yaml]
}

run "a_missing_key_in_function_yaml" {
  command = plan
  variables {
    functions = "tests/functions/missing-key"
  }
  expect_failures = [terraform_data.function_yaml]
}

run "an_unknown_target_in_function_yaml" {
  command = plan
  variables {
    functions = "tests/functions/wrong-target"
  }
  expect_failures = [terraform_data.function_yaml]
}

run "an_unknown_ingress_in_function_yaml" {
  command = plan
  variables {
    functions = "tests/functions/public"
  }
  expect_failures = [terraform_data.function_yaml]
}

run "builds_may_not_replace_the_images_of_functions" {
  command = plan
  variables {
    image_repositories = ["segue-ghcr"]
  }
  expect_failures = [var.image_repositories]
}

run "a_repository_with_its_project" {
  command = plan
  variables {
    image_repositories = ["demo-project/flows"]
  }
  expect_failures = [var.image_repositories]
}

run "an_instance_of_cloud_sql_without_its_region" {
  command = plan

  variables {
    cloud_sql_instances = ["demo-project:trips"]
  }
  expect_failures = [var.cloud_sql_instances]
}
