//! Images from registries that Cloud Run takes no images from: they are pulled through mirrors in Artifact Registry.
//!
//! The names of the mirrors begin alike: `europe-docker.pkg.dev/my-project/segue` has the mirrors
//! `segue-ghcr`, `segue-quay`, `segue-mcr` and `segue-docker`. Terraform makes them.
//!
//! To add a registry: a line in [`MIRRORS`], and a repository in `terraform/modules/images`.

/// Hosts of registries, and the end of the name of each mirror.
const MIRRORS: [(&str, &str); 3] = [("ghcr.io", "ghcr"), ("quay.io", "quay"), ("mcr.microsoft.com", "mcr")];
/// The end of the name of Docker Hub's mirror.
const DOCKER_HUB: &str = "docker";

/// The name under which Cloud Run pulls an image. `mirror` is the beginning of the names of the mirrors. None: there are
/// no mirrors. Images of other registries keep their names.
pub(super) fn image(name: &str, mirror: Option<&str>) -> String {
    let name = name.trim();
    let Some(mirror) = mirror else { return name.to_owned() };
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => ("docker.io", name),
    };
    if host == "docker.io" {
        // The images of Docker itself have no owner in their names.
        let owner = if path.contains('/') { "" } else { "library/" };
        return format!("{mirror}-{DOCKER_HUB}/{owner}{path}");
    }
    match MIRRORS.iter().find(|(known, _)| *known == host) {
        Some((_, end)) => format!("{mirror}-{end}/{path}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_known_registries_come_from_their_mirrors() {
        let mirror = "eu-docker.pkg.dev/p/segue";
        for (name, expected) in [
            ("ghcr.io/kestra-io/pydata:latest", "eu-docker.pkg.dev/p/segue-ghcr/kestra-io/pydata:latest"),
            ("quay.io/a/b@sha256:0", "eu-docker.pkg.dev/p/segue-quay/a/b@sha256:0"),
            ("mcr.microsoft.com/powershell", "eu-docker.pkg.dev/p/segue-mcr/powershell"),
            ("python:3.13-slim", "eu-docker.pkg.dev/p/segue-docker/library/python:3.13-slim"),
            ("docker.io/python", "eu-docker.pkg.dev/p/segue-docker/library/python"),
            (" kestra/x:1 ", "eu-docker.pkg.dev/p/segue-docker/kestra/x:1"),
            ("gcr.io/a/b", "gcr.io/a/b"),
            ("eu-docker.pkg.dev/p/own/x", "eu-docker.pkg.dev/p/own/x"),
            ("registry.example.com:5000/x", "registry.example.com:5000/x"),
        ] {
            assert_eq!(image(name, Some(mirror)), expected);
            assert_eq!(image(name, None), name.trim());
        }
    }
}
