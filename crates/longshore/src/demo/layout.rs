//! Where a kubelet's node keeps container logs.
//!
//! ```text
//! pods/<namespace>_<pod>_<uid>/<container>/0.log
//! containers/<pod>_<namespace>_<container>-<id>.log -> the file above
//! ```

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::random::Random;

/// One container of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Container {
    /// Kubernetes namespace.
    pub(super) namespace: &'static str,
    /// Pod name.
    pub(super) pod: &'static str,
    /// Container name, which is the service's name too.
    pub(super) name: &'static str,
}

const fn container(namespace: &'static str, pod: &'static str, name: &'static str) -> Container {
    Container { namespace, pod, name }
}

/// All of them; [`super::traffic`] names them by index.
pub(super) const CONTAINERS: [Container; 6] = [
    container("shop", "web-7c9d8f6b5-q4kzt", "web"),
    container("shop", "checkout-6d5f7c9b84-x2v4k", "checkout"),
    container("shop", "checkout-6d5f7c9b84-m8hns", "checkout"),
    container("shop", "payments-5f8b6d7c9f-t7w2p", "payments"),
    container("shop", "inventory-0", "inventory"),
    container("jobs", "worker-84c7b5d6f9-z9r6c", "worker"),
];
/// Index of the web server.
pub(super) const WEB: usize = 0;
/// Index of the first of two checkout pods.
pub(super) const CHECKOUT: usize = 1;
/// Index of the payment service.
pub(super) const PAYMENTS: usize = 3;
/// Index of the inventory.
pub(super) const INVENTORY: usize = 4;
/// Index of the background worker.
pub(super) const WORKER: usize = 5;

impl Container {
    /// Makes the pod's folder and the link; returns the path of `0.log`, which may not exist yet.
    pub(super) fn lay_out(&self, root: &Path) -> io::Result<PathBuf> {
        let folder = self.folder(root);
        fs::create_dir_all(&folder)?;
        let links = root.join("containers");
        fs::create_dir_all(&links)?;
        let file = folder.join("0.log");
        let link = links.join(self.link_name());
        // The kubelet's links are absolute; one of an earlier run may point to where the folder was then.
        let target = folder.canonicalize()?.join("0.log");
        if fs::read_link(&link).is_ok_and(|old| old == target) {
            return Ok(file);
        }
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => symlink(target, link)?,
        }
        Ok(file)
    }

    /// The container's log folder.
    pub(super) fn folder(&self, root: &Path) -> PathBuf {
        let Self { namespace, pod, name } = self;
        root.join(format!("pods/{namespace}_{pod}_{}/{name}", self.uid()))
    }

    /// The link's name in `containers/`.
    pub(super) fn link_name(&self) -> String {
        let Self { namespace, pod, name } = self;
        format!("{pod}_{namespace}_{name}-{}.log", self.identity().hex(64))
    }

    /// The pod's uid: a random UUID of version 4 that stays the same over restarts.
    pub(super) fn uid(&self) -> String {
        let hex = self.identity().hex(32);
        format!(
            "{}-{}-4{}-a{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..]
        )
    }

    fn identity(&self) -> Random {
        let bytes = self.pod.bytes().chain(self.namespace.bytes());
        Random::new(bytes.fold(17, |seed: u64, byte| {
            seed.wrapping_mul(31).wrapping_add(u64::from(byte))
        }))
    }
}
