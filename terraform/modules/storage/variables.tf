variable "deletion_protection" {
  description = "Whether what holds data cannot be deleted."
  type        = bool
}

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
