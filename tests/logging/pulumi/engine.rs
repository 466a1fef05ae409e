//! An engine in this process: it starts the real host, and answers the program as Pulumi does.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use longshore_pulumi::proto::engine_server::{Engine, EngineServer};
use longshore_pulumi::proto::language_runtime_client::LanguageRuntimeClient;
use longshore_pulumi::proto::resource_monitor_server::{ResourceMonitor, ResourceMonitorServer};
use longshore_pulumi::proto::{
    LogRequest, ProgramInfo, RegisterResourceOutputsRequest, RegisterResourceRequest, RegisterResourceResponse,
    RunRequest,
};
use longshore_pulumi::{Urn, property};
use serde_json::{Value, json};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

/// What the program has told the engine.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) resources: Vec<RegisterResourceRequest>,
    pub(super) outputs: Vec<RegisterResourceOutputsRequest>,
    pub(super) messages: Vec<LogRequest>,
    pub(super) shut_down: bool,
}

/// The engine's two services.
#[derive(Debug, Clone, Default)]
struct Services(Arc<Mutex<Told>>);

/// An engine and the host it has started; the host is killed when this is dropped.
pub(super) struct TestEngine {
    pub(super) address: String,
    pub(super) host: Child,
    pub(super) client: LanguageRuntimeClient<Channel>,
    told: Services,
}

impl TestEngine {
    /// Serves, starts the host as Pulumi does, and waits for its port.
    pub(super) async fn start(host: &Path) -> Self {
        let incoming = TcpIncoming::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = incoming.local_addr().unwrap().to_string();
        let told = Services::default();
        let services = Server::builder()
            .add_service(EngineServer::new(told.clone()))
            .add_service(ResourceMonitorServer::new(told.clone()));
        tokio::spawn(services.serve_with_incoming(incoming));
        let mut command = Command::new(host);
        command.arg(&address).stdin(Stdio::piped()).stdout(Stdio::piped());
        // What the tests build belongs into their own folders.
        command.env_remove("CARGO_TARGET_DIR");
        let mut host = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(host.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", port.trim_end())).unwrap();
        let client = LanguageRuntimeClient::new(endpoint.connect().await.unwrap());
        Self {
            address,
            host,
            client,
            told,
        }
    }

    /// What the program has told so far.
    pub(super) fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.0.lock().unwrap()
    }

    /// A request to run the program in `folder`, with options of the runtime and configuration of project `logs`.
    pub(super) fn request(&self, folder: &Path, options: &Value, config: &[(&str, &str)]) -> RunRequest {
        let config = config
            .iter()
            .map(|(key, value)| (format!("logs:{key}"), (*value).to_owned()));
        RunRequest {
            project: "logs".to_owned(),
            stack: "dev".to_owned(),
            pwd: folder.display().to_string(),
            config: config.collect::<BTreeMap<_, _>>(),
            config_secret_keys: vec!["logs:token".to_owned()],
            parallel: 8,
            monitor_address: self.address.clone(),
            organization: "organization".to_owned(),
            info: Some(info(folder, options)),
            ..RunRequest::default()
        }
    }
}

/// Where the program is, as the engine says it.
pub(super) fn info(folder: &Path, options: &Value) -> ProgramInfo {
    let folder = folder.display().to_string();
    ProgramInfo {
        root_directory: folder.clone(),
        program_directory: folder,
        entry_point: ".".to_owned(),
        options: Some(property::to_wire(options.as_object().unwrap()).unwrap()),
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

#[tonic::async_trait]
impl Engine for Services {
    async fn log(&self, request: Request<LogRequest>) -> Result<Response<()>, Status> {
        self.0.lock().unwrap().messages.push(request.into_inner());
        Ok(Response::new(()))
    }
}

#[tonic::async_trait]
impl ResourceMonitor for Services {
    async fn register_resource(
        &self,
        request: Request<RegisterResourceRequest>,
    ) -> Result<Response<RegisterResourceResponse>, Status> {
        let request = request.into_inner();
        let parent = (!request.parent.is_empty()).then(|| Urn::new(request.parent.clone()));
        let urn = Urn::build("dev", "logs", parent.as_ref(), &request.r#type, &request.name);
        let response = RegisterResourceResponse {
            urn: urn.to_string(),
            id: if request.custom {
                format!("id-of-{}", request.name)
            } else {
                String::new()
            },
            object: request.object.clone(),
            ..RegisterResourceResponse::default()
        };
        self.0.lock().unwrap().resources.push(request);
        Ok(Response::new(response))
    }

    async fn register_resource_outputs(
        &self,
        request: Request<RegisterResourceOutputsRequest>,
    ) -> Result<Response<()>, Status> {
        self.0.lock().unwrap().outputs.push(request.into_inner());
        Ok(Response::new(()))
    }

    async fn signal_and_wait_for_shutdown(&self, _: Request<()>) -> Result<Response<()>, Status> {
        self.0.lock().unwrap().shut_down = true;
        Ok(Response::new(()))
    }
}

/// Outputs as JSON, by the last part of the URN.
pub(super) fn outputs_of(told: &Told) -> Value {
    let all = told.outputs.iter().map(|one| {
        let name = Urn::new(one.urn.clone()).name().to_owned();
        (name, Value::Object(property::from_wire(one.outputs.clone().unwrap())))
    });
    json!(all.collect::<BTreeMap<_, _>>())
}
