# The functions: one for each folder with a function.yaml. A new folder is deployed without a change here. With
# `public_webhooks`, the function that people reach is deployed once more, as the service `webhooks`.

locals {
  _folder = coalesce(var.functions, "${path.module}/../functions")

  functions = {
    for file in fileset(local._folder, "*/function.yaml") :
    dirname(file) => yamldecode(file("${local._folder}/${file}"))
  }

  people = one([for name, facts in local.functions : name if try(facts.ingress, "") == "all"])

  # The service `webhooks` starts executions, and everybody reaches it. So it has the same roles, but none for what
  # people do in the pages: no list of permissions, and nothing on the whole project or on objects of flows.
  deployed = merge(local.functions, {
    for name in ["webhooks"] : name => merge(local.functions[local.people], {
      roles = [
        for one in local.functions[local.people].roles : one
        if can(one.role) && !contains(["buckets", "project"], one.target)
      ]
      timeout_s = 60
    }) if var.public_webhooks && local.people != null
  })

  # Who is let in, by service. Only Pub/Sub is let in to all others.
  doors = merge(
    { for name in compact([local.people]) : name => var.api },
    { webhooks = { auth = "webhooks", members = toset([]), username = "" } },
  )

  images = {
    for name in keys(local.deployed) : name => lookup(
      var.images,
      name == "webhooks" ? local.people : name,
      "${module.images.repository}/${name == "webhooks" ? local.people : name}:${var.image_tag}",
    )
  }

  # Cloud Scheduler and people publish to the first two, and Pub/Sub itself to the third.
  topics = setunion(
    ["backfills", "trigger-events", "dead-letters"],
    flatten([for facts in local.functions : [for one in try(facts.subscriptions, []) : one.topic]]),
  )

  # The targets of the roles in a function.yaml. `topic/NAME` is checked apart.
  targets = ["bucket", "buckets", "cloud_sql", "database", "datasets", "images", "project", "queue", "secrets"]
  _topics = concat(["topic/task-*"], [for topic in local.topics : "topic/${topic}"])

  # The keys of function.yaml: docs/function-yaml.md explains them. True: the key must be there.
  keys = {
    act_as = true, concurrency = true, cpu = true, disk = false, ingress = true, kind = true, max_instances = true,
    memory = true, roles = true, subscriptions = true, timeout_s = true,
  }
  subscription_keys = toset([
    "ack_deadline_s", "max_delivery_attempts", "maximum_backoff_s", "minimum_backoff_s", "path", "topic",
  ])
  role_keys = [toset(["role", "target", "why"]), toset(["permissions", "target", "why"])]

  _file      = { for name in keys(local.functions) : name => "functions/${name}/function.yaml" }
  _explained = "docs/function-yaml.md explains every key."

  # What is wrong with the keys of each function.yaml.
  _needed = [for key, must in local.keys : key if must]
  unknown = { for name, facts in local.functions : name => join(", ", setsubtract(keys(facts), keys(local.keys))) }
  missing = { for name, facts in local.functions : name => join(", ", setsubtract(local._needed, keys(facts))) }
}

# Refuses a function.yaml at plan, in a sentence. The functions read the same files as strictly when they start.
resource "terraform_data" "function_yaml" {
  for_each = local.functions

  lifecycle {
    precondition {
      condition     = local.unknown[each.key] == ""
      error_message = "${local._file[each.key]} has the unknown key ${local.unknown[each.key]}. ${local._explained}"
    }
    precondition {
      condition     = local.missing[each.key] == ""
      error_message = "${local._file[each.key]} has no ${local.missing[each.key]}. ${local._explained}"
    }
    precondition {
      condition     = alltrue([for one in try(each.value.subscriptions, []) : toset(keys(one)) == local.subscription_keys])
      error_message = "A subscription in ${local._file[each.key]} must have the keys ${join(", ", local.subscription_keys)}."
    }
    precondition {
      condition     = alltrue([for one in try(each.value.roles, []) : contains(local.role_keys, toset(keys(one)))])
      error_message = "Each of roles in ${local._file[each.key]} must have target, why, and either role or permissions."
    }
    precondition {
      condition = alltrue([
        for one in try(each.value.roles, []) : contains(concat(local.targets, local._topics), one.target)
      ])
      error_message = "Each target in ${local._file[each.key]} must be ${join(", ", local.targets)}, or topic/ and a topic."
    }
    precondition {
      condition     = contains(["all", "internal"], try(each.value.ingress, ""))
      error_message = "ingress in ${local._file[each.key]} must be all or internal."
    }
    precondition {
      condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", each.key)) && length("${var.prefix}-${each.key}") <= 30
      error_message = "functions/${each.key} must have a name of lower-case letters, digits and dashes, short enough for the name of an account: 30 letters with the prefix and a dash."
    }
    precondition {
      condition     = !contains(["containers", "push", "tasks", "webhooks"], each.key)
      error_message = "A function may not be called ${each.key}: another service account has this name."
    }
  }
}

module "function" {
  source   = "./modules/function"
  for_each = local.deployed

  facts = each.value
  name  = each.key

  api = lookup(local.doors, each.key, null)
  environment = merge(var.environment, {
    SEGUE_BUCKET        = module.storage.bucket
    SEGUE_DATABASE      = module.state.database
    SEGUE_IMAGE_MIRROR  = module.images.mirror
    SEGUE_JOB_ACCOUNT   = module.storage.containers_account.email
    SEGUE_PREFIX        = var.prefix
    SEGUE_PROJECT       = var.project
    SEGUE_REGION        = var.region
    SEGUE_TASKS_ACCOUNT = module.delays.account.email
    # Messages of topics are pushed to the scheduler.
    SEGUE_SCHEDULER_URL = "https://${var.prefix}-scheduler-${local.project_number}.${var.region}.run.app"
    }, local.people == null ? {} : {
    # Messages about executions link to the pages.
    SEGUE_URL = "https://${var.prefix}-${local.people}-${local.project_number}.${var.region}.run.app"
  })
  image          = local.images[each.key]
  prefix         = var.prefix
  project        = var.project
  project_number = local.project_number
  region         = var.region

  accounts = {
    containers = module.storage.containers_account.name
    push       = module.messaging.push_account.name
    tasks      = module.delays.account.name
  }
  push_account = module.messaging.push_account
  secrets = merge(
    { SEGUE_ENCRYPTION_KEY = module.secrets.encryption_key },
    try(local.doors[each.key].auth, "") == "basic" ? { SEGUE_PASSWORD = module.secrets.password } : {},
  )
  targets = {
    bucket           = module.storage.bucket
    buckets          = module.data.buckets
    buckets_of_flows = var.buckets_of_flows == null ? "${var.project}-" : var.buckets_of_flows
    cloud_sql = {
      for name in var.cloud_sql_instances : name => {
        instance = regex("[^:]+$", name)
        project  = regex("^(.+):[^:]+:[^:]+$", name)[0]
      }
    }
    database = module.state.database
    datasets = module.data.datasets
    images   = module.images.mirrors
    queue    = module.delays.queue
    topics   = module.messaging.topics
  }

  depends_on = [terraform_data.function_yaml]
}
