//! The real upstream programs, where somebody has built them: found, never fetched.

use std::env;
use std::path::PathBuf;

/// Where the program `name` is: `$LONGSHORE_PEERS/bin`, or `.cache/longshore-peers/bin` in the user's folder.
pub fn find(name: &str) -> Option<PathBuf> {
    let folder = env::var_os("LONGSHORE_PEERS").map(PathBuf::from);
    let folder = folder.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/longshore-peers")));
    folder
        .map(|folder| folder.join("bin").join(name))
        .filter(|path| path.exists())
}

/// Like [`find`], and says on standard error what is skipped for the want of it.
pub fn find_or_skip(name: &str, what: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        tell(&format!(
            "SKIPPED {what}: no `{name}` in $LONGSHORE_PEERS/bin or ~/.cache/longshore-peers/bin"
        ));
    }
    found
}

/// Says something to the person at the terminal.
#[expect(
    clippy::print_stderr,
    reason = "the person at the terminal must see what was not checked"
)]
pub fn tell(text: &str) {
    eprintln!("{text}");
}
