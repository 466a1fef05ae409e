//! A running server and a client for it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use longshore_server::{Assets, Process, Server, ServerSettings, TenantLimits};
use longshore_store::{Settings, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A second, in nanoseconds.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// A server on a free port; it stops when this is dropped.
pub(crate) struct Api {
    pub(crate) address: String,
    pub(crate) tenant_limits: Arc<TenantLimits>,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    _folder: TempDir,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_with(ServerSettings::default(), None).await
    }

    pub(crate) async fn start_with(settings: ServerSettings, assets: Option<Arc<dyn Assets>>) -> Self {
        Self::start_controlled(settings, assets, None).await
    }

    /// As [`Api::start_with`], within a process that the API may control.
    pub(crate) async fn start_controlled(
        settings: ServerSettings,
        assets: Option<Arc<dyn Assets>>,
        process: Option<Arc<dyn Process>>,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        Self::start_on(folder, |store| store, settings, assets, process).await
    }

    /// As [`Api::start`], over a store with other settings.
    pub(crate) async fn start_over(change: impl FnOnce(Settings) -> Settings) -> Self {
        Self::start_on(TempDir::new().unwrap(), change, ServerSettings::default(), None, None).await
    }

    async fn start_on(
        folder: TempDir,
        change: impl FnOnce(Settings) -> Settings,
        settings: ServerSettings,
        assets: Option<Arc<dyn Assets>>,
        process: Option<Arc<dyn Process>>,
    ) -> Self {
        // Another test may have installed it already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let store = Settings {
            row_filters: Some(Arc::new(longshore_logql::RowQueries)),
            ..Settings::new(folder.path())
        };
        let store = Store::open(change(store)).unwrap();
        let settings = ServerSettings {
            listen: "127.0.0.1:0".to_owned(),
            ..settings
        };
        let server = Server::bind(settings, store, assets).await.unwrap();
        if let Some(process) = process {
            server.control(process);
        }
        let address = server.local_addr().to_string();
        let tenant_limits = server.tenant_limits();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server.serve(async {
            drop(stopped.await);
        }));
        Self {
            address,
            tenant_limits,
            client: reqwest::Client::new(),
            stop: Some(stop),
            served,
            _folder: folder,
        }
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.served.await.unwrap();
    }

    /// Sends a request; gives status and text.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> (u16, String) {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.client.request(method.parse().unwrap(), url).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The answer to a GET with parameters, which must succeed.
    pub(crate) async fn get(&self, path: &str, params: &[(&str, &str)]) -> Value {
        let (status, text) = self.try_get(path, params, &[]).await;
        assert_eq!(status, 200, "{path} {params:?}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Status and text of a GET with parameters.
    pub(crate) async fn try_get(&self, path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> (u16, String) {
        let url = reqwest::Url::parse_with_params(&format!("http://{}{path}", self.address), params).unwrap();
        let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        self.send("GET", &target, headers, Vec::new()).await
    }

    /// Pushes lines of one stream as JSON, which must succeed.
    pub(crate) async fn push(&self, labels: Value, values: Value) {
        let body = serde_json::json!({"streams": [{"stream": labels, "values": values}]}).to_string();
        let (status, text) = self.push_json(&body).await;
        assert_eq!((status, text.as_str()), (204, ""));
    }

    /// Pushes JSON text.
    pub(crate) async fn push_json(&self, body: &str) -> (u16, String) {
        self.send(
            "POST",
            "/loki/api/v1/push",
            &[("content-type", "application/json")],
            body,
        )
        .await
    }

    /// Lines of a query over the last hour, oldest first.
    pub(crate) async fn lines(&self, query: &str) -> Vec<String> {
        let params = [("query", query), ("direction", "forward"), ("limit", "1000")];
        let answer = self.get("/loki/api/v1/query_range", &params).await;
        let mut lines: Vec<(String, String)> = Vec::new();
        for stream in answer["data"]["result"].as_array().unwrap() {
            for value in stream["values"].as_array().unwrap() {
                lines.push((
                    value[0].as_str().unwrap().to_owned(),
                    value[1].as_str().unwrap().to_owned(),
                ));
            }
        }
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

/// A whole second, a minute ago, in nanoseconds: inside every default range.
pub(crate) fn a_minute_ago() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now - 60).unwrap() * SECOND
}
