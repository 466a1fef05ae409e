//! A program's main: from the host's environment variables to an exit code.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use crate::context::Context;
use crate::error::Error;
use crate::monitor::{GrpcMonitor, Monitor, Severity};
use crate::settings::Surroundings;

/// Exit code for "failed, and the engine has been told why": the host then says nothing more.
///
/// Source: `ExitStatusLoggedError` in `sdk/go/common/constant` of github.com/pulumi/pulumi, v3.259.0.
pub const EXIT_LOGGED: u8 = 32;

/// Runs a program inside Pulumi. What it returns as an error is shown to the user with all its causes.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     longshore_pulumi::run(async |ctx| {
///         ctx.export("environment", longshore_pulumi::Output::<String>::known(ctx.stack()));
///         Ok::<(), longshore_pulumi::Error>(())
///     })
/// }
/// ```
pub fn run<P, E>(program: P) -> ExitCode
where
    P: AsyncFnOnce(Context) -> Result<(), E>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return give_up(&error),
    };
    runtime.block_on(async {
        let connected = async {
            let surroundings = Surroundings::from_env()?;
            let (monitor, engine) = (&surroundings.monitor, &surroundings.engine);
            let monitor = GrpcMonitor::connect(monitor, engine).await?;
            Ok::<_, Box<dyn StdError + Send + Sync>>((surroundings.settings, Arc::new(monitor)))
        };
        match connected.await {
            Ok((settings, monitor)) => match run_with(Context::new(settings, monitor.clone()), program).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(messages) => report(&*monitor, messages).await,
            },
            Err(error) => give_up(&*error),
        }
    })
}

/// Runs a program in a context, for tests against a [`crate::MemoryMonitor`].
///
/// # Errors
/// The messages for the user, one for each thing that failed.
pub async fn run_with<P, E>(context: Context, program: P) -> Result<(), Vec<String>>
where
    P: AsyncFnOnce(Context) -> Result<(), E>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    program(context.clone())
        .await
        .map_err(|error| vec![chain(&*error.into())])?;
    context
        .finish()
        .await
        .map_err(|errors| errors.iter().map(|error: &Error| chain(error)).collect())
}

/// An error with its causes, as one line.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// Tells the engine what failed. Where the engine is gone as well, the host hears it by the exit code.
async fn report(monitor: &dyn Monitor, messages: Vec<String>) -> ExitCode {
    let mut told = true;
    for message in messages {
        if monitor.log(Severity::Error, message.clone(), None).await.is_err() {
            print(&message);
            told = false;
        }
    }
    if told {
        ExitCode::from(EXIT_LOGGED)
    } else {
        ExitCode::FAILURE
    }
}

fn give_up(error: &dyn StdError) -> ExitCode {
    print(&chain(error));
    ExitCode::FAILURE
}

/// Where nobody reads standard error there is nobody to tell that it cannot be written.
fn print(message: &str) {
    let _ = writeln!(std::io::stderr(), "error: {message}");
}
