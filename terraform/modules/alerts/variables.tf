variable "budget" {
  description = "The monthly budget: amount and billing_account. Null: none."
  type        = object({ amount = number, billing_account = string })
}

variable "email" {
  description = "The address that alerts go to. Null: there are no alerts."
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

variable "scheduler" {
  description = "The name of the service that logs the end of a sweep."
  type        = string
}
