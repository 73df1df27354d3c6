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
        cron      = lookup(local._crons, trigger.cron, trigger.cron)
        flow      = flow.id
        namespace = flow.namespace
        timezone  = try(trigger.timezone, "Etc/UTC")
        trigger   = trigger.id
      }
      if contains(local._schedule_types, trigger.type) && !try(trigger.disabled, false) && !try(flow.disabled, false)
    ]
  ])

  # Cloud Scheduler has five fields of numbers and names. A schedule with seconds, or with the last day of a month (L),
  # has no job: the sweep finds its fire times.
  _value = "([0-9]{1,2}|[A-Za-z]{3})"
  _part  = "([*]|${local._value}(-${local._value})?)(/[0-9]{1,2})?"
  _cron  = "^${local._part}(,${local._part})*( +${local._part}(,${local._part})*){4}$"

  schedules = {
    for one in local._schedules : replace("${one.namespace}--${one.flow}--${one.trigger}", ".", "-") => one
    if can(regex(local._cron, one.cron))
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
