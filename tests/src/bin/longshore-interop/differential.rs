//! The same lines in the real Loki and in our store, the same questions to both, the answers compared.
//!
//! The questions are in `tests/interop/queries.txt`. Differences that are known stand in `tests/interop/differences.txt`
//! below their reason; one that stands there and is none any more fails as well.

mod answers;
mod data;
mod questions;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use longshore_tests::configs::StoreFile;
use longshore_tests::http::Client;
use longshore_tests::loki::Loki;
use longshore_tests::program::{Program, free_address};

use self::questions::{Question, questions};
use crate::stores::LOKI_READY_WITHIN;
use crate::{Outcome, Pair};

/// Characters of an answer that a report shows.
const SHOWN: usize = 600;

pub(crate) fn same_answers(pair: &Pair) -> Outcome {
    let (ours, theirs) = (Side::start(pair, Who::Ours)?, Side::start(pair, Who::Theirs)?);
    for side in [&ours, &theirs] {
        let ready = Loki::new(side.address).wait_ready(LOKI_READY_WITHIN);
        ready.map_err(|error| format!("{error}\n{}", side.program.last_words()))?;
    }
    let data = data::make();
    for body in &data.pushes {
        for side in [&ours, &theirs] {
            let headers = [("Content-Type", "application/json")];
            let answer = Client::new(side.address).post("/loki/api/v1/push", &headers, body.as_bytes())?;
            if answer.status != 204 {
                return Err(format!("push: {} {}", answer.status, answer.text()).into());
            }
        }
    }
    let known = known_differences(include_str!("../../../interop/differences.txt"));
    let (mut problems, mut same, mut listed) = (String::new(), 0, 0);
    let (mut ours, mut theirs) = (Client::new(ours.address), Client::new(theirs.address));
    for question in questions(include_str!("../../../interop/queries.txt"), &data)? {
        let difference = ask(&question, &mut ours, &mut theirs)?;
        let reason = known.iter().find(|known| known.name == question.name);
        match (difference, reason) {
            (None, None | Some(Known { by_chance: true, .. })) => same += 1,
            (Some(_), Some(_)) => listed += 1,
            (Some(text), None) => problems.push_str(&format!("\n{}\n{text}\n", question.name)),
            (None, Some(_)) => {
                problems.push_str(&format!("\n{}\n  is listed as different and is not\n", question.name));
            }
        }
    }
    match problems.is_empty() {
        true => Ok(format!(
            "{same} questions answered alike, {listed} otherwise for a reason that is listed"
        )),
        false => Err(format!(
            "{same} questions answered alike, {listed} otherwise for a reason; not listed:\n{problems}"
        )
        .into()),
    }
}

fn ask(question: &Question, ours: &mut Client, theirs: &mut Client) -> std::io::Result<Option<String>> {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = |client: &mut Client| {
        let answer = match question.get {
            true => client.get(&format!("{}?{}", question.path, question.form))?,
            false => client.post(&question.path, &headers, question.form.as_bytes())?,
        };
        Ok::<_, std::io::Error>(answers::read(&answer))
    };
    let (ours, theirs) = (answer(ours)?, answer(theirs)?);
    if answers::is_same(&ours, &theirs) {
        return Ok(None);
    }
    let (ours, theirs) = (ours.to_string(), theirs.to_string());
    // What differs may stand far behind: shown is what surrounds it.
    let common = ours.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| {
        let from = text.floor_char_boundary(common.saturating_sub(SHOWN / 3));
        text.chars()
            .skip(text[..from].chars().count())
            .take(SHOWN)
            .collect::<String>()
    };
    Ok(Some(format!("  ours   {}\n  theirs {}", part(&ours), part(&theirs))))
}

/// A question whose answers are known to differ.
struct Known<'a> {
    name: &'a str,
    /// They differ in some runs only.
    by_chance: bool,
}

fn known_differences(text: &str) -> Vec<Known<'_>> {
    let lines = text.lines().map(str::trim_end);
    let questions = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let known = |line| match str::strip_prefix(line, "~ ") {
        Some(name) => Known { name, by_chance: true },
        None => Known {
            name: line,
            by_chance: false,
        },
    };
    questions.map(known).collect()
}

#[derive(Clone, Copy)]
enum Who {
    Ours,
    Theirs,
}

struct Side {
    address: SocketAddr,
    program: Program,
}

impl Side {
    fn start(pair: &Pair, who: Who) -> std::io::Result<Self> {
        let name = match who {
            Who::Ours => "longshore",
            Who::Theirs => "loki",
        };
        let folder = pair.folder.join(name);
        fs::create_dir_all(&folder)?;
        let address = free_address()?;
        let file = folder.join("store.yaml");
        fs::write(&file, config(&folder, address))?;
        let mut command = match who {
            Who::Ours => Command::new(&pair.longshore),
            Who::Theirs => Command::new(&pair.peer),
        };
        match who {
            Who::Ours => command.arg("store").arg("--config").arg(&file),
            Who::Theirs => command.arg(format!("-config.file={}", file.display())),
        };
        let program = Program::start(name, &folder, command.env("TZ", "UTC").current_dir(&folder))?;
        Ok(Self { address, program })
    }
}

/// The same file for both; nothing is flushed, because Loki counts flushed lines twice for a while.
fn config(folder: &Path, address: SocketAddr) -> String {
    let data = folder.join("data");
    let file = StoreFile {
        idle: "30m",
        age: "2h",
        target_bytes: 1536 << 10,
        limits: "  max_query_series: 1000
  max_line_size: 0
  shard_aggregations: [approx_topk]
",
        ..StoreFile::hasty(&data, address)
    };
    file.text()
}
