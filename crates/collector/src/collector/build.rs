//! Settings to components. Everything is checked here, before anything is opened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use longshore_config::otel::{
    CollectorSettings, ComponentId, ContainerFormat, Encoding, ExporterSettings, ExtensionSettings, FileCompression,
    FileLogSettings, HttpClientSettings, LongLineBehavior, OperatorKind, PipelineSettings, ProcessorSettings,
    ReceiverSettings, SendingQueueSettings, StartAt,
};
use longshore_wire::container::ContainerDialect;
use longshore_wire::loki_push;
use thiserror::Error;

use super::{Collector, PipelinePlan, ReceiverPlan, Surroundings};
use crate::batch::BatchLimits;
use crate::exporters::{Authentication, Client, Encoder, Exporter, Kind};
use crate::file_log::{Globs, RecordMaker, TailerSettings};
use crate::kubernetes;
use crate::limits::{CHUNK_RECORDS_MAX, IN_FLIGHT_BYTES_MAX};
use crate::metrics::Metrics;
use crate::processors::{Action, Processor, ResourceChange};
use crate::status::Status;

/// Share of a memory limit that records in flight may take; the rest is the program itself and requests.
const LIMITER_SHARE: u64 = 4;

/// Why a collector cannot be built from its settings. Nothing was opened yet.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A component's settings cannot act.
    #[error("{component}: {message}")]
    Component {
        /// The component's id, as in `file_log/pods`.
        component: String,
        /// What is wrong, and what to do.
        message: String,
    },
}

fn wrong(component: &ComponentId, message: impl Into<String>) -> BuildError {
    BuildError::Component {
        component: component.to_string(),
        message: message.into(),
    }
}

impl Collector {
    /// Builds every component that a pipeline uses. Opens nothing but files of secrets and certificates.
    ///
    /// # Errors
    /// When settings that are well-formed cannot act: a glob, an expression, an address, something not supported.
    pub fn new(settings: &CollectorSettings, surroundings: &Surroundings) -> Result<Self, BuildError> {
        let metrics = Metrics::default();
        let mut builder = Builder {
            settings,
            surroundings,
            metrics: &metrics,
            clusters: BTreeMap::new(),
        };
        builder.clusters = builder.clusters()?;
        let pipelines = &settings.service.pipelines;
        let mut used: Vec<&ComponentId> = pipelines.iter().flat_map(|pipeline| &pipeline.receivers).collect();
        used.sort();
        used.dedup();
        let count = used.len();
        let receivers: Vec<_> = used
            .into_iter()
            .map(|id| builder.receiver(id, count))
            .collect::<Result<_, _>>()?;
        let pipelines = pipelines
            .iter()
            .map(|pipeline| builder.pipeline(pipeline))
            .collect::<Result<_, _>>()?;
        let health = settings
            .service
            .extensions
            .iter()
            .filter_map(|id| match settings.extensions.get(id)? {
                ExtensionSettings::HealthCheck(health) => Some((health.endpoint.clone(), health.path.clone())),
                _ => None,
            });
        Ok(Self {
            status: Status::new(receivers.len()),
            receivers,
            pipelines,
            health: health.collect(),
            clusters: builder.clusters.into_values().collect(),
            metrics_address: settings.service.telemetry.metrics_address.clone(),
            metrics,
        })
    }
}

struct Builder<'a> {
    settings: &'a CollectorSettings,
    surroundings: &'a Surroundings,
    metrics: &'a Metrics,
    /// Of every `k8s_attributes` processor that a pipeline uses.
    clusters: BTreeMap<ComponentId, Arc<kubernetes::Handle>>,
}

impl Builder<'_> {
    fn receiver(&self, id: &ComponentId, count: usize) -> Result<ReceiverPlan, BuildError> {
        let Some(ReceiverSettings::FileLog(file_log)) = self.settings.receivers.get(id) else {
            return Err(wrong(id, "is not defined under receivers"));
        };
        supported(file_log).map_err(|message| wrong(id, message))?;
        let globs = Globs::new(&file_log.include, &file_log.exclude).map_err(|message| wrong(id, message))?;
        let maker = RecordMaker::new(&id.to_string(), file_log, self.metrics.clone());
        // With nothing allowed nothing would ever be read.
        let budget_bytes = (self.budget_bytes()? / count.max(1)).max(1);
        Ok(ReceiverPlan {
            id: id.to_string(),
            globs,
            includes: file_log.include.clone(),
            settings: tailer_settings(file_log, self.records_max(id)),
            maker: maker.map_err(|message| wrong(id, message))?,
            poll_interval: file_log.poll_interval,
            storage: self.storage(id, file_log)?,
            budget_bytes,
            readiness: self.readiness(id),
        })
    }

    fn clusters(&self) -> Result<BTreeMap<ComponentId, Arc<kubernetes::Handle>>, BuildError> {
        let pipelines = self.settings.service.pipelines.iter();
        let mut clusters = BTreeMap::new();
        for id in pipelines.flat_map(|pipeline| &pipeline.processors) {
            let Some(ProcessorSettings::KubernetesAttributes(settings)) = self.settings.processors.get(id) else {
                continue;
            };
            let mut settings = settings.clone();
            let node = settings.filter.node.filter(|node| !node.is_empty());
            settings.filter.node = node.or_else(|| self.surroundings.node_name.clone());
            let handle = kubernetes::Handle::new(&id.to_string(), &settings, self.metrics.clone());
            clusters.insert(id.clone(), Arc::new(handle.map_err(|message| wrong(id, message))?));
        }
        Ok(clusters)
    }

    /// What new files of a receiver wait for: every cluster that its lines are labelled from.
    fn readiness(&self, receiver: &ComponentId) -> Option<Arc<kubernetes::Awaited>> {
        let pipelines = self.settings.service.pipelines.iter();
        let mine = pipelines.filter(|pipeline| pipeline.receivers.contains(receiver));
        let mut used: Vec<_> = mine.flat_map(|pipeline| &pipeline.processors).collect();
        used.sort();
        used.dedup();
        let clusters: Vec<_> = used
            .into_iter()
            .filter_map(|id| self.clusters.get(id).cloned())
            .collect();
        (!clusters.is_empty()).then(|| Arc::new(kubernetes::Awaited(clusters)))
    }

    /// A chunk is never torn, so it must fit into the smallest batch that its pipelines make.
    fn records_max(&self, receiver: &ComponentId) -> usize {
        let pipelines = self.settings.service.pipelines.iter();
        let mine = pipelines.filter(|pipeline| pipeline.receivers.contains(receiver));
        let limits = mine.map(|pipeline| self.limits(pipeline).records_max);
        limits.min().unwrap_or(usize::MAX).clamp(1, CHUNK_RECORDS_MAX)
    }

    fn storage(&self, id: &ComponentId, file_log: &FileLogSettings) -> Result<Option<(PathBuf, bool)>, BuildError> {
        let Some(storage) = &file_log.storage else {
            return Ok(self.surroundings.data_directory.clone().map(|folder| (folder, true)));
        };
        match self.settings.extensions.get(storage) {
            Some(ExtensionSettings::FileStorage(file)) => {
                Ok(Some((PathBuf::from(&file.directory), file.create_directory)))
            }
            _ => Err(wrong(id, format!("storage '{storage}' is no file_storage extension"))),
        }
    }

    /// Bytes in flight over all receivers; a memory limiter may make it less.
    fn budget_bytes(&self) -> Result<usize, BuildError> {
        let pipelines = self.settings.service.pipelines.iter();
        let mut budget_bytes = IN_FLIGHT_BYTES_MAX;
        for id in pipelines.flat_map(|pipeline| &pipeline.processors) {
            let Some(ProcessorSettings::MemoryLimiter(limiter)) = self.settings.processors.get(id) else {
                continue;
            };
            let soft = limiter
                .soft_limit_bytes(self.surroundings.memory_bytes)
                .ok_or_else(|| {
                    let message = "the memory that limit_percentage is a share of is not known here; write limit_mib";
                    wrong(id, message)
                })?;
            budget_bytes = budget_bytes.min(usize::try_from(soft / LIMITER_SHARE).unwrap_or(usize::MAX));
        }
        Ok(budget_bytes)
    }

    fn pipeline(&self, pipeline: &PipelineSettings) -> Result<PipelinePlan, BuildError> {
        let mut processors = Vec::new();
        for id in &pipeline.processors {
            processors.extend(self.processor(id)?);
        }
        processors.push(Processor::of_resource(ResourceChange::ServiceName));
        Ok(PipelinePlan {
            receivers: pipeline.receivers.iter().map(ToString::to_string).collect(),
            processors,
            limits: self.limits(pipeline),
            exporters: pipeline
                .exporters
                .iter()
                .map(|id| self.exporter(id))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The batch processor's limits, or those an exporter's queue has; else what is there leaves at once.
    fn limits(&self, pipeline: &PipelineSettings) -> BatchLimits {
        let processor = pipeline
            .processors
            .iter()
            .find_map(|id| match self.settings.processors.get(id)? {
                ProcessorSettings::Batch(batch) => Some(BatchLimits::of_processor(batch)),
                _ => None,
            });
        let queue = || {
            pipeline
                .exporters
                .iter()
                .find_map(|id| match self.settings.exporters.get(id)? {
                    ExporterSettings::Loki(loki) => batch_of(&loki.queue),
                    ExporterSettings::OtlpHttp(otlp) => batch_of(&otlp.queue),
                    ExporterSettings::Debug(_) => None,
                })
        };
        processor.or_else(queue).unwrap_or(BatchLimits::IMMEDIATE)
    }

    fn processor(&self, id: &ComponentId) -> Result<Option<Processor>, BuildError> {
        let compile = |actions: &[_]| {
            let actions: Result<Vec<_>, _> = actions.iter().map(Action::new).collect();
            actions.map_err(|message| wrong(id, message))
        };
        Ok(match self.settings.processors.get(id) {
            None => return Err(wrong(id, "is not defined under processors")),
            // These act at the end of the pipeline and at the receivers.
            Some(ProcessorSettings::Batch(_) | ProcessorSettings::MemoryLimiter(_)) => None,
            Some(ProcessorSettings::Attributes(actions)) => Some(Processor::Attributes(compile(actions)?)),
            Some(ProcessorSettings::Resource(actions)) => {
                Some(Processor::of_resource(ResourceChange::Actions(compile(actions)?)))
            }
            Some(ProcessorSettings::KubernetesAttributes(_)) => {
                let cluster = self.clusters.get(id).cloned();
                cluster.map(|cluster| Processor::of_resource(ResourceChange::Kubernetes(cluster)))
            }
        })
    }

    fn exporter(&self, id: &ComponentId) -> Result<Exporter, BuildError> {
        let (kind, retry) = match self.settings.exporters.get(id) {
            None => return Err(wrong(id, "is not defined under exporters")),
            Some(ExporterSettings::Loki(loki)) => {
                let client = Box::new(self.client(id, &loki.client, false)?);
                let encoder = Encoder::Loki(Box::new(loki_push::Encoder::new()));
                (Kind::Http { client, encoder }, loki.retry.clone())
            }
            Some(ExporterSettings::OtlpHttp(otlp)) => {
                if otlp.encoding != longshore_config::otel::OtlpEncoding::Proto {
                    return Err(wrong(
                        id,
                        "encoding json is not supported; leave it out to send protobuf",
                    ));
                }
                let client = Box::new(self.client(id, &otlp.client, true)?);
                let (compression, level) = (otlp.client.compression, otlp.client.compression_level);
                let encoder = Encoder::Otlp {
                    compression,
                    level,
                    message: Vec::new(),
                };
                (Kind::Http { client, encoder }, otlp.retry.clone())
            }
            Some(ExporterSettings::Debug(debug)) => (Kind::Debug(debug.verbosity), never()),
        };
        Ok(Exporter {
            id: id.to_string(),
            kind,
            retry,
            metrics: self.metrics.clone(),
        })
    }

    fn client(&self, id: &ComponentId, settings: &HttpClientSettings, is_otlp: bool) -> Result<Client, BuildError> {
        let signed = settings.auth.as_ref().map(|auth| self.authentication(auth)).transpose();
        let signed = signed.map_err(|message| wrong(id, message))?;
        Client::new(settings, signed.as_ref(), is_otlp).map_err(|message| wrong(id, message))
    }

    fn authentication(&self, id: &ComponentId) -> Result<Authentication, String> {
        let read = |file: &Option<String>, text: &str| match file {
            Some(path) => std::fs::read_to_string(path)
                .map(|text| text.trim_end().to_owned())
                .map_err(|error| format!("{id}: cannot read {path}: {error}")),
            None => Ok(text.to_owned()),
        };
        match self.settings.extensions.get(id) {
            Some(ExtensionSettings::BasicAuth(basic)) => {
                let name = read(&basic.username_file, &basic.username)?;
                let password = read(&basic.password_file, basic.password.reveal())?;
                let value = format!("Basic {}", base64(format!("{name}:{password}").as_bytes()));
                Ok(Authentication {
                    header: "Authorization".to_owned(),
                    value,
                })
            }
            Some(ExtensionSettings::BearerTokenAuth(bearer)) => {
                let token = read(&bearer.filename, bearer.token.reveal())?;
                let value = if bearer.scheme.is_empty() {
                    token
                } else {
                    format!("{} {token}", bearer.scheme)
                };
                Ok(Authentication {
                    header: bearer.header.clone(),
                    value,
                })
            }
            _ => Err(format!("auth '{id}' is no basicauth or bearertokenauth extension")),
        }
    }
}

fn batch_of(queue: &SendingQueueSettings) -> Option<BatchLimits> {
    queue.batch.as_ref().map(BatchLimits::of_queue)
}

fn never() -> longshore_config::otel::RetrySettings {
    longshore_config::otel::RetrySettings {
        enabled: false,
        initial_interval: std::time::Duration::ZERO,
        max_interval: std::time::Duration::ZERO,
        multiplier: 1.0,
        randomization_factor: 0.0,
        max_elapsed_time: None,
    }
}

/// What the configuration may say and this collector does not do is an error, never silence.
fn supported(settings: &FileLogSettings) -> Result<(), String> {
    if settings.multiline.is_some() {
        return Err("multiline is not supported yet".to_owned());
    }
    if settings.compression == FileCompression::Gzip {
        return Err("compression: gzip for live files is not supported; rotated .gz files are read anyway".to_owned());
    }
    match settings.encoding {
        Encoding::Utf8 | Encoding::Utf8Raw => Ok(()),
    }
}

fn tailer_settings(settings: &FileLogSettings, chunk_records_max: usize) -> TailerSettings {
    let container = settings.operators.iter().find_map(|operator| match &operator.kind {
        OperatorKind::Container(container) => Some(container),
        _ => None,
    });
    let to_usize = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let joined = container.map_or(0, |container| container.max_log_size_bytes);
    TailerSettings {
        dialect: container.map(|container| match container.format {
            ContainerFormat::Auto => ContainerDialect::Auto,
            ContainerFormat::Docker => ContainerDialect::Docker,
            ContainerFormat::Crio | ContainerFormat::Containerd => ContainerDialect::Cri,
        }),
        record_bytes_max: to_usize(if joined > 0 {
            joined
        } else {
            settings.max_log_size_bytes
        })
        .max(16),
        truncates: settings.max_log_size_behavior == LongLineBehavior::Truncate,
        fingerprint_bytes: to_usize(settings.fingerprint_size_bytes).clamp(16, 64 * 1024),
        starts_at_end: settings.start_at == StartAt::End,
        age_max: settings.exclude_older_than,
        open_files_max: settings.max_concurrent_files.map_or(usize::MAX, to_usize),
        flush_period: settings.force_flush_period,
        chunk_records_max,
    }
}

/// RFC 4648 with padding; one header a start is not worth a dependency.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0_u32, |bits, (at, &byte)| bits | u32::from(byte) << (16 - 8 * at));
        for at in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads() {
        let check = |text: &str, expected: &str| assert_eq!(base64(text.as_bytes()), expected);
        check("", "");
        check("u", "dQ==");
        check("us", "dXM=");
        check("use", "dXNl");
        check("user:pass", "dXNlcjpwYXNz");
    }
}
