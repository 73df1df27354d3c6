# What the functions share: topics, the database, buckets, the queue, secrets, images.

module "messaging" {
  source = "./modules/messaging"

  prefix         = var.prefix
  project        = var.project
  project_number = local.project_number
  topics         = local.topics

  depends_on = [google_project_service.this]
}

module "state" {
  source = "./modules/state"

  deletion_protection    = var.deletion_protection
  point_in_time_recovery = var.point_in_time_recovery
  prefix                 = var.prefix
  project                = var.project
  region                 = var.region

  depends_on = [google_project_service.this]
}

module "storage" {
  source = "./modules/storage"

  deletion_protection = var.deletion_protection
  image_repositories  = var.image_repositories
  prefix              = var.prefix
  project             = var.project
  region              = var.region

  depends_on = [google_project_service.this]
}

module "delays" {
  source = "./modules/delays"

  prefix  = var.prefix
  project = var.project
  region  = var.region
  topics  = module.messaging.topics

  depends_on = [google_project_service.this]
}

module "secrets" {
  source = "./modules/secrets"

  deletion_protection = var.deletion_protection
  prefix              = var.prefix
  project             = var.project
  region              = var.region
  with_password       = var.api.auth == "basic"

  depends_on = [google_project_service.this]
}

module "images" {
  source = "./modules/images"

  prefix  = var.prefix
  project = var.project
  region  = var.region

  depends_on = [google_project_service.this]
}

module "data" {
  source = "./modules/data"

  buckets             = var.buckets
  datasets            = var.datasets
  deletion_protection = var.deletion_protection
  project             = var.project
  region              = var.region

  depends_on = [google_project_service.this]
}
