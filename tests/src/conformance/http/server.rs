//! A store of our own program with the limits of the recordings.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::http::{Client, Response, escape};
use crate::loki::Loki;
use crate::program::{Program, free_address};

/// Longest time until it answers; a debug build on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Tenants that begin so have their levels detected.
pub(super) const LEVELS: &str = "levels-";
/// Tenants that begin so have their levels detected by other names of the field.
pub(super) const OWN_LEVEL_FIELDS: &str = "own-fields-";

/// Programs that run: one for each configuration.
pub struct Server {
    plain: Running,
    levels: Running,
    own_level_fields: Running,
}

struct Running {
    client: Client,
    /// Ends with this.
    _program: Program,
}

impl Server {
    /// Starts the programs with their data below `folder`.
    ///
    /// # Errors
    /// One does not start, in words.
    pub fn start(binary: &Path, folder: &Path) -> Result<Self, String> {
        Ok(Self {
            plain: Running::start(binary, &folder.join("plain"), "  discover_log_levels: false\n")?,
            levels: Running::start(binary, &folder.join("levels"), "  discover_log_levels: true\n")?,
            own_level_fields: Running::start(
                binary,
                &folder.join("own"),
                "  discover_log_levels: true\n  log_level_fields: [log_level, logging_level, LOGGINGLVL, lvl]\n",
            )?,
        })
    }

    fn of(&mut self, tenant: &str) -> &mut Client {
        let running = if tenant.starts_with(OWN_LEVEL_FIELDS) {
            &mut self.own_level_fields
        } else if tenant.starts_with(LEVELS) {
            &mut self.levels
        } else {
            &mut self.plain
        };
        &mut running.client
    }

    /// Stores lines.
    ///
    /// # Errors
    /// They are refused, in words.
    pub(super) fn push(&mut self, tenant: &str, body: &Value) -> Result<(), String> {
        let headers = [("X-Scope-OrgID", tenant), ("Content-Type", "application/json")];
        let body = body.to_string();
        let answer = self.of(tenant).post("/loki/api/v1/push", &headers, body.as_bytes());
        match answer {
            Ok(Response { status: 204, .. }) => Ok(()),
            Ok(answer) => Err(format!("push of {tenant}: {} {}", answer.status, answer.text())),
            Err(error) => Err(format!("push of {tenant}: {error}")),
        }
    }

    /// Asks a path of the API and gives its JSON.
    ///
    /// # Errors
    /// The text of what is not 200.
    pub(super) fn ask(&mut self, path: &str, tenant: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let form: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", escape(value)))
            .collect();
        let headers = [
            ("X-Scope-OrgID", tenant),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("X-Loki-Response-Encoding-Flags", "categorize-labels"),
        ];
        let path = format!("/loki/api/v1/{path}");
        let answer = self.of(tenant).post(&path, &headers, form.join("&").as_bytes());
        let answer = answer.map_err(|error| format!("no answer: {error}"))?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body).map_err(|error| format!("no JSON: {error}: {}", answer.text())),
            400 => Err(answer.text()),
            // A mistake in a query is 400; anything else must not pass for one.
            status => Err(format!("status {status}: {}", answer.text())),
        }
    }
}

impl Running {
    fn start(binary: &Path, folder: &Path, limits: &str) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("cannot start the server: {error}");
        fs::create_dir_all(folder).map_err(told)?;
        let address = free_address().map_err(told)?;
        let text = format!(
            "auth_enabled: true
server: {{http_listen_address: {}, http_listen_port: {}, log_level: warn}}
common: {{path_prefix: \"{}\"}}
query_range: {{cache_results: false}}
limits_config:
  reject_old_samples: false
  discover_service_name: []
  split_queries_by_interval: 0
  max_query_length: 0
  max_query_series: 5000
  shard_aggregations: [approx_topk]
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
{limits}",
            address.ip(),
            address.port(),
            folder.join("data").display(),
        );
        let file = folder.join("store.yaml");
        fs::write(&file, text).map_err(told)?;
        let mut command = Command::new(binary);
        command
            .arg("store")
            .arg("--config")
            .arg(&file)
            .env("TZ", "UTC")
            .current_dir(folder);
        let program = Program::start("store", folder, &mut command).map_err(told)?;
        Loki::new(address)
            .wait_ready(READY_WITHIN)
            .map_err(|error| format!("{error}\n{}", program.last_words()))?;
        Ok(Self {
            client: Client::new(address),
            _program: program,
        })
    }
}
