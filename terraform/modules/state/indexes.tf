# The composite indexes, and what has none. The tables in docs/firestore.md are the same; a test compares them.

locals {
  # The fields of each composite index, in their order. A word after a colon is not the usual ascending order.
  indexes = {
    backfills = [
      ["flow", "asked:desc"],
      ["namespaces:contains", "asked:desc"],
      ["state", "asked:desc"],
      ["trigger", "asked:desc"],
    ]
    executions = [
      ["firedBy", "start"],
      ["firedBy", "start:desc"],
      ["flow", "namespace", "trigger", "slot:desc"],
      ["flow", "start"],
      ["flow", "start:desc"],
      ["namespace", "start"],
      ["namespace", "start:desc"],
      ["state", "start"],
      ["state", "start:desc"],
      ["tags:contains", "start"],
      ["tags:contains", "start:desc"],
      ["trigger", "start"],
      ["trigger", "start:desc"],
    ]
  }

  _indexes = merge([
    for collection, all in local.indexes : {
      for fields in all : "${collection}: ${join(", ", fields)}" => {
        collection = collection
        fields     = [for field in fields : split(":", field)]
      }
    }
  ]...)

  # Fields that grow with time or count, with the only orders in which they are searched alone. Every further index on
  # such a field would limit how fast documents can be added.
  sequential = {
    "attempts.logged" = ["ASCENDING"]
    "backfills.count" = []
    "executions.slot" = []
    "timers.due"      = ["ASCENDING"]
    "triggers.count"  = []
    "triggers.due"    = ["ASCENDING"]
    "waiting.turn"    = ["ASCENDING"]
  }

  # Every collection group has the map `body`, which nobody searches.
  collections = toset([
    "attempts", "backfills", "executions", "flows", "kv", "lanes", "logs", "parts", "revisions", "segments", "timers",
    "triggers", "waiting",
  ])
}

resource "google_firestore_index" "this" {
  for_each = local._indexes

  project    = var.project
  database   = google_firestore_database.this.name
  collection = "${var.prefix}-${each.value.collection}"

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value[0]
      array_config = try(fields.value[1], "") == "contains" ? "CONTAINS" : null
      order        = try({ contains = null, desc = "DESCENDING" }[fields.value[1]], "ASCENDING")
    }
  }
}

# Without the exemption each text and each task run in a body would cost index entries, of which a document has 40,000
# at most. Google exempts no document that is there already, so this comes before the first function.
resource "google_firestore_field" "body" {
  for_each = local.collections

  project    = var.project
  database   = google_firestore_database.this.name
  collection = "${var.prefix}-${each.key}"
  field      = "body"

  index_config {}
}

resource "google_firestore_field" "sequential" {
  for_each = local.sequential

  project    = var.project
  database   = google_firestore_database.this.name
  collection = "${var.prefix}-${split(".", each.key)[0]}"
  field      = split(".", each.key)[1]

  index_config {
    dynamic "indexes" {
      for_each = each.value
      content {
        order = indexes.value
      }
    }
  }
}

# Key-values with an end are removed within about a day after it. Nobody sees them after their end.
resource "google_firestore_field" "expires" {
  project    = var.project
  database   = google_firestore_database.this.name
  collection = "${var.prefix}-kv"
  field      = "expires"

  ttl_config {}
}
