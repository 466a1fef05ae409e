//! Files of overrides, read again when they change.

use longshore_config::loki;
use tempfile::TempDir;

use super::*;

/// A configuration whose `runtime_config` names the files of a folder.
fn overrides(folder: &TempDir, files: &[&str]) -> Overrides {
    let paths: Vec<String> = files
        .iter()
        .map(|file| folder.path().join(file).display().to_string())
        .collect();
    let text = format!(
        "auth_enabled: true\nlimits_config: {{max_line_size: 100}}\noverrides: {{a: {{max_query_series: 7}}}}\n\
         runtime_config: {{file: '{}'}}\n",
        paths.join(",")
    );
    let settings = loki::load(&text, "store.yaml", &|_| None).unwrap().settings;
    let rules = Arc::new(ConfiguredRules::new(&settings).unwrap());
    Overrides::new(&settings, rules)
}

fn write(folder: &TempDir, file: &str, text: &str) {
    std::fs::write(folder.path().join(file), text).unwrap();
}

/// What acts after a change that lasts; the text of a mistake, and `None` for no change.
fn act(overrides: &mut Overrides) -> Option<Result<BTreeMap<TenantId, Limits>, String>> {
    read_once(overrides).or_else(|| read_once(overrides))
}

/// The same for one reading.
fn read_once(overrides: &mut Overrides) -> Option<Result<BTreeMap<TenantId, Limits>, String>> {
    match overrides.change() {
        Change::None => None,
        Change::Good(read) => Some(Ok(read.limits)),
        Change::Broken(why) => Some(Err(why)),
    }
}

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

#[test]
fn files_are_laid_over_each_other() {
    let folder = TempDir::new().unwrap();
    write(
        &folder,
        "1.yaml",
        "overrides: {a: {max_line_size: 5, max_query_length: 1h}, b: {max_line_size: 6}}",
    );
    write(&folder, "2.yaml", "overrides: {a: {max_line_size: 8}}");
    let limits = act(&mut overrides(&folder, &["1.yaml", "2.yaml"])).unwrap().unwrap();
    let a = &limits[&tenant("a")];
    assert_eq!((a.max_query_series, a.max_line_size), (Some(7), Some(8)));
    assert_eq!(a.max_query_length, Some(Duration::from_secs(3600)));
    assert_eq!(limits[&tenant("b")].max_line_size, Some(6));
    assert_eq!(limits[&tenant("b")].max_query_series, Some(500));
}

#[test]
fn a_change_acts_and_a_mistake_is_told_once() {
    let folder = TempDir::new().unwrap();
    let mut overrides = overrides(&folder, &["1.yaml"]);
    let gone = act(&mut overrides).unwrap().unwrap_err();
    assert!(gone.contains("1.yaml: cannot be read: "), "{gone}");
    assert_eq!(act(&mut overrides), None);
    write(&folder, "1.yaml", "overrides:\n  b:\n    max_line_sise: 6\n");
    let broken = act(&mut overrides).unwrap().unwrap_err();
    assert!(broken.contains("1.yaml:3: "), "{broken}");
    assert!(broken.contains("max_line_size"), "{broken}");
    assert_eq!(act(&mut overrides), None);
    assert_eq!(
        (overrides.metrics.failures.get(), overrides.metrics.is_good.get()),
        (2, 0)
    );
    write(&folder, "1.yaml", "overrides:\n  b:\n    max_line_size: 6\n");
    assert_eq!(
        act(&mut overrides).unwrap().unwrap()[&tenant("b")].max_line_size,
        Some(6)
    );
    assert_eq!(overrides.metrics.is_good.get(), 1);
    write(&folder, "1.yaml", "");
    assert_eq!(
        act(&mut overrides).unwrap().unwrap().len(),
        1,
        "the file's own are gone"
    );
}

#[test]
fn what_a_file_says_while_it_is_written_does_not_act() {
    let folder = TempDir::new().unwrap();
    let whole = "overrides: {b: {retention_period: 8760h}}";
    write(&folder, "1.yaml", whole);
    let mut overrides = overrides(&folder, &["1.yaml"]);
    let lines = |limits: &BTreeMap<TenantId, Limits>| limits.get(&tenant("b")).map(|limits| limits.max_line_size);
    assert_eq!(lines(&read_once(&mut overrides).unwrap().unwrap()), Some(Some(100)));
    // An editor cuts the file, then writes it; both are seen.
    write(&folder, "1.yaml", "");
    assert_eq!(read_once(&mut overrides), None);
    write(
        &folder,
        "1.yaml",
        "overrides: {b: {retention_period: 8760h, max_line_size: 7}}",
    );
    assert_eq!(read_once(&mut overrides), None);
    assert_eq!(lines(&read_once(&mut overrides).unwrap().unwrap()), Some(Some(7)));
    // Nothing is left of a change that was taken back.
    write(&folder, "1.yaml", "");
    assert_eq!(read_once(&mut overrides), None);
    write(
        &folder,
        "1.yaml",
        "overrides: {b: {retention_period: 8760h, max_line_size: 7}}",
    );
    assert_eq!(read_once(&mut overrides), None);
    write(&folder, "1.yaml", "");
    assert_eq!(read_once(&mut overrides), None);
    assert_eq!(read_once(&mut overrides).unwrap().unwrap().len(), 1);
}
