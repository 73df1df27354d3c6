variable "prefix" {
  description = "The first part of every name."
  type        = string
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "schedules" {
  description = "The schedules of flows, by a name that is allowed for a job."
  type = map(object({
    cron      = string
    flow      = string
    namespace = string
    timezone  = string
    trigger   = string
  }))

  validation {
    condition     = length(var.schedules) < 1000
    error_message = "Cloud Scheduler has at most 1,000 jobs in a region, the sweep among them; the flows have more schedules. Delayed messages tick the schedules without a job: leave some flows out of `flows`."
  }
}

variable "topic" {
  description = "The name of the topic for ticks and the sweep."
  type        = string
}
