//! Delete requests on disk: one small text file each, `deletions/<id>.request`. The format is `docs/format/deletion.md`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use longshore_model::{TenantId, TimestampNs};

use super::Deletion;
use crate::errors::OpenError;
use crate::events::Events;
use crate::wal::file::sync_directory;

/// The first line.
const HEADER: &str = "longshore deletion 1";
const EXTENSION: &str = "request";

/// Writes a request, or its new state over the old, and returns when that is durable.
pub(super) fn write(directory: &Path, facts: &Deletion) -> io::Result<()> {
    let path = path_of(directory, &facts.id);
    let unfinished = path.with_extension("unfinished");
    let text = encode(facts);
    let result = File::create(&unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, &path))
        .and_then(|()| sync_directory(directory));
    if result.is_err() {
        // Not acknowledged; if it cannot be removed, the next start does it.
        let _removed = fs::remove_file(&unfinished);
    }
    result
}

/// Removes a request and returns when that is durable.
pub(super) fn remove(directory: &Path, id: &str) -> io::Result<()> {
    fs::remove_file(path_of(directory, id))?;
    sync_directory(directory)
}

/// Reads all requests; removes what was never finished.
pub(super) fn load(directory: &Path, events: &Events) -> Result<Vec<Deletion>, OpenError> {
    let error = |action, path: &Path, source| OpenError::Io {
        action,
        path: path.to_owned(),
        source,
    };
    let entries = match fs::read_dir(directory) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|source| error("read", directory, source))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| error("read", directory, source))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("unfinished") => fs::remove_file(&path).map_err(|source| error("remove", &path, source))?,
            Some(EXTENSION) => {
                let bytes = fs::read(&path).map_err(|source| error("read", &path, source))?;
                let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                match decode(id, &bytes) {
                    Some(facts) => found.push(facts),
                    None => events.deletion_damaged(&path),
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn path_of(directory: &Path, id: &str) -> PathBuf {
    directory.join(id).with_extension(EXTENSION)
}

fn encode(facts: &Deletion) -> String {
    let Deletion {
        id: _,
        tenant,
        query,
        start,
        end,
        created,
        processed,
    } = facts;
    let status = if *processed { "processed" } else { "received" };
    let (start, end, created) = (start.0, end.0, created.0);
    let mut text = format!(
        "{HEADER}\ntenant {tenant}\nstatus {status}\ncreated {created}\nstart {start}\nend {end}\nquery {}\n{query}\n",
        query.len()
    );
    let checksum = crc32fast::hash(text.as_bytes());
    text.push_str(&format!("crc32 {checksum:08x}\n"));
    text
}

fn decode(id: &str, bytes: &[u8]) -> Option<Deletion> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (body, checksum) = text.strip_suffix('\n')?.rsplit_once("\ncrc32 ")?;
    let body = text.get(..=body.len())?;
    if u32::from_str_radix(checksum, 16) != Ok(crc32fast::hash(body.as_bytes())) {
        return None;
    }
    let mut rest = body.strip_prefix(HEADER)?.strip_prefix('\n')?;
    let mut field = |name: &str| {
        let (line, after) = rest.split_once('\n')?;
        rest = after;
        line.strip_prefix(name)?.strip_prefix(' ')
    };
    let tenant = TenantId::new(field("tenant")?).ok()?;
    let processed = match field("status")? {
        "processed" => true,
        "received" => false,
        _ => return None,
    };
    let mut time = |name: &str| field(name)?.parse().ok().map(TimestampNs);
    let (created, start, end) = (time("created")?, time("start")?, time("end")?);
    let length: usize = field("query")?.parse().ok()?;
    let query = rest.strip_suffix('\n').filter(|query| query.len() == length)?;
    Some(Deletion {
        id: id.to_owned(),
        tenant,
        query: query.to_owned(),
        start,
        end,
        created,
        processed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Deletion {
        Deletion {
            id: "1a2b3c4d".to_owned(),
            tenant: TenantId::new("shop").unwrap(),
            query: "{app=\"web\"} |= `two\nlines`".to_owned(),
            start: TimestampNs(-5),
            end: TimestampNs(1_795_370_400_000_000_000),
            created: TimestampNs(1_795_370_401_123_456_789),
            processed: false,
        }
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        for processed in [false, true] {
            let facts = Deletion { processed, ..facts() };
            assert_eq!(decode(&facts.id, encode(&facts).as_bytes()), Some(facts));
        }
    }

    #[test]
    fn the_form_on_disk_stays() {
        let expected = "longshore deletion 1\ntenant shop\nstatus received\ncreated 1795370401123456789\nstart -5\n\
                        end 1795370400000000000\nquery 26\n{app=\"web\"} |= `two\nlines`\n";
        let text = encode(&facts());
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(
            text.lines().last(),
            Some(format!("crc32 {:08x}", crc32fast::hash(expected.as_bytes())).as_str())
        );
    }

    #[test]
    fn a_damaged_file_is_no_request() {
        let text = encode(&facts()).into_bytes();
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert_eq!(decode("1a2b3c4d", &changed), None, "byte {at}");
            assert_eq!(decode("1a2b3c4d", &text[..at]), None, "cut at {at}");
        }
    }
}
