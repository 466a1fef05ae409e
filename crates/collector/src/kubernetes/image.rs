//! Names of container images taken apart.
//!
//! Source: the grammar in the documentation of `github.com/distribution/reference`:
//! `[domain[:port]/]path[:tag][@algorithm:digest]`.

/// An image's name in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image<'a> {
    /// With the domain, if there is one.
    pub(super) repository: &'a str,
    pub(super) tag: Option<&'a str>,
    /// With its algorithm, as in `sha256:4b0b...`.
    pub(super) digest: Option<&'a str>,
}

/// Takes a name apart. `None` for what names no image, as a bare digest.
pub(super) fn parse(name: &str) -> Option<Image<'_>> {
    let (name, digest) = match name.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (name, None),
    };
    let last_part = name.rfind('/').map_or(0, |at| at + 1);
    let (repository, tag) = match name[last_part..].rfind(':') {
        Some(at) => (&name[..last_part + at], Some(&name[last_part + at + 1..])),
        None => (name, None),
    };
    let is_digest = digest.is_none_or(|digest| digest.split_once(':').is_some_and(|(_, hex)| is_hexadecimal(hex)));
    let is_name = !repository.is_empty() && repository.bytes().all(|byte| byte.is_ascii_graphic());
    let is_bare_digest = digest.is_none() && tag.is_some_and(|tag| tag.len() == 64 && is_hexadecimal(tag));
    (is_name && is_digest && !is_bare_digest).then_some(Image {
        repository,
        tag,
        digest,
    })
}

/// The name with its digest, and its registry where the name leaves Docker's out. `None` without a digest.
pub(super) fn canonical(name: &str) -> Option<String> {
    let name = name.strip_prefix("docker-pullable://").unwrap_or(name);
    let image = parse(name)?;
    let digest = image.digest?;
    let first = image.repository.split('/').next().unwrap_or_default();
    let has_domain = image.repository.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    let prefix = match (has_domain, image.repository.contains('/')) {
        (true, _) => "",
        (false, true) => "docker.io/",
        (false, false) => "docker.io/library/",
    };
    let tag = image.tag.map_or(String::new(), |tag| format!(":{tag}"));
    Some(format!("{prefix}{}{tag}@{digest}", image.repository))
}

/// The version that a name tells: its tag and its digest, whichever are there.
pub(super) fn version(name: &str) -> Option<String> {
    let image = parse(name)?;
    match (image.tag, image.digest) {
        (Some(tag), Some(digest)) => Some(format!("{tag}@{digest}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

fn is_hexadecimal(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:4b0b1b6f6cdd3e5b9e55f74a1e8d19ed93a3f5a04c6b6c3c57c4e6d19f6b7c4d";

    #[test]
    fn names_are_taken_apart() {
        let check = |name: &str, repository: &str, tag: Option<&str>, digest: Option<&str>| {
            let image = Image {
                repository,
                tag,
                digest,
            };
            assert_eq!(parse(name), Some(image), "{name}");
        };
        check("nginx", "nginx", None, None);
        check("nginx:1.29", "nginx", Some("1.29"), None);
        check("registry:5000/team/app", "registry:5000/team/app", None, None);
        check("registry:5000/team/app:v2", "registry:5000/team/app", Some("v2"), None);
        check(&format!("a/b:1@{DIGEST}"), "a/b", Some("1"), Some(DIGEST));
        check(&format!("a/b@{DIGEST}"), "a/b", None, Some(DIGEST));
        for nothing in ["", DIGEST, ":1", "a b", "a@b", "a@sha256:zz"] {
            assert_eq!(parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_canonical_name_has_registry_and_digest() {
        let check = |name: &str, expected: Option<&str>| {
            let expected = expected.map(|name| format!("{name}@{DIGEST}"));
            assert_eq!(canonical(&format!("{name}@{DIGEST}")), expected, "{name}");
        };
        check("nginx", Some("docker.io/library/nginx"));
        check("team/app", Some("docker.io/team/app"));
        check("docker-pullable://team/app", Some("docker.io/team/app"));
        check("registry:5000/app:2", Some("registry:5000/app:2"));
        check("localhost/app", Some("localhost/app"));
        assert_eq!(canonical("nginx:1.29"), None);
        assert_eq!(canonical(DIGEST), None);
    }

    #[test]
    fn a_version_is_tag_and_digest() {
        assert_eq!(version("a:1").as_deref(), Some("1"));
        assert_eq!(version(&format!("a@{DIGEST}")).as_deref(), Some(DIGEST));
        assert_eq!(version(&format!("a:1@{DIGEST}")), Some(format!("1@{DIGEST}")));
        assert_eq!(version("a"), None);
    }
}
