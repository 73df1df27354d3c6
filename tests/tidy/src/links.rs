//! Checks that relative links in the documentation lead to existing files.

use super::tree::{files, none, read, repository};

#[test]
fn every_link_leads_to_a_file() {
    let mut wrong = Vec::new();
    let mut links = 0;
    for path in files(&[".md"]) {
        let folder = repository().join(path.parent().unwrap());
        let text = read(&path);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if target.is_empty() || target.contains("://") {
                continue;
            }
            links += 1;
            if !folder.join(target).exists() {
                wrong.push(format!("{}: the link to {target} leads nowhere", path.display()));
            }
        }
    }
    assert!(links > 20, "{links} links");
    none(wrong);
}
