# Who may call the service: Pub/Sub's account, or Identity-Aware Proxy and the people it lets in. Services that check
# their callers themselves need no entry here.

locals {
  callers = merge(
    length(var.facts.subscriptions) > 0 ? { push = var.push_account.member } : {},
    local.by_iap ? { iap = "serviceAccount:service-${var.project_number}@gcp-sa-iap.iam.gserviceaccount.com" } : {},
  )
}

resource "google_cloud_run_v2_service_iam_member" "caller" {
  for_each = local.callers

  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.invoker"
  member   = each.value
}

resource "google_iap_web_cloud_run_service_iam_member" "person" {
  for_each = toset(local.by_iap ? var.api.members : [])

  project                = var.project
  location               = var.region
  cloud_run_service_name = google_cloud_run_v2_service.this.name
  role                   = "roles/iap.httpsResourceAccessor"
  member                 = each.key
}
