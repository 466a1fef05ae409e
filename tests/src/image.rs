//! Container images out of one static program, without a daemon, a registry or a build tool.
//!
//! ```text
//! manifest.json        which of the other two belong together, and the tag
//! <sha256>.json        what to run, as whom
//! <sha256>/layer.tar   the files
//! ```
//!
//! This is the archive that `docker save` writes; `docker load`, `podman load`, `ctr images import`, `kind load
//! image-archive` and `skopeo` read it.
//!
//! Invariant: the same input gives the same bytes: no clock, no names of users, entries in order of their paths.

mod elf;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::json;
use tar::{Builder, EntryType, Header};

pub use elf::{Elf, inspect};

use crate::loki::Failure;

/// User and group of the program: not root, and no number that a distribution gives to somebody.
pub const USER: u64 = 10_001;

/// Bytes an image may have in all: what a node has to fetch before a pod starts. A larger one is an error, so that
/// nobody finds out on a slow line.
pub const IMAGE_BYTES_MAX: usize = 25_000_000;

/// Where programs look for certificate authorities, whatever distribution they think this is.
const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";

/// Characters in a line of PEM.
const PEM_LINE: usize = 64;

/// A file or folder of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// `None` for a folder.
    content: Option<Vec<u8>>,
    mode: u32,
    owner: u64,
}

/// The files of an image and what it runs.
#[derive(Debug)]
pub struct Image {
    name: String,
    architecture: &'static str,
    arguments: Vec<String>,
    entries: BTreeMap<String, Entry>,
}

impl Image {
    /// An image of a program with a user of its own, the public certificate authorities, `/tmp`, and the folders that
    /// a volume may be mounted over, which thereby belongs to the program.
    ///
    /// # Errors
    /// The file cannot be read, or is not a static program.
    pub fn of_program(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let program = fs::read(path).map_err(|error| Failure(format!("cannot read {shown}: {error}")))?;
        let elf = inspect(&program).map_err(|failure| Failure(format!("{shown}: {failure}")))?;
        if let Some(loader) = elf.loader {
            return Err(Failure(format!(
                "{shown} needs {loader}, which an empty image has not: build it with \
                 -C target-feature=+crt-static, as `make image` does"
            )));
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("program");
        let mut image = Self {
            name: name.to_owned(),
            architecture: elf.architecture,
            arguments: Vec::new(),
            entries: BTreeMap::new(),
        };
        image.put(&format!("bin/{name}"), program, 0o755);
        let passwd = format!("root:x:0:0::/:\nlongshore:x:{USER}:{USER}::/:\n");
        image.put("etc/passwd", passwd.into_bytes(), 0o644);
        image.put(
            "etc/group",
            format!("root:x:0:\nlongshore:x:{USER}:\n").into_bytes(),
            0o644,
        );
        image.put(AUTHORITIES, authorities(), 0o644);
        image.folder("tmp", 0o1777, 0);
        for folder in ["data", "loki", "var/lib/otelcol"] {
            image.folder(folder, 0o750, USER);
        }
        Ok(image)
    }

    /// What the program is given when nobody says otherwise.
    #[must_use]
    pub fn with_arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self
    }

    /// Adds a file that everybody may read; `path` as seen inside the image.
    pub fn add(&mut self, path: &str, content: Vec<u8>) {
        self.put(path.trim_start_matches('/'), content, 0o644);
    }

    fn put(&mut self, path: &str, content: Vec<u8>, mode: u32) {
        self.parents(path);
        let entry = Entry {
            content: Some(content),
            mode,
            owner: 0,
        };
        self.entries.insert(path.to_owned(), entry);
    }

    fn folder(&mut self, path: &str, mode: u32, owner: u64) {
        self.parents(path);
        let content = None;
        self.entries.insert(path.to_owned(), Entry { content, mode, owner });
    }

    fn parents(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            let folder = Entry {
                content: None,
                mode: 0o755,
                owner: 0,
            };
            self.entries.entry(path[..at].to_owned()).or_insert(folder);
        }
    }

    /// The files as one layer.
    fn layer(&self) -> io::Result<Vec<u8>> {
        let mut tar = Builder::new(Vec::new());
        for (path, entry) in &self.entries {
            match &entry.content {
                Some(content) => append(&mut tar, path, content, entry.mode, entry.owner)?,
                None => append_folder(&mut tar, path, entry.mode, entry.owner)?,
            }
        }
        tar.into_inner()
    }

    /// The whole archive under names such as `longshore:dev`.
    ///
    /// # Errors
    /// The tag has no version, or the image is larger than [`IMAGE_BYTES_MAX`].
    pub fn archive(&self, tags: &[&str]) -> Result<Vec<u8>, Failure> {
        let bytes: usize = self
            .entries
            .values()
            .filter_map(|entry| entry.content.as_ref())
            .map(Vec::len)
            .sum();
        if bytes > IMAGE_BYTES_MAX {
            return Err(Failure(format!(
                "the image would have {bytes} bytes; {IMAGE_BYTES_MAX} is the most"
            )));
        }
        for tag in tags {
            let version = tag.rsplit_once(':').map(|(_, version)| version);
            if version.is_none_or(|version| version.is_empty() || version.contains('/')) {
                return Err(Failure(format!("the tag '{tag}' needs a version, as in longshore:dev")));
            }
        }
        let failed = |error: io::Error| Failure(format!("cannot write the archive: {error}"));
        let layer = self.layer().map_err(failed)?;
        let layer_digest = sha256(&layer);
        let config = self.configuration(&layer_digest).to_string().into_bytes();
        let config_name = format!("{}.json", sha256(&config));
        let layer_name = format!("{layer_digest}/layer.tar");
        let manifest = json!([{"Config": config_name, "RepoTags": tags, "Layers": [layer_name]}]);
        let mut tar = Builder::new(Vec::with_capacity(layer.len() + 8192));
        append(&mut tar, "manifest.json", manifest.to_string().as_bytes(), 0o644, 0).map_err(failed)?;
        append(&mut tar, &config_name, &config, 0o644, 0).map_err(failed)?;
        append(&mut tar, &layer_name, &layer, 0o644, 0).map_err(failed)?;
        tar.into_inner().map_err(failed)
    }

    fn configuration(&self, layer_digest: &str) -> serde_json::Value {
        // Not the time of building, which would make every build another image.
        let created = "1970-01-01T00:00:00Z";
        json!({
            "architecture": self.architecture,
            "os": "linux",
            "created": created,
            "config": {
                "User": format!("{USER}:{USER}"),
                "Env": ["PATH=/bin"],
                "Entrypoint": [format!("/bin/{}", self.name)],
                "Cmd": self.arguments,
                "WorkingDir": "/",
                "Labels": {
                    "org.opencontainers.image.title": self.name,
                    "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                    "org.opencontainers.image.licenses": "Apache-2.0",
                },
            },
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]},
            "history": [{"created": created, "created_by": "make image"}],
        })
    }

    /// Writes the files below a folder, for a `Dockerfile` to copy. Owners are left to it.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn write_files(&self, root: &Path) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        for (path, entry) in &self.entries {
            let path = root.join(path);
            match &entry.content {
                Some(content) => fs::write(&path, content)?,
                None => fs::create_dir_all(&path)?,
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(entry.mode))?;
        }
        Ok(())
    }
}

fn header(length: usize, mode: u32, owner: u64, kind: EntryType) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(length as u64);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_mtime(0);
    header
}

fn append(tar: &mut Builder<Vec<u8>>, path: &str, content: &[u8], mode: u32, owner: u64) -> io::Result<()> {
    let mut header = header(content.len(), mode, owner, EntryType::Regular);
    tar.append_data(&mut header, path, content)
}

fn append_folder(tar: &mut Builder<Vec<u8>>, path: &str, mode: u32, owner: u64) -> io::Result<()> {
    let mut header = header(0, mode, owner, EntryType::Directory);
    tar.append_data(&mut header, format!("{path}/"), io::empty())
}

fn sha256(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Mozilla's list of certificate authorities as PEM: without one, no HTTPS endpoint could be trusted.
fn authorities() -> Vec<u8> {
    let mut pem = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let text = STANDARD.encode(certificate);
        for line in text.as_bytes().chunks(PEM_LINE) {
            pem.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem.into_bytes()
}

#[cfg(test)]
mod tests;
