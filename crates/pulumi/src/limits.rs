//! Every limit of this crate, with its unit and its reason.

use std::time::Duration;

/// Largest gRPC message, in bytes. Pulumi's own programs allow the same; a ConfigMap with dashboards is below 1 MiB.
/// A larger message fails the call.
pub const MESSAGE_BYTES_MAX: usize = 400 * 1024 * 1024;

/// How long connecting to the engine may take. It is on this machine and listens before it starts anybody, so only a
/// very busy machine needs more than milliseconds.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How deep values may be nested. Kubernetes objects need about 15 levels; the wire's own reader refuses 100.
pub const VALUE_DEPTH_MAX: usize = 64;

/// How long the program may take to end after it was asked to, before it is killed. The engine kills the host 5 s
/// after its own request.
pub const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// How much of a failed build's output is shown, in bytes: its end, where the error is.
pub const BUILD_OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// How many pieces of a build's output wait for a slow reader; the build waits when there are more.
pub const BUILD_OUTPUT_PIECES_MAX: usize = 256;

/// Longest line of a build's output that is shown as progress, in bytes; more is cut.
pub const PROGRESS_LINE_BYTES_MAX: usize = 200;

const _: () = assert!(ENDS_WITHIN.as_secs() < 5, "the engine kills the host after 5 s");
