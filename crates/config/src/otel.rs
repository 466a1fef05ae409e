//! The OpenTelemetry Collector dialect.

mod adapt;
mod components;
mod expand;
mod exporters;
mod extensions;
mod file_log;
mod http_client;
mod k8s_attributes;
mod load;
mod operators;
mod pipelines;
mod processors;
mod service;
mod telemetry;

pub use exporters::{DebugSettings, ExporterSettings, LokiExporterSettings, OtlpEncoding, OtlpHttpSettings, Verbosity};
pub use extensions::{
    BasicAuthSettings, BearerTokenSettings, ExtensionSettings, FileStorageSettings, HealthCheckSettings,
};
pub use file_log::{
    Encoding, FileCompression, FileLogSettings, LongLineBehavior, MultilineSettings, ReceiverSettings, StartAt,
};
pub use http_client::{
    Compression, HttpClientSettings, QueueBatchSettings, QueueSizer, RetrySettings, SendingQueueSettings, TlsSettings,
};
pub use k8s_attributes::{
    AssociationSource, ExtractSettings, FieldExtract, FieldFilter, FilterOperation, KubernetesAttributesSettings,
    KubernetesAuth, KubernetesFilter, KubernetesObject,
};
pub use load::load;
pub use operators::{
    AddOperator, ContainerFormat, ContainerOperator, Field, FieldRoot, FilterOperator, MoveOperator, OnError,
    OperatorKind, OperatorSettings, OperatorValue,
};
pub use processors::{
    ActionKind, ActionSettings, ActionSource, BatchSettings, MemoryLimiterSettings, ProcessorSettings,
};
pub use service::{
    CollectorSettings, ComponentId, LogEncoding, LogLevel, PipelineSettings, ServiceSettings, TelemetrySettings,
};
