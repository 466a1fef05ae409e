//! `make image`: packs a static program into an archive that container tools load.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use longshore_tests::image::Image;
use longshore_tests::loki::Failure;

/// Packs a static program into a container image, without a daemon.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program; it becomes /bin/<its name> and is what the image runs
    #[arg(long)]
    program: PathBuf,
    /// Name and version of the image; may be given several times
    #[arg(long = "tag", default_value = concat!("longshore:", env!("CARGO_PKG_VERSION")))]
    tags: Vec<String>,
    /// Where the archive goes
    #[arg(long, default_value = "target/longshore-image.tar")]
    output: PathBuf,
    /// Writes the files below this folder in place of an archive
    #[arg(long, conflicts_with = "output")]
    files: Option<PathBuf>,
    /// A further file: FILE=PATH-IN-IMAGE
    #[arg(long = "add", value_parser = pair)]
    added: Vec<(PathBuf, String)>,
    /// What the program is given when nobody says otherwise
    #[arg(last = true)]
    arguments: Vec<String>,
}

fn pair(text: &str) -> Result<(PathBuf, String), String> {
    let (file, path) = text.split_once('=').ok_or("write FILE=/path/in/image")?;
    Ok((PathBuf::from(file), path.to_owned()))
}

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
fn tell(text: &str) {
    println!("{text}");
}

fn main() -> ExitCode {
    match pack(&Arguments::parse()) {
        Ok(done) => {
            tell(&done);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            tell(&format!("longshore-image: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn pack(arguments: &Arguments) -> Result<String, Failure> {
    let rest: Vec<&str> = arguments.arguments.iter().map(String::as_str).collect();
    let mut image = Image::of_program(&arguments.program)?.with_arguments(&rest);
    for (file, path) in &arguments.added {
        let content = std::fs::read(file);
        image.add(
            path,
            content.map_err(|error| Failure(format!("cannot read {}: {error}", file.display())))?,
        );
    }
    if let Some(folder) = &arguments.files {
        std::fs::create_dir_all(folder)
            .and_then(|()| image.write_files(folder))
            .map_err(|error| Failure(format!("cannot write below {}: {error}", folder.display())))?;
        return Ok(format!("the image's files are below {}", folder.display()));
    }
    let tags: Vec<&str> = arguments.tags.iter().map(String::as_str).collect();
    let archive = image.archive(&tags)?;
    let output = &arguments.output;
    let folder = output.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(output, &archive))
        .map_err(|error| Failure(format!("cannot write {}: {error}", output.display())))?;
    let (tag, megabytes, shown) = (tags.join(", "), archive.len() as f64 / 1e6, output.display());
    Ok(format!(
        "{tag}: {shown} ({megabytes:.1} MB)\n  docker load -i {shown}    podman load -i {shown}    \
         ctr -n k8s.io images import {shown}"
    ))
}
