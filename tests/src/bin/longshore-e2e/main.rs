//! `make e2e`: the whole stack on a real Kubernetes node. Deploys it, loads it, breaks it, takes it away and brings it
//! back, and counts every line. Exits 0 only when everything held.
//!
//! The node is a folder of scripts (`up.sh`, `enter.sh`, `image.sh`, `down.sh`), given by `--lab`. The program starts
//! itself once more inside the node's network, where services have names.

mod cluster;
mod faults;
mod load;
mod metrics;
mod stack;
mod usage;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use longshore_tests::image::Image;

use cluster::Lab;
use stack::{Engine, Stack, Way};

/// What is done with one deployment.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The stack on a real Kubernetes node: deploy, load, faults, rollback; every line is counted.
///
/// Ends with 0 when everything held, 1 when something did not, 2 when it could not run; without a lab it says so and
/// ends with 0.
#[derive(Parser)]
#[command(
    name = "longshore-e2e",
    after_help = "Example: a quick look\n  longshore-e2e --rates 1000 --seconds 30"
)]
pub(crate) struct Plan {
    /// Folder of the lab's scripts; otherwise ../shared/lab where that is there.
    #[arg(long, env = "LONGSHORE_LAB_SCRIPTS")]
    lab: Option<PathBuf>,
    /// The static longshore program that goes into the image; `make e2e` builds it.
    #[arg(
        long,
        env = "LONGSHORE_STATIC",
        default_value = "target/x86_64-unknown-linux-gnu/release/longshore"
    )]
    program: PathBuf,
    /// Lines a second, each rate once.
    #[arg(long, env = "E2E_RATES", value_delimiter = ',', default_value = "1000,3000,10000")]
    rates: Vec<u64>,
    /// Seconds of writing at each rate.
    #[arg(long, env = "E2E_SECONDS", default_value_t = 60)]
    seconds: u64,
    /// Which ways to deploy: kubectl, pulumi.
    #[arg(long, env = "E2E_WAYS", value_delimiter = ',', default_value = "kubectl,pulumi")]
    ways: Vec<Way>,
    /// Which engines: native, upstream.
    #[arg(long, env = "E2E_ENGINES", value_delimiter = ',', default_value = "native,upstream")]
    engines: Vec<Engine>,
    /// Leaves the node running with the last deployment.
    #[arg(long, env = "E2E_KEEP")]
    keep: bool,
    /// Set when the program has started itself inside the node's network.
    #[arg(long, hide = true)]
    inside: bool,
}

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
pub(crate) fn tell(text: &str) {
    println!("{text}");
}

fn main() -> ExitCode {
    let plan = Plan::parse();
    let result = if plan.inside { inside(&plan) } else { outside(&plan) };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tell(&format!("e2e: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Brings the node up with our images and goes inside.
fn outside(plan: &Plan) -> Outcome<bool> {
    let Some(lab) = Lab::find(plan.lab.as_deref()) else {
        tell("SKIPPED: no lab; give the folder with up.sh, enter.sh and image.sh as --lab or LONGSHORE_LAB_SCRIPTS");
        return Ok(true);
    };
    let writer = plan.program.with_file_name("longshore-writer");
    for program in [&plan.program, &writer] {
        if !program.exists() {
            return Err(format!("{} is not there: make e2e builds it", program.display()).into());
        }
    }
    lab.down()?;
    lab.up()?;
    for (tag, program) in [(stack::OUR_IMAGE, &plan.program), (load::WRITER_IMAGE, &writer)] {
        let archive = Image::of_program(program)?.archive(&[tag])?;
        lab.load(&archive)?;
        tell(&format!("image {tag}: {:.1} MB", archive.len() as f64 / 1e6));
    }
    for (image, program) in stack::upstream_images().into_iter().chain(metrics::images()) {
        lab.image(image, &program)?;
    }
    let ourselves = env::current_exe()?;
    let arguments = env::args().skip(1).chain(["--inside".to_owned()]);
    let held = lab.enter(&ourselves, arguments)?;
    if !plan.keep {
        lab.down()?;
    }
    Ok(held)
}

/// Every way of deploying every engine, one after the other.
fn inside(plan: &Plan) -> Outcome<bool> {
    let mut held = true;
    for way in &plan.ways {
        for engine in &plan.engines {
            let Some(stack) = Stack::new(plan, *way, *engine)? else {
                continue;
            };
            tell(&format!("\n== {engine:?} by {way:?}"));
            held &= scenario(plan, &stack)?;
        }
    }
    tell(if held { "\nall held" } else { "\nNOT everything held" });
    Ok(held)
}

/// Deploy, load, faults, off, on, off for good.
fn scenario(plan: &Plan, stack: &Stack) -> Outcome<bool> {
    let mut held = true;
    let mut check = |what: &str, result: Outcome<String>| match result {
        Ok(seen) => tell(&format!("ok    {what}: {seen}")),
        Err(error) => {
            held = false;
            tell(&format!("FAIL  {what}: {error}"));
        }
    };
    stack.on()?;
    check("pods are Ready inside their limits", stack.ready());
    // Upstream loses lines from 1,500 a second on: it is deployed to show that it can be, not to be measured again.
    let rates = plan
        .rates
        .iter()
        .filter(|rate| stack.engine() == Engine::Native || **rate <= 1_000);
    for (index, rate) in rates.enumerate() {
        if index == 0 {
            tell(usage::HEADER);
        }
        check(&format!("{rate} lines/s"), load::run(stack, *rate, plan.seconds));
    }
    if stack.engine() == Engine::Native && stack.way() == Way::Kubectl {
        check(
            "store killed, collector killed, kubelet killed",
            faults::run_faults(stack),
        );
    }
    if stack.engine() == Engine::Native && metrics::is_there() {
        check("VictoriaMetrics watches it", metrics::check(stack.namespace()));
    } else if stack.engine() == Engine::Native {
        tell("SKIPPED VictoriaMetrics: no `victoria-metrics` and `vmalert` among the real programs");
    }
    if stack.way() == Way::Pulumi {
        check("Pulumi finds nothing to change", stack.unchanged());
    }
    let before = stack.lines_stored()?;
    stack.off()?;
    check("off leaves the volume and nothing else", stack.gone());
    stack.on()?;
    check("pods are Ready again", stack.ready());
    check("on again finds the old lines", stack.still_has(before));
    stack.destroy()?;
    check("destroyed, the volume is what is left", stack.gone());
    stack.forget()?;
    Ok(held)
}
