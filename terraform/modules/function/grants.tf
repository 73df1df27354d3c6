# The `roles` of function.yaml. Each is on the smallest thing that Google allows.

locals {
  _roles = "projects/${var.project}/roles/"

  # What a grant is for, and its role. A list of permissions becomes a role of its own.
  grants = {
    for grant in var.facts.roles : "${grant.target}: ${try(grant.role, "permissions")}" => {
      target = grant.target
      role   = try(grant.role, "${local._roles}${google_project_iam_custom_role.this[grant.target].role_id}")
    }
  }

  _tasks = [for topic in keys(var.targets.topics) : topic if startswith(topic, "task-")]
  _topics = {
    for key, grant in local.grants : key => trimprefix(grant.target, "topic/") if startswith(grant.target, "topic/")
  }
  topics = merge([
    for key, topic in local._topics : {
      for one in(topic == "task-*" ? local._tasks : [topic]) : "${local.grants[key].role} ${one}" => {
        role  = local.grants[key].role
        topic = one
      }
    }
  ]...)

  # Each thing of flows, and each mirror, with each grant on its kind.
  _on = {
    for target in ["buckets", "cloud_sql", "datasets", "images"] :
    target => [for key, grant in local.grants : key if grant.target == target]
  }
  buckets = { for pair in setproduct(keys(var.targets.buckets), local._on.buckets) : join(" ", pair) => pair }
  cloud_sql = {
    for pair in setproduct(keys(var.targets.cloud_sql), local._on.cloud_sql) : join(" ", pair) => {
      grant    = pair[1]
      instance = var.targets.cloud_sql[pair[0]]
    }
  }
  datasets = { for pair in setproduct(keys(var.targets.datasets), local._on.datasets) : join(" ", pair) => pair }
  mirrors  = { for pair in setproduct(keys(var.targets.images), local._on.images) : join(" ", pair) => pair }

  # The bucket of internal storage may begin like the buckets of flows, and is none of them.
  _bucket   = "projects/_/buckets/${var.targets.bucket}"
  _internal = "resource.name == \"${local._bucket}\" || resource.name.startsWith(\"${local._bucket}/\")"

  # Google has no roles on a single database, on secrets that are not there yet, or on buckets that are not there yet.
  # A condition on the name says the same.
  conditions = {
    project  = null
    buckets  = "resource.name.startsWith(\"projects/_/buckets/${var.targets.buckets_of_flows}\") && !(${local._internal})"
    database = "resource.name == \"projects/${var.project}/databases/${var.targets.database}\""
    secrets  = "resource.name.startsWith(\"projects/${var.project_number}/secrets/${var.prefix}-\")"
  }
  on_project = {
    for key, grant in local.grants : key => grant
    if contains(keys(local.conditions), grant.target)
    && !(grant.target == "buckets" && var.targets.buckets_of_flows == "")
  }
}

resource "google_project_iam_custom_role" "this" {
  for_each = { for grant in var.facts.roles : grant.target => grant if can(grant.permissions) }

  project     = var.project
  role_id     = replace("${var.prefix}_${var.name}_${each.key}", "/[^A-Za-z0-9]/", "_")
  title       = "Segue: ${var.name} on ${each.key}"
  description = each.value.why
  permissions = each.value.permissions
}

resource "google_project_iam_member" "this" {
  for_each = local.on_project

  project = var.project
  role    = each.value.role
  member  = google_service_account.this.member

  dynamic "condition" {
    for_each = local.conditions[each.value.target][*]
    content {
      title      = "${var.prefix}-${each.value.target}"
      expression = condition.value
    }
  }
}

# Google has no role on a single instance of Cloud SQL, which may belong to another project.
resource "google_project_iam_member" "cloud_sql" {
  for_each = local.cloud_sql

  project = each.value.instance.project
  role    = local.grants[each.value.grant].role
  member  = google_service_account.this.member

  condition {
    title = "${var.prefix}-${each.value.instance.instance}"
    expression = join(" && ", [
      "resource.name == \"projects/${each.value.instance.project}/instances/${each.value.instance.instance}\"",
      "resource.service == \"sqladmin.googleapis.com\"",
    ])
  }
}

resource "google_storage_bucket_iam_member" "internal" {
  for_each = { for key, grant in local.grants : key => grant if grant.target == "bucket" }

  bucket = var.targets.bucket
  role   = each.value.role
  member = google_service_account.this.member
}

resource "google_storage_bucket_iam_member" "of_flows" {
  for_each = local.buckets

  bucket = var.targets.buckets[each.value[0]]
  role   = local.grants[each.value[1]].role
  member = google_service_account.this.member
}

resource "google_bigquery_dataset_iam_member" "this" {
  for_each = local.datasets

  project    = var.project
  dataset_id = var.targets.datasets[each.value[0]]
  role       = local.grants[each.value[1]].role
  member     = google_service_account.this.member
}

resource "google_artifact_registry_repository_iam_member" "this" {
  for_each = local.mirrors

  project    = var.project
  location   = var.region
  repository = var.targets.images[each.value[0]]
  role       = local.grants[each.value[1]].role
  member     = google_service_account.this.member
}

resource "google_pubsub_topic_iam_member" "this" {
  for_each = local.topics

  project = var.project
  topic   = var.targets.topics[each.value.topic]
  role    = each.value.role
  member  = google_service_account.this.member
}

resource "google_cloud_tasks_queue_iam_member" "this" {
  for_each = { for key, grant in local.grants : key => grant if grant.target == "queue" }

  project  = var.project
  location = var.region
  name     = var.targets.queue
  role     = each.value.role
  member   = google_service_account.this.member
}
