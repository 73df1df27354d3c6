provider "google" {
  project = var.project
  region  = var.region

  # The Billing Budgets API wants to know which project asks.
  billing_project       = var.project
  user_project_override = true

  default_labels = {
    app        = "segue"
    deployment = var.prefix
  }
}
