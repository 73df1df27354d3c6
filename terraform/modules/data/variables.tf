variable "buckets" {
  description = "Buckets to make."
  type        = set(string)
}

variable "datasets" {
  description = "Datasets to make."
  type        = set(string)
}

variable "deletion_protection" {
  description = "Whether what holds data cannot be deleted."
  type        = bool
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}
