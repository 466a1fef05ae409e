//! Rotation in the kubelet's way and order: drop what is too old, compress what was rotated before, rename the current
//! file to `0.log.<YYYYMMDD-HHMMSS>`. The file rotated last stays plain, so that its reader can finish it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use longshore_model::TimestampNs;

use crate::limits::DEMO_FILES_MAX;

/// Rotates the file at `path`; the caller makes a new one afterwards, as the container runtime does.
pub(super) fn rotate(path: &Path, now: TimestampNs) -> io::Result<()> {
    let mut rotated = rotated_siblings(path)?;
    // One place is for the new file, one for the file that is rotated now.
    while rotated.len() + 2 > DEMO_FILES_MAX {
        fs::remove_file(rotated.remove(0))?;
    }
    for old in rotated.iter().filter(|old| old.extension() != Some(OsStr::new("gz"))) {
        compress(old)?;
    }
    fs::rename(path, suffixed(path, &stamp(now)))
}

/// Oldest first: their names sort by time.
fn rotated_siblings(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let prefix = suffixed(Path::new(path.file_name().unwrap_or_default()), "").into_os_string();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes())
        {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// `path` + `.` + `suffix`.
fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn stamp(now: TimestampNs) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(now.0))
        .expect("64 bits of nanoseconds are within the calendar")
        .strftime("%Y%m%d-%H%M%S")
        .to_string()
}

/// Replaces a file by its gzip, whole or not at all.
fn compress(path: &Path) -> io::Result<()> {
    let unfinished = suffixed(path, "tmp");
    let mut encoder = GzEncoder::new(File::create(&unfinished)?, Compression::default());
    io::copy(&mut File::open(path)?, &mut encoder)?;
    encoder.finish()?;
    fs::rename(unfinished, suffixed(path, "gz"))?;
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use longshore_model::SECOND_NS;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn keeps_five_files_and_compresses_the_older() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.log");
        for round in 0..7_i64 {
            fs::write(&path, format!("round {round}\n")).unwrap();
            rotate(&path, TimestampNs(round * SECOND_NS)).unwrap();
        }
        fs::write(&path, "now\n").unwrap();
        let expected = [
            "0.log",
            "0.log.19700101-000003.gz",
            "0.log.19700101-000004.gz",
            "0.log.19700101-000005.gz",
            "0.log.19700101-000006",
        ];
        assert_eq!(names(folder.path()), expected);
        let mut text = String::new();
        GzDecoder::new(File::open(folder.path().join(expected[1])).unwrap())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "round 3\n");
        assert_eq!(
            fs::read_to_string(folder.path().join(expected[4])).unwrap(),
            "round 6\n"
        );
    }
}
