//! What the host answers.
//!
//! Source: which calls come when, and which of them must be answered, was observed with Pulumi v3.259.0:
//! `GetPluginInfo`, `Run` and `InstallDependencies` are needed, the others are comfort.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::process::Command;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

use super::build::{BuildError, cargo, program_path};
use super::options::Program;
use super::process::{Ended, Processes};
use crate::limits::{BUILD_OUTPUT_PIECES_MAX, PROGRESS_LINE_BYTES_MAX};
use crate::monitor::{Severity, connect, severity_number};
use crate::program::{EXIT_LOGGED, chain};
use crate::proto::engine_client::EngineClient;
use crate::proto::language_runtime_server::LanguageRuntime;
use crate::proto::{
    AboutRequest, AboutResponse, DependencyInfo, GetProgramDependenciesRequest, GetProgramDependenciesResponse,
    GetRequiredPackagesRequest, GetRequiredPackagesResponse, InstallDependenciesRequest, InstallDependenciesResponse,
    LanguageHandshakeRequest, LanguageHandshakeResponse, LogRequest, PluginInfo, RunRequest, RunResponse,
};
use crate::settings;

/// The host as the engine sees it.
#[derive(Debug)]
pub(super) struct Host {
    /// host:port of the engine; told by the first argument, or by the handshake.
    engine: Mutex<Option<String>>,
    processes: Arc<Processes>,
}

impl Host {
    pub(super) fn new(engine: Option<String>, processes: Arc<Processes>) -> Self {
        Self {
            engine: Mutex::new(engine),
            processes,
        }
    }

    fn engine(&self) -> Option<String> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Builds the program while the engine shows how it goes.
    async fn built(&self, program: &Program) -> Result<std::path::PathBuf, BuildError> {
        let (progress, lines) = mpsc::channel(BUILD_OUTPUT_PIECES_MAX);
        let show = show_progress(self.engine(), lines);
        let (built, ()) = tokio::join!(program_path(program, &self.processes, progress), show);
        built
    }

    /// Tells the user of an error by the engine. Where that works, the engine needs no second text.
    async fn failed(&self, message: String) -> RunResponse {
        let told = async {
            let channel = connect(&self.engine()?).await.ok()?;
            let request = LogRequest {
                severity: severity_number(Severity::Error),
                message: message.clone(),
                ..LogRequest::default()
            };
            EngineClient::new(channel).log(request).await.ok()
        };
        match told.await {
            Some(_) => RunResponse {
                error: String::new(),
                bail: true,
            },
            None => RunResponse {
                error: message,
                bail: false,
            },
        }
    }

    async fn run_program(&self, request: RunRequest) -> RunResponse {
        let program = match Program::read(request.info.clone()) {
            Ok(program) => program,
            Err(error) => return self.failed(chain(&error)).await,
        };
        let path = match self.built(&program).await {
            Ok(path) => path,
            Err(BuildError::Interrupted) => return bailed(),
            Err(error) => return self.failed(chain(&error)).await,
        };
        let mut command = Command::new(&path);
        command.args(&request.args).current_dir(&program.folder);
        command.envs(environment(&request, &program, self.engine()));
        let ended = match self.processes.start(&mut command) {
            Ok(process) => process.wait().await,
            Err(error) => Err(error),
        };
        match ended {
            Ok(Ended::Told) => bailed(),
            Ok(Ended::Itself(status)) => response_to(status),
            Err(error) => self.failed(format!("cannot run {}: {error}", path.display())).await,
        }
    }
}

fn bailed() -> RunResponse {
    RunResponse {
        error: String::new(),
        bail: true,
    }
}

fn response_to(status: ExitStatus) -> RunResponse {
    let error = match (status.code(), status.signal()) {
        (Some(0), _) => return RunResponse::default(),
        (Some(code), _) if code == i32::from(EXIT_LOGGED) => return bailed(),
        (Some(code), _) => format!("the program ended with exit code {code}"),
        (None, Some(signal)) => format!("the program was ended by signal {signal}"),
        (None, None) => "the program ended in an unknown way".to_owned(),
    };
    RunResponse { error, bail: false }
}

/// What the program is told; the names are those of every Pulumi language.
fn environment(
    request: &RunRequest,
    program: &Program,
    engine: Option<String>,
) -> BTreeMap<&'static str, std::ffi::OsString> {
    let config = serde_json::json!(request.config).to_string();
    let secrets = serde_json::json!(request.config_secret_keys).to_string();
    BTreeMap::from([
        (settings::MONITOR, request.monitor_address.clone().into()),
        (settings::ENGINE, engine.unwrap_or_default().into()),
        (settings::PROJECT, request.project.clone().into()),
        (settings::STACK, request.stack.clone().into()),
        (settings::ORGANIZATION, request.organization.clone().into()),
        (settings::ROOT_DIRECTORY, program.root.clone().into()),
        (settings::PWD, request.pwd.clone().into()),
        (settings::DRY_RUN, request.dry_run.to_string().into()),
        (settings::PARALLEL, request.parallel.to_string().into()),
        (settings::CONFIG, config.into()),
        (settings::CONFIG_SECRET_KEYS, secrets.into()),
    ])
}

/// Shows lines as messages that are forgotten when the next comes. Without an engine they go nowhere.
async fn show_progress(engine: Option<String>, mut lines: mpsc::Receiver<String>) {
    let mut client = None;
    while let Some(line) = lines.recv().await {
        if client.is_none() {
            let Some(address) = &engine else { continue };
            let Ok(channel) = connect(address).await else { continue };
            client = Some(EngineClient::new(channel));
        }
        let request = LogRequest {
            severity: severity_number(Severity::Info),
            message: line.trim().chars().take(PROGRESS_LINE_BYTES_MAX).collect(),
            ephemeral: true,
            ..LogRequest::default()
        };
        if let Some(client) = &mut client {
            // Progress that is not shown is no reason to stop.
            let _ = client.log(request).await;
        }
    }
}

/// What a short command of cargo's prints.
async fn output_of(folder: &Path, arguments: &[&str]) -> io::Result<String> {
    let output = cargo(folder).args(arguments).kill_on_drop(true).output().await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tonic::async_trait]
impl LanguageRuntime for Host {
    async fn handshake(
        &self,
        request: Request<LanguageHandshakeRequest>,
    ) -> Result<Response<LanguageHandshakeResponse>, Status> {
        let address = request.into_inner().engine_address;
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
        Ok(Response::new(LanguageHandshakeResponse {}))
    }

    async fn get_plugin_info(&self, _: Request<()>) -> Result<Response<PluginInfo>, Status> {
        Ok(Response::new(PluginInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }

    async fn get_required_packages(
        &self,
        request: Request<GetRequiredPackagesRequest>,
    ) -> Result<Response<GetRequiredPackagesResponse>, Status> {
        let program =
            Program::read(request.into_inner().info).map_err(|error| Status::invalid_argument(chain(&error)))?;
        Ok(Response::new(GetRequiredPackagesResponse {
            packages: program.packages(),
        }))
    }

    async fn run(&self, request: Request<RunRequest>) -> Result<Response<RunResponse>, Status> {
        Ok(Response::new(self.run_program(request.into_inner()).await))
    }

    type InstallDependenciesStream = BoxStream<'static, Result<InstallDependenciesResponse, Status>>;

    async fn install_dependencies(
        &self,
        request: Request<InstallDependenciesRequest>,
    ) -> Result<Response<Self::InstallDependenciesStream>, Status> {
        let program =
            Program::read(request.into_inner().info).map_err(|error| Status::invalid_argument(chain(&error)))?;
        let (progress, lines) = mpsc::channel::<String>(BUILD_OUTPUT_PIECES_MAX);
        let processes = Arc::clone(&self.processes);
        let building = async move {
            let built = program_path(&program, &processes, progress).await;
            match built {
                Ok(path) => Ok(piece(&format!("built {}", path.display()))),
                // The lines have been shown one by one.
                Err(BuildError::Failed { folder, .. }) => {
                    Err(Status::aborted(format!("cargo build failed in {}", folder.display())))
                }
                Err(error) => Err(Status::aborted(chain(&error))),
            }
        };
        let lines = stream::unfold(lines, |mut lines| async move {
            lines.recv().await.map(|line| (Ok(piece(&line)), lines))
        });
        // The build runs while its lines are read; its own word is the last.
        let all = stream::select(lines, stream::once(building));
        Ok(Response::new(all.boxed()))
    }

    async fn about(&self, request: Request<AboutRequest>) -> Result<Response<AboutResponse>, Status> {
        let program =
            Program::read(request.into_inner().info).map_err(|error| Status::invalid_argument(chain(&error)))?;
        let version = output_of(&program.folder, &["--version"]).await.unwrap_or_default();
        let version = version.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let executable = cargo(&program.folder)
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        Ok(Response::new(AboutResponse {
            executable,
            version,
            metadata: BTreeMap::new(),
        }))
    }

    async fn get_program_dependencies(
        &self,
        request: Request<GetProgramDependenciesRequest>,
    ) -> Result<Response<GetProgramDependenciesResponse>, Status> {
        let request = request.into_inner();
        let program = Program::read(request.info).map_err(|error| Status::invalid_argument(chain(&error)))?;
        let depth = if request.transitive_dependencies { "100" } else { "1" };
        let arguments = [
            "tree",
            "--offline",
            "--prefix",
            "none",
            "--edges",
            "normal",
            "--depth",
            depth,
        ];
        let tree = output_of(&program.folder, &arguments).await.unwrap_or_default();
        // The first line is the program itself.
        let dependencies = tree.lines().skip(1).filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
            Some((name.to_owned(), version.to_owned()))
        });
        let dependencies: std::collections::BTreeSet<_> = dependencies.collect();
        let dependencies = dependencies
            .into_iter()
            .map(|(name, version)| DependencyInfo { name, version })
            .collect();
        Ok(Response::new(GetProgramDependenciesResponse { dependencies }))
    }

    async fn cancel(&self, _: Request<()>) -> Result<Response<()>, Status> {
        self.processes.tell_all_to_end();
        Ok(Response::new(()))
    }
}

fn piece(line: &str) -> InstallDependenciesResponse {
    InstallDependenciesResponse {
        stdout: format!("{line}\n").into_bytes(),
        stderr: Vec::new(),
    }
}
