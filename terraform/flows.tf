# The schedules of a folder of flows.

locals {
  flows = {
    for file in var.flows == null ? [] : fileset(var.flows, "**/*.{yaml,yml}") :
    file => yamldecode(file("${var.flows}/${file}"))
  }

  _schedule_types = [
    "io.kestra.core.models.triggers.types.Schedule",
    "io.kestra.plugin.core.trigger.Schedule",
  ]

  # Names for crons that Cloud Scheduler does not know.
  _crons = {
    "@annually" = "0 0 1 1 *"
    "@daily"    = "0 0 * * *"
    "@hourly"   = "0 * * * *"
    "@midnight" = "0 0 * * *"
    "@monthly"  = "0 0 1 * *"
    "@weekly"   = "0 0 * * 0"
    "@yearly"   = "0 0 1 1 *"
  }

  _schedules = flatten([
    for file, flow in local.flows : [
      for trigger in try(flow.triggers, []) : {
        cron = lookup(
          local._crons, lower(trimspace(trigger.cron)), upper(join(" ", regexall("[^ \\t]+", trigger.cron))),
        )
        flow      = flow.id
        namespace = flow.namespace
        timezone  = try(trigger.timezone, "Etc/UTC")
        trigger   = trigger.id
      }
      if contains(local._schedule_types, trigger.type) && !try(trigger.disabled, false) && !try(flow.disabled, false)
    ]
  ])

  # Cloud Scheduler has five fields of numbers and names. A schedule with seconds, or with the last day of a month (L),
  # has no job: delayed messages tick it. The service `scheduler` has the same rules (shared/gcp/src/schedules/cron.rs).
  _values = [
    "[0-5]?[0-9]",
    "([01]?[0-9]|2[0-3])",
    "(0?[1-9]|[12][0-9]|3[01])",
    "(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)",
    "(0?[0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)",
  ]
  _parts = [for value in local._values : "(${value}|([*]|${value}-${value})(/(0?[1-9]|[1-5][0-9]))?)"]
  _cron  = "^${join(" ", [for part in local._parts : "${part}(,${part})*"])}$"

  # With both kinds of days, a day that fits one of them counts. It is not documented whether a step counts as a kind.
  _step_of_days = "^[^ ]+ [^ ]+ ([*]/[^ ]+ [^ ]+ [^* ][^ ]*|[^* ][^ ]* [^ ]+ [*]/[^ ]+|[*]/[^ ]+ [^ ]+ [*]/[^ ]+)$"
  _zone         = "^[A-Za-z][A-Za-z0-9/_+-]*$"

  # The name of each job, without the prefix. The service `scheduler` keeps the jobs of flows that change later, and
  # finds them by the same names (shared/gcp/src/schedules/name.rs).
  schedules = {
    for one in local._schedules : join("-", [
      substr(replace("${one.namespace}--${one.flow}--${one.trigger}", ".", "-"), 0, 399 - length(var.prefix)),
      substr(sha256("${one.namespace}/${one.flow}/${one.trigger}"), 0, 8),
    ]) => one
    if can(regex(local._cron, one.cron)) && !can(regex(local._step_of_days, one.cron))
    && can(regex(local._zone, one.timezone))
  }
}

module "schedules" {
  source = "./modules/schedules"

  prefix    = var.prefix
  project   = var.project
  region    = var.region
  schedules = local.schedules
  topic     = module.messaging.topics["trigger-events"]

  depends_on = [google_project_service.this]
}
