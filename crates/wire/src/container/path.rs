//! What the path of a log file tells about its container, and which names rotated files have.

/// Hexadecimal digits of a container's id at the end of a `/var/log/containers` name.
const CONTAINER_ID_DIGITS: usize = 64;

/// Facts of a container that stand in its log file's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodFacts {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Uid of the pod; for static pods the hash of their manifest. Not in `/var/log/containers` names.
    pub uid: Option<String>,
    /// Name of the container within its pod.
    pub container: String,
    /// How often the container was started again. Not in `/var/log/containers` names.
    pub restart_count: Option<u32>,
    /// The runtime's id of the container; only in `/var/log/containers` names.
    pub container_id: Option<String>,
}

/// Reads `.../<namespace>_<pod>_<uid>/<container>/<restart count>.log`, also rotated, or
/// `.../<pod>_<namespace>_<container>-<64 digits>.log`.
pub fn facts_from_path(path: &str) -> Option<PodFacts> {
    facts_from_pods_path(path).or_else(|| facts_from_containers_name(path.rsplit('/').next()?))
}

fn facts_from_pods_path(path: &str) -> Option<PodFacts> {
    let mut parts = path.rsplit('/');
    let (file, container, pod_folder) = (parts.next()?, parts.next()?, parts.next()?);
    let live = rotation_of_name(file).map_or(file, |(live, _)| live);
    let restart_count = live.strip_suffix(".log")?.parse().ok()?;
    let mut names = pod_folder.split('_');
    let (namespace, pod, uid) = (names.next()?, names.next()?, names.next()?);
    let is_whole = names.next().is_none() && [namespace, pod, uid, container].iter().all(|name| !name.is_empty());
    is_whole.then(|| PodFacts {
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        uid: Some(uid.to_owned()),
        container: container.to_owned(),
        restart_count: Some(restart_count),
        container_id: None,
    })
}

fn facts_from_containers_name(file: &str) -> Option<PodFacts> {
    let mut names = file.strip_suffix(".log")?.splitn(3, '_');
    let (pod, namespace, rest) = (names.next()?, names.next()?, names.next()?);
    let (container, id) = rest.rsplit_once('-')?;
    let is_id = id.len() == CONTAINER_ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_whole = is_id && [namespace, pod, container].iter().all(|name| !name.is_empty());
    is_whole.then(|| PodFacts {
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        uid: None,
        container: container.to_owned(),
        restart_count: None,
        container_id: Some(id.to_owned()),
    })
}

/// Place of a rotated file among its siblings; smaller is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rotation {
    /// `YYYYMMDDHHMMSS` as a number, or minus `n` for the name `.n`: there the largest number is the oldest file.
    pub order: i64,
    /// Whether the name ends in `.gz`.
    pub is_compressed: bool,
}

/// Splits the name of a rotated file, `0.log.20261122-180000`, `app.log.3`, either with `.gz`, into the name it had
/// while it was written to and its place; `None` when it is no such name.
pub fn rotation_of_name(name: &str) -> Option<(&str, Rotation)> {
    let (plain, is_compressed) = match name.strip_suffix(".gz") {
        Some(plain) => (plain, true),
        None => (name, false),
    };
    let (live, suffix) = plain.rsplit_once('.')?;
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<i64>().ok())?
    };
    let order = match suffix.as_bytes() {
        [date @ .., b'-', _, _, _, _, _, _] if date.len() == 8 => {
            digits(&suffix[..8])? * 1_000_000 + digits(&suffix[9..])?
        }
        number if (1..=4).contains(&number.len()) => -digits(suffix)?,
        _ => return None,
    };
    (!live.is_empty()).then_some((live, Rotation { order, is_compressed }))
}
