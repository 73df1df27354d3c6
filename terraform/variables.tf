variable "alert_email" {
  description = "The e-mail address that alerts go to. Null: there are no alerts, which cost about 7 dollars a month (docs/cost.md)."
  type        = string
  default     = null

  validation {
    condition     = var.alert_email == null || can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", var.alert_email))
    error_message = "alert_email must be an e-mail address, such as data@example.com."
  }
}

variable "api" {
  description = <<-TEXT
    Who may use the API. `auth` is `basic` (a user name, and a password that Terraform makes and never sees) or `iap`
    (Identity-Aware Proxy). `members` are the people whom Identity-Aware Proxy lets in, as `user:ada@example.com` or
    `group:data@example.com`. `username` is the user of basic authentication.
  TEXT
  type = object({
    auth     = optional(string, "basic")
    members  = optional(set(string), [])
    username = optional(string, "segue@localhost")
  })
  default = {}

  validation {
    condition     = contains(["basic", "iap"], var.api.auth)
    error_message = "api.auth must be basic or iap."
  }

  validation {
    condition     = (var.api.auth == "iap") == (length(var.api.members) > 0)
    error_message = "api.members are the people whom Identity-Aware Proxy lets in: name them with auth = \"iap\", and only then."
  }

  validation {
    condition     = alltrue([for member in var.api.members : can(regex("^(user|group|domain|serviceAccount):.+", member))])
    error_message = "Each of api.members must be user:…, group:…, domain:… or serviceAccount:…; everybody (allUsers) is not possible."
  }
}

variable "buckets" {
  description = "Buckets that Terraform makes for flows. Names of buckets are unique in the whole of Google Cloud."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.buckets : can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", name))])
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, dashes, dots and underscores."
  }
}

variable "buckets_of_flows" {
  description = <<-TEXT
    What the names of buckets that flows make themselves (gcs.CreateBucket) begin with. Flows may use all buckets of the
    project with such names. Null: the project's id and a dash. An empty text: flows may use only `buckets`.
  TEXT
  type        = string
  default     = null
}

variable "budget" {
  description = <<-TEXT
    A monthly budget of the project, with mails at 50, 90 and 100 percent. `billing_account` is its id
    (`gcloud billing accounts list`), `amount` a whole number in the currency of the account. Null: no budget.
  TEXT
  type = object({
    amount          = number
    billing_account = string
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account must look like 0123AB-4567CD-89EF01."
  }

  validation {
    condition     = var.budget == null || try(var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "budget.amount must be a whole number of at least 1."
  }
}

variable "cloud_sql_instances" {
  description = <<-TEXT
    Instances of Cloud SQL that flows may use over their sockets, as `project:region:instance`. The service `postgres` has
    the socket of each in `/cloudsql`, and may connect to these instances only.
  TEXT
  type        = set(string)
  default     = []

  validation {
    condition = alltrue([
      for name in var.cloud_sql_instances : can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]+:[a-z0-9-]+:[a-z][a-z0-9-]*$", name))
    ])
    error_message = "Each of cloud_sql_instances must be project:region:instance, as the console shows the connection name."
  }
}

variable "datasets" {
  description = "BigQuery datasets that Terraform makes for flows."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.datasets : can(regex("^[A-Za-z0-9_]+$", name)) && length(name) <= 1024])
    error_message = "A dataset's name has letters, digits and underscores."
  }
}

variable "deletion_protection" {
  description = <<-TEXT
    Whether Terraform and Google refuse to delete what holds data: the database, buckets, datasets and the encryption
    key. Set it to false and apply before `terraform destroy`.
  TEXT
  type        = bool
  default     = true
}

variable "environment" {
  description = "More environment variables for every function, such as RUST_LOG or SEGUE_FOREIGN_FILES. No secrets: use Secret Manager."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^[A-Z][A-Z0-9_]*$", name))])
    error_message = "The names in environment must be upper-case letters, digits and underscores."
  }
}

variable "flows" {
  description = <<-TEXT
    A folder of flows. Each enabled schedule of these flows gets a job in Cloud Scheduler. The output `deploy_flows` is
    the command that saves the flows themselves. Null: no flows.
  TEXT
  type        = string
  default     = null
}

variable "functions" {
  description = "The folder of the functions, each with its function.yaml. Null: the folder `functions` of this repository."
  type        = string
  default     = null
}

variable "image_repositories" {
  description = <<-TEXT
    Repositories of Artifact Registry, in the project and the region, that the task `docker.Build` may push images to. Cloud
    Build pushes with the account that containers of flows run as, so these containers may push there too.
  TEXT
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.image_repositories : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "Each of image_repositories must be the name of a repository: lower-case letters, digits and dashes, without project and region."
  }
  validation {
    condition     = alltrue([for name in var.image_repositories : name != var.prefix && !startswith(name, "${var.prefix}-")])
    error_message = "image_repositories must not name ${var.prefix} or a name that begins with ${var.prefix}-: these repositories have the images of the functions and the mirrors."
  }
}

variable "image_tag" {
  description = "The tag of the images in the deployment's own repository. `images` overrides it for single functions."
  type        = string
  default     = "latest"

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag))
    error_message = "image_tag must be a tag of an image, such as latest or v1.2.0."
  }
}

variable "images" {
  description = "The image of each function, by its name, as the build writes them: REGISTRY/NAME@sha256:… ."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("^[^ ]+/[^ ]+@sha256:[0-9a-f]{64}$", image))])
    error_message = "Each of images must be given by its digest: REGISTRY/NAME@sha256:… ."
  }
}

variable "point_in_time_recovery" {
  description = "Whether Firestore keeps every version of the last seven days. Costs as much as the stored state, again."
  type        = bool
  default     = false
}

variable "prefix" {
  description = "The first part of every name. Two deployments in one project have prefixes of which none begins with the other."
  type        = string
  default     = "segue"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.prefix))
    error_message = "prefix must have 2 to 16 lower-case letters, digits and dashes, a letter first and no dash last."
  }
}

variable "project" {
  description = "The id of the project, such as my-project-123."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project's id: 6 to 30 lower-case letters, digits and dashes, a letter first and no dash last."
  }
}

variable "project_number" {
  description = "The number of the project. Null: Terraform asks Google for it, which needs credentials."
  type        = string
  default     = null

  validation {
    condition     = var.project_number == null || can(regex("^[0-9]{6,20}$", var.project_number))
    error_message = "project_number must be a number. `gcloud projects describe PROJECT` prints it as projectNumber."
  }
}

variable "public_webhooks" {
  description = <<-TEXT
    Whether there is one more service, with an address of its own, that everybody can reach and that answers webhooks
    only. The key of a webhook is the only secret there. Needed for callers that do not get through Identity-Aware Proxy
    or know no password, such as GitHub.
  TEXT
  type        = bool
  default     = false
}

variable "region" {
  description = "The region of everything: services, queue, database, buckets, datasets."
  type        = string
  default     = "europe-west1"

  # Cloud Tasks is in fewer regions than the other services: https://cloud.google.com/tasks/docs/locations
  validation {
    condition = contains([
      "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3", "asia-south1",
      "asia-southeast1", "asia-southeast2", "australia-southeast1", "europe-central2", "europe-west1", "europe-west2",
      "europe-west3", "europe-west6", "northamerica-northeast1", "southamerica-east1", "us-central1", "us-east1",
      "us-east4", "us-west1", "us-west2", "us-west3", "us-west4",
    ], var.region)
    error_message = "region must be a region with Cloud Tasks, such as europe-west1 or us-central1."
  }
}
