//! The demo's files are what a kubelet's node has.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use longshore_model::SECOND_NS;

use super::*;
use crate::limits::CRI_PIECE_BYTES_MAX;

/// A fixed moment; the history before it holds a burst and an error spike.
const NOW: TimestampNs = TimestampNs(1_795_370_400 * SECOND_NS);

/// Reads a log file strictly as the CRI format is written down; gives (time, stream, whole line).
fn read_cri(text: &str) -> Vec<(TimestampNs, String, String)> {
    assert!(text.ends_with('\n'));
    let mut lines = Vec::new();
    let mut begun: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.splitn(4, ' ');
        let mut field = || fields.next().unwrap_or_else(|| panic!("too few fields: {line:.80}"));
        let (at, stream, tag, rest) = (field(), field().to_owned(), field(), field());
        let at = TimestampNs::parse_rfc3339(at.as_bytes()).unwrap();
        assert!(stream == "stdout" || stream == "stderr", "{line:.80}");
        assert!(rest.len() <= CRI_PIECE_BYTES_MAX);
        begun.entry(stream.clone()).or_default().push_str(rest);
        match tag {
            "P" => assert_eq!(rest.len(), CRI_PIECE_BYTES_MAX),
            "F" => lines.push((at, stream.clone(), begun.remove(&stream).unwrap())),
            _ => panic!("no tag: {line:.80}"),
        }
    }
    assert!(begun.is_empty(), "a line was begun and not ended");
    lines
}

type Lines = BTreeMap<&'static str, Vec<(TimestampNs, String, String)>>;

/// What the demo writes at its start, read once for all tests.
static HISTORY: LazyLock<Lines> = LazyLock::new(|| {
    let root = tempfile::tempdir().unwrap();
    Demo::open(root.path(), NOW).unwrap();
    let mut all: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for container in &CONTAINERS {
        // Pieces are cut in the middle of characters, as containerd cuts them.
        let bytes = fs::read(root.path().join("containers").join(container.link_name())).unwrap();
        let text = String::from_utf8(
            bytes
                .iter()
                .map(|byte| if byte.is_ascii() { *byte } else { b'?' })
                .collect(),
        );
        all.entry(container.name).or_default().extend(read_cri(&text.unwrap()));
    }
    all
});

#[test]
fn lays_out_a_kubelets_folders() {
    let root = tempfile::tempdir().unwrap();
    Demo::open(root.path(), NOW).unwrap();
    for container in &CONTAINERS {
        let link = root.path().join("containers").join(container.link_name());
        let target = fs::read_link(&link).unwrap();
        assert!(target.is_absolute());
        let folders = target.strip_prefix(root.path().canonicalize().unwrap()).unwrap();
        let Container { namespace, pod, name } = container;
        assert_eq!(
            folders,
            PathBuf::from(format!("pods/{namespace}_{pod}_{}/{name}/0.log", container.uid()))
        );
        let name = link.file_name().unwrap().to_str().unwrap();
        let (head, id) = name.strip_suffix(".log").unwrap().rsplit_once('-').unwrap();
        assert_eq!(head, format!("{pod}_{namespace}_{}", container.name));
        assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(
            container.uid().split('-').map(str::len).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
    }
}

#[test]
fn the_history_is_in_order_and_reaches_back() {
    let all = &*HISTORY;
    assert_eq!(
        all.keys().copied().collect::<Vec<_>>(),
        ["checkout", "inventory", "payments", "web", "worker"]
    );
    for (service, lines) in all {
        assert!(lines.len() > 200, "{service} wrote {} lines", lines.len());
        assert!(
            lines
                .iter()
                .all(|(at, ..)| at.0 > NOW.0 - DEMO_HISTORY_NS - SECOND_NS && *at <= NOW)
        );
    }
    let web = &all["web"];
    assert!(web.is_sorted_by(|a, b| a.0 < b.0), "times of one container must grow");
}

#[test]
fn the_history_holds_every_kind_of_line() {
    let all = &*HISTORY;
    let count = |service: &str, part: &str| all[service].iter().filter(|(.., text)| text.contains(part)).count();
    assert!(count("web", "kube-probe/") > 300);
    assert!(count("web", "\" 502 ") > 5, "the error spike is missing");
    assert!(count("checkout", "\"level\":\"error\"") > 5);
    assert!(count("payments", "level=error") > 5);
    assert!(count("inventory", "\tat com.shop.inventory") > 20);
    assert!(count("worker", "] \"Job done\"") > 100);
    let long = all["checkout"]
        .iter()
        .filter(|(.., text)| text.len() > CRI_PIECE_BYTES_MAX)
        .count();
    assert!(long > 3, "{long} long lines");
    let streams = |service: &str, name: &str| all[service].iter().any(|(_, stream, _)| stream == name);
    assert!(streams("web", "stdout") && streams("web", "stderr"));
}

#[test]
fn services_share_trace_ids() {
    let all = &*HISTORY;
    let (.., failed) = all["payments"]
        .iter()
        .find(|(.., text)| text.contains("level=error"))
        .unwrap();
    let (_, trace_id) = failed.rsplit_once("trace_id=").unwrap();
    for service in ["checkout", "inventory", "web"] {
        assert!(
            all[service].iter().any(|(.., text)| text.contains(trace_id)),
            "{service} does not know {trace_id}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_lines() {
    let later = TimestampNs(NOW.0 + 60 * SECOND_NS);
    let mut stepwise = Traffic::new(7, NOW);
    let mut events = Vec::new();
    for second in 1..=60 {
        events.extend(stepwise.until(TimestampNs(NOW.0 + second * SECOND_NS)));
    }
    assert!(events.is_sorted_by(|a, b| a.at <= b.at));
    let mut texts: Vec<&String> = events.iter().map(|event| &event.text).collect();
    let at_once = Traffic::new(7, NOW).until(later);
    let mut others: Vec<&String> = at_once.iter().map(|event| &event.text).collect();
    texts.sort();
    others.sort();
    assert_eq!(texts, others);
    assert_ne!(Traffic::new(8, NOW).until(later), events);
}

#[test]
fn a_second_run_goes_on_where_the_first_ended() {
    let root = tempfile::tempdir().unwrap();
    let now = clock::now();
    drop(Demo::open(root.path(), now).unwrap());
    let path = CONTAINERS[0].folder(root.path()).join("0.log");
    let before = fs::read_to_string(&path).unwrap();
    // A run that was killed in the middle of a line.
    fs::write(&path, format!("{before}2026-01-01T00:00:00Z std")).unwrap();
    Demo::open(root.path(), clock::now()).unwrap();
    let after = fs::read_to_string(&path).unwrap();
    assert!(after.starts_with(&format!("{before}2026-01-01T00:00:00Z std\n")));
    assert!(after.len() < before.len() * 2, "the history was written a second time");
}

#[test]
fn large_files_are_rotated_and_go_on() {
    let root = tempfile::tempdir().unwrap();
    let mut log = ContainerLog::open(root.path(), &CONTAINERS[0]).unwrap();
    let text = "x".repeat(2 * CRI_PIECE_BYTES_MAX);
    for second in 0..200 {
        let at = TimestampNs(NOW.0 + second * SECOND_NS);
        log.write(&traffic::Event {
            at,
            container: 0,
            stream: traffic::Stream::Stdout,
            text: text.clone(),
        })
        .unwrap();
        log.rotate_if_large(at).unwrap();
    }
    let folder = CONTAINERS[0].folder(root.path());
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names[0], "0.log");
    assert!(
        names[1].ends_with(".gz") && names[2].ends_with(".gz") && !names[3].ends_with(".gz"),
        "{names:?}"
    );
    assert!(!read_cri(&fs::read_to_string(folder.join("0.log")).unwrap()).is_empty());
}
