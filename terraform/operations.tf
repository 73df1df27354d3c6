# What a person looks at: alerts, a dashboard, a budget.

module "alerts" {
  source = "./modules/alerts"

  budget         = var.budget
  email          = var.alert_email
  prefix         = var.prefix
  project        = var.project
  project_number = local.project_number
  scheduler      = "${var.prefix}-scheduler"

  depends_on = [google_project_service.this]
}
