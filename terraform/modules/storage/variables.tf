variable "deletion_protection" {
  description = "Whether what holds data cannot be deleted."
  type        = bool
}

variable "image_repositories" {
  description = "The repositories of Artifact Registry that builds of flows push to."
  type        = set(string)
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
