output "encryption_key" {
  description = "The id of the secret with the key that encrypts SECRET inputs and outputs."
  value       = google_secret_manager_secret.this["encryption_key"].secret_id
  depends_on  = [google_secret_manager_secret_version.this]
}

output "password" {
  description = "The id of the secret with the API's password. Null: there is none."
  value       = one([for key, secret in google_secret_manager_secret.this : secret.secret_id if key == "api_password"])
  depends_on  = [google_secret_manager_secret_version.this]
}
