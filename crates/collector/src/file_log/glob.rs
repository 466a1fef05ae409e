//! Globs as the OpenTelemetry Collector means them: `*` and `?` stop at `/`, `**` does not, `{a,b}` are alternatives,
//! and an exclude pattern must match the whole path.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::limits::LINKS_MAX;

/// One part of a pattern between two slashes.
#[derive(Debug, Clone)]
enum Part {
    /// A name as it stands.
    Literal(String),
    /// A name with wildcards.
    Wild(GlobMatcher),
    /// `**`: any number of folders.
    AnyDepth,
}

/// Include and exclude patterns.
#[derive(Debug, Clone)]
pub(crate) struct Globs {
    includes: Vec<Vec<Part>>,
    excludes: Vec<GlobMatcher>,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Paths that match, files and links.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// Folders in which a new entry could match.
    pub(crate) folders: BTreeSet<PathBuf>,
}

impl Globs {
    /// Compiles the patterns; the error is text for people.
    pub(crate) fn new(includes: &[String], excludes: &[String]) -> Result<Self, String> {
        let expanded = includes.iter().flat_map(|pattern| alternatives(pattern));
        Ok(Self {
            includes: expanded.map(|pattern| parts(&pattern)).collect::<Result<_, _>>()?,
            excludes: excludes
                .iter()
                .map(|pattern| matcher(pattern))
                .collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn is_excluded(&self, path: &Path) -> bool {
        self.excludes.iter().any(|exclude| exclude.is_match(path))
    }

    /// Walks the folders that can hold matches.
    pub(crate) fn walk(&self) -> Walk {
        let mut walk = Walk::default();
        for include in &self.includes {
            self.descend(Path::new(""), include, 0, &mut walk);
        }
        walk
    }

    fn descend(&self, folder: &Path, parts: &[Part], depth: usize, walk: &mut Walk) {
        let Some((part, rest)) = parts.split_first() else {
            return;
        };
        match part {
            Part::Literal(name) => {
                let path = folder.join(name);
                if !rest.is_empty() {
                    self.descend(&path, rest, depth, walk);
                } else {
                    walk.folders.insert(path.parent().unwrap_or(Path::new("/")).to_owned());
                    self.offer(path, walk);
                }
            }
            Part::Wild(matcher) => {
                for (path, name) in entries(folder, walk) {
                    if !matcher.is_match(&name) {
                        continue;
                    }
                    if rest.is_empty() {
                        self.offer(path, walk);
                    } else if path.is_dir() {
                        self.descend(&path, rest, depth, walk);
                    }
                }
            }
            Part::AnyDepth => {
                if !rest.is_empty() {
                    self.descend(folder, rest, depth, walk);
                }
                for (path, _) in entries(folder, walk) {
                    // Links could lead round in a circle.
                    if path.is_dir() && depth < LINKS_MAX {
                        self.descend(&path, parts, depth + 1, walk);
                    } else if rest.is_empty() {
                        self.offer(path, walk);
                    }
                }
            }
        }
    }

    fn offer(&self, path: PathBuf, walk: &mut Walk) {
        if !self.is_excluded(&path) && std::fs::symlink_metadata(&path).is_ok() && !path.is_dir() {
            walk.paths.insert(path);
        }
    }
}

fn entries(folder: &Path, walk: &mut Walk) -> Vec<(PathBuf, String)> {
    let shown = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(listing) = std::fs::read_dir(shown) else {
        return Vec::new();
    };
    walk.folders.insert(shown.to_owned());
    let named = listing.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    named.map(|name| (folder.join(&name), name)).collect()
}

fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| format!("'{pattern}' is no glob: {}", error.kind()))
}

fn parts(pattern: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    if pattern.starts_with('/') {
        parts.push(Part::Literal("/".to_owned()));
    }
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        parts.push(match part {
            "**" => Part::AnyDepth,
            _ if part.contains(['*', '?', '[', '\\']) => Part::Wild(matcher(part)?),
            _ => Part::Literal(part.to_owned()),
        });
    }
    Ok(parts)
}

/// The patterns that one with `{a,b}` stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else {
        return vec![pattern.to_owned()];
    };
    let (mut depth, mut starts, mut close) = (0_usize, vec![open + 1], None);
    for (at, character) in pattern.char_indices().skip_while(|(at, _)| *at < open) {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => {
                close = Some(at);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 1 => starts.push(at + 1),
            _ => {}
        }
    }
    let Some(close) = close else {
        return vec![pattern.to_owned()];
    };
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([close]);
    let choices = starts.iter().zip(ends).map(|(&start, end)| &pattern[start..end]);
    choices
        .flat_map(|choice| alternatives(&format!("{}{choice}{}", &pattern[..open], &pattern[close + 1..])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path, includes: &[&str], excludes: &[&str]) -> Vec<String> {
        let absolute = |pattern: &&str| format!("{}/{pattern}", folder.display());
        let includes: Vec<String> = includes.iter().map(absolute).collect();
        let excludes: Vec<String> = excludes.iter().map(|pattern| (*pattern).to_owned()).collect();
        let walk = Globs::new(&includes, &excludes).expect("globs").walk();
        let relative = |path: PathBuf| path.strip_prefix(folder).expect("below").display().to_string();
        walk.paths.into_iter().map(relative).collect()
    }

    #[test]
    fn stars_stop_at_slashes_and_excludes_match_whole_paths() {
        let folder = tempfile::tempdir().expect("a folder");
        for path in ["a/x.log", "a/b/x.log", "a/b/shipping.log", "a/x.txt", "c.log"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, "").expect("a file");
        }
        std::os::unix::fs::symlink(folder.path().join("nowhere"), folder.path().join("dangling.log")).expect("a link");
        let check = |includes: &[&str], excludes: &[&str], expected: &[&str]| {
            assert_eq!(
                found(folder.path(), includes, excludes),
                expected,
                "{includes:?} without {excludes:?}"
            );
        };
        check(&["*.log"], &[], &["c.log", "dangling.log"]);
        check(&["*/*.log"], &[], &["a/x.log"]);
        check(
            &["**/*.log"],
            &[],
            &["a/b/shipping.log", "a/b/x.log", "a/x.log", "c.log", "dangling.log"],
        );
        check(&["a/**"], &[], &["a/b/shipping.log", "a/b/x.log", "a/x.log", "a/x.txt"]);
        check(&["a/{x,y}.{log,txt}"], &[], &["a/x.log", "a/x.txt"]);
        check(&["a/b/*.log"], &["*ping*"], &["a/b/shipping.log", "a/b/x.log"]);
        check(&["a/b/*.log"], &["**/*ping*"], &["a/b/x.log"]);
        check(&["a/?.log", "nowhere/*"], &[], &["a/x.log"]);
        assert!(Globs::new(&["/a/[".to_owned()], &[]).is_err());
    }
}
