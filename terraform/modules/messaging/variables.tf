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

variable "topics" {
  description = "The topics, without the prefix."
  type        = set(string)
}
