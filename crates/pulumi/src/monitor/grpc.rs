//! The real engine, over gRPC on this machine.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};

use super::{Monitor, Registered, Registration, Severity};
use crate::error::{Error, MonitorError};
use crate::lifecycle::{Alias, FormerParent, Lifecycle, Timeouts};
use crate::limits::{CONNECT_WITHIN, MESSAGE_BYTES_MAX};
use crate::property;
use crate::proto;
use crate::proto::engine_client::EngineClient;
use crate::proto::register_resource_request::{CustomTimeouts, PropertyDependencies};
use crate::proto::resource_monitor_client::ResourceMonitorClient;
use crate::urn::Urn;

/// Why the engine cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach Pulumi's engine at {address}")]
pub struct ConnectError {
    /// host:port.
    pub address: String,
    /// What the connection said.
    #[source]
    pub source: tonic::transport::Error,
}

/// The real engine.
#[derive(Debug, Clone)]
pub struct GrpcMonitor {
    monitor: ResourceMonitorClient<Channel>,
    engine: EngineClient<Channel>,
}

impl GrpcMonitor {
    /// Connects to monitor and engine, both host:port as the host was told.
    ///
    /// # Errors
    /// When one of them does not answer in time.
    pub async fn connect(monitor: &str, engine: &str) -> Result<Self, ConnectError> {
        Ok(Self {
            monitor: ResourceMonitorClient::new(connect(monitor).await?)
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX),
            engine: EngineClient::new(connect(engine).await?),
        })
    }
}

/// Connects to a host:port of the engine's.
///
/// # Errors
/// When it does not answer in time.
pub(crate) async fn connect(address: &str) -> Result<Channel, ConnectError> {
    let fail = |source| ConnectError {
        address: address.to_owned(),
        source,
    };
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(fail)?;
    endpoint.connect_timeout(CONNECT_WITHIN).connect().await.map_err(fail)
}

/// The protocol's number for a severity.
pub(crate) fn severity_number(severity: Severity) -> i32 {
    match severity {
        Severity::Debug => proto::LogSeverity::Debug.into(),
        Severity::Info => proto::LogSeverity::Info.into(),
        Severity::Warning => proto::LogSeverity::Warning.into(),
        Severity::Error => proto::LogSeverity::Error.into(),
    }
}

/// A value that cannot be sent is refused before it leaves.
fn unsendable(error: &Error) -> MonitorError {
    MonitorError::Refused {
        code: tonic::Code::InvalidArgument,
        message: error.to_string(),
    }
}

fn texts<'a>(urns: impl IntoIterator<Item = &'a Urn>) -> Vec<String> {
    urns.into_iter().map(ToString::to_string).collect()
}

fn request_of(registration: Registration) -> Result<proto::RegisterResourceRequest, MonitorError> {
    let object = property::to_wire(&registration.object).map_err(|error| unsendable(&error))?;
    let Lifecycle {
        protect,
        retain_on_delete,
        delete_before_replace,
        ignore_changes,
        replace_on_changes,
        additional_secret_outputs,
        aliases,
        timeouts,
        version,
    } = registration.lifecycle;
    let property_dependencies = registration.property_dependencies.iter();
    Ok(proto::RegisterResourceRequest {
        r#type: registration.type_token,
        name: registration.name,
        parent: registration.parent.map(|urn| urn.to_string()).unwrap_or_default(),
        custom: registration.custom,
        object: Some(object),
        protect,
        dependencies: texts(&registration.dependencies),
        provider: registration.provider.unwrap_or_default(),
        property_dependencies: property_dependencies
            .map(|(key, urns)| (key.clone(), PropertyDependencies { urns: texts(urns) }))
            .collect(),
        delete_before_replace: delete_before_replace.unwrap_or_default(),
        version: version.unwrap_or_default(),
        ignore_changes,
        accept_secrets: true,
        additional_secret_outputs,
        custom_timeouts: timeouts_of(timeouts),
        delete_before_replace_defined: delete_before_replace.is_some(),
        supports_partial_values: true,
        providers: registration.providers,
        replace_on_changes,
        retain_on_delete,
        aliases: aliases.into_iter().map(alias_of).collect(),
        alias_specs: true,
        supports_result_reporting: true,
    })
}

fn timeouts_of(timeouts: Timeouts) -> Option<CustomTimeouts> {
    let text = |time: Option<Duration>| time.map(|time| format!("{}s", time.as_secs())).unwrap_or_default();
    (timeouts != Timeouts::default()).then(|| CustomTimeouts {
        create: text(timeouts.create),
        update: text(timeouts.update),
        delete: text(timeouts.delete),
    })
}

fn alias_of(alias: Alias) -> proto::Alias {
    use proto::alias::spec::Parent;
    let alias = match alias {
        Alias::Urn(urn) => proto::alias::Alias::Urn(urn.to_string()),
        Alias::Former {
            name,
            type_token,
            parent,
        } => proto::alias::Alias::Spec(proto::alias::Spec {
            name: name.unwrap_or_default(),
            r#type: type_token.unwrap_or_default(),
            parent: match parent {
                FormerParent::Same => None,
                FormerParent::Stack => Some(Parent::NoParent(true)),
                FormerParent::Other(urn) => Some(Parent::ParentUrn(urn.to_string())),
            },
            ..proto::alias::Spec::default()
        }),
    };
    proto::Alias { alias: Some(alias) }
}

fn registered_of(answer: proto::RegisterResourceResponse) -> Result<Registered, MonitorError> {
    use proto::RegistrationResult::{RegistrationFail, RegistrationSkip, RegistrationSuccess};
    match answer.result() {
        RegistrationSuccess => {}
        RegistrationFail => return Err(MonitorError::Failed),
        RegistrationSkip => return Err(MonitorError::Skipped),
    }
    Ok(Registered {
        urn: Urn::new(answer.urn),
        id: (!answer.id.is_empty()).then_some(answer.id),
        object: property::from_wire(answer.object.unwrap_or_default()),
        unknown: answer.unknown,
    })
}

impl Monitor for GrpcMonitor {
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<Registered, MonitorError>> {
        let mut client = self.monitor.clone();
        async move {
            let answer = client.register_resource(request_of(registration)?).await?;
            registered_of(answer.into_inner())
        }
        .boxed()
    }

    fn register_outputs(&self, urn: Urn, outputs: Map<String, Value>) -> BoxFuture<'_, Result<(), MonitorError>> {
        let mut client = self.monitor.clone();
        async move {
            let outputs = property::to_wire(&outputs).map_err(|error| unsendable(&error))?;
            let request = proto::RegisterResourceOutputsRequest {
                urn: urn.to_string(),
                outputs: Some(outputs),
            };
            client.register_resource_outputs(request).await?;
            Ok(())
        }
        .boxed()
    }

    fn log(&self, severity: Severity, message: String, urn: Option<Urn>) -> BoxFuture<'_, Result<(), MonitorError>> {
        let mut client = self.engine.clone();
        async move {
            let request = proto::LogRequest {
                severity: severity_number(severity),
                message,
                urn: urn.map(|urn| urn.to_string()).unwrap_or_default(),
                ..proto::LogRequest::default()
            };
            client.log(request).await?;
            Ok(())
        }
        .boxed()
    }

    fn wait_for_shutdown(&self) -> BoxFuture<'_, Result<(), MonitorError>> {
        let mut client = self.monitor.clone();
        async move {
            match client.signal_and_wait_for_shutdown(()).await {
                // Engines before 2025 do not know the call and need none.
                Err(status) if status.code() == tonic::Code::Unimplemented => Ok(()),
                other => other.map(|_| ()).map_err(MonitorError::from),
            }
        }
        .boxed()
    }
}
