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

variable "topics" {
  description = "The names of the topics, by their names without the prefix."
  type        = map(string)
}
