variable "accounts" {
  description = "The accounts that functions may act as, by the words of act_as: the name of each."
  type        = map(string)
}

variable "api" {
  description = "How people reach the function: auth (basic, iap or webhooks), members and username. Null: only Pub/Sub reaches it."
  type = object({
    auth     = string
    members  = set(string)
    username = string
  })
}

variable "environment" {
  description = "Environment variables."
  type        = map(string)
}

variable "facts" {
  description = "The function.yaml."
  type        = any
}

variable "image" {
  description = "The image, with its tag or digest."
  type        = string
}

variable "name" {
  description = "The name of the function: that of its folder."
  type        = string
}

variable "prefix" {
  description = "The first part of every name."
  type        = string
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "project_number" {
  description = "The project's number."
  type        = string
}

variable "push_account" {
  description = "The account that pushes messages."
  type        = object({ email = string, member = string })
}

variable "region" {
  description = "The region."
  type        = string
}

variable "secrets" {
  description = "The ids of secrets of the platform, by the environment variable that has the value."
  type        = map(string)
}

variable "targets" {
  description = "What grants are on, by the words of a function.yaml."
  type = object({
    bucket           = string
    buckets          = map(string)
    buckets_of_flows = string
    cloud_sql        = map(object({ instance = string, project = string }))
    database         = string
    datasets         = map(string)
    images           = map(string)
    queue            = string
    topics           = map(string)
  })
}
