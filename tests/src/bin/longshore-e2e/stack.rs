//! The stack under test: how it is deployed, whose programs it runs, and what it says of itself.

use std::env;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use longshore_tests::clock::now;
use longshore_tests::loki::Loki;
use longshore_tests::peers;

use crate::cluster::{self, kubectl, kubectl_with, run, wait_for};
use crate::usage::{Groups, Usage};
use crate::{Outcome, Plan, tell};

/// Our image on the node.
pub(crate) const OUR_IMAGE: &str = "longshore:e2e";
/// Where the stack is deployed to.
const NAMESPACE: &str = "monitoring";
/// Images of the upstream programs on the node, with the programs in them.
const UPSTREAM: [(&str, &str); 2] = [("otelcol:e2e", "otelcol"), ("loki:e2e", "loki")];
/// Longest time until both halves are Ready.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(180);
/// Longest time until everything is gone; the store writes out what it holds first.
const GONE_WITHIN: Duration = Duration::from_secs(180);
/// What makes up a stack, for the look at what is left of it.
const KINDS: &str = "daemonset,statefulset,pod,service,configmap,serviceaccount,secret,poddisruptionbudget,networkpolicy,\
                     persistentvolumeclaim,clusterrole,clusterrolebinding,role,rolebinding";

/// How it gets into the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Way {
    /// `longshore deploy render | kubectl apply -f -`.
    Kubectl,
    /// `pulumi up`.
    Pulumi,
}

/// Whose programs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    /// Longshore.
    Native,
    /// OpenTelemetry Collector and Loki.
    Upstream,
}

/// One half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The agent of the node.
    Collector,
    /// The store.
    Store,
}

impl Part {
    fn component(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Store => "store",
        }
    }
}

/// The upstream programs that are there, by the image they go into.
pub(crate) fn upstream_images() -> Vec<(&'static str, PathBuf)> {
    let found = |(image, program)| Some((image, peers::find(program)?.canonicalize().ok()?));
    UPSTREAM.into_iter().filter_map(found).collect()
}

/// A deployment.
pub(crate) struct Stack {
    way: Way,
    engine: Engine,
    program: PathBuf,
    pulumi: Option<PathBuf>,
    state: tempfile::TempDir,
}

impl Stack {
    /// `None`, with a word about it, where a program is missing.
    pub(crate) fn new(plan: &Plan, way: Way, engine: Engine) -> Outcome<Option<Self>> {
        if engine == Engine::Upstream && upstream_images().len() < UPSTREAM.len() {
            tell("SKIPPED upstream: no `otelcol` and `loki` among the real programs");
            return Ok(None);
        }
        let pulumi = peers::find("pulumi").filter(|_| peers::find("pulumi-resource-kubernetes").is_some());
        if way == Way::Pulumi && pulumi.is_none() {
            tell("SKIPPED pulumi: no `pulumi` and `pulumi-resource-kubernetes` among the real programs");
            return Ok(None);
        }
        let stack = Self {
            way,
            engine,
            program: plan.program.canonicalize()?,
            pulumi: pulumi.filter(|_| way == Way::Pulumi),
            state: tempfile::tempdir()?,
        };
        stack.prepare()?;
        Ok(Some(stack))
    }

    pub(crate) fn way(&self) -> Way {
        self.way
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    pub(crate) fn namespace(&self) -> &'static str {
        NAMESPACE
    }

    /// Settings that differ from the defaults, as `longshore deploy render --set` and Pulumi's configuration take them.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![("image", OUR_IMAGE.to_owned())];
        if self.engine == Engine::Upstream {
            settings.push(("engine", "upstream".to_owned()));
            let upstream = ["collector.image", "store.image"].into_iter().zip(UPSTREAM);
            settings.extend(upstream.map(|(key, (image, _))| (key, image.to_owned())));
        }
        settings
    }

    fn prepare(&self) -> Outcome<()> {
        if self.way == Way::Pulumi {
            self.pulumi(&["stack", "init", "staging"], true)?;
            for (key, value) in self.settings() {
                self.pulumi(&["config", "set", "--stack", "staging", key, &value], true)?;
            }
        }
        Ok(())
    }

    /// Deploys, or deploys again.
    pub(crate) fn on(&self) -> Outcome<()> {
        cluster::namespace(NAMESPACE)?;
        match self.way {
            Way::Kubectl => kubectl_with(&self.rendered()?, &["apply", "-f", "-"]).map(drop),
            Way::Pulumi => self.pulumi(&["up", "--yes", "--skip-preview", "--stack", "staging"], true),
        }
    }

    /// Takes it away; the volume stays.
    pub(crate) fn off(&self) -> Outcome<()> {
        match self.way {
            Way::Kubectl => kubectl_with(&self.rendered()?, &["delete", "--ignore-not-found", "-f", "-"]).map(drop),
            Way::Pulumi => self.pulumi(&["up", "--yes", "--skip-preview", "--stack", "staging"], false),
        }
    }

    /// Takes it away for good, the way's own word for it; the volume stays.
    pub(crate) fn destroy(&self) -> Outcome<()> {
        match self.way {
            Way::Kubectl => self.off(),
            Way::Pulumi => self.pulumi(&["destroy", "--yes", "--skip-preview", "--stack", "staging"], true),
        }
    }

    /// Whether Pulumi sees the cluster as it deployed it: nothing to refresh, nothing to change.
    pub(crate) fn unchanged(&self) -> Outcome<String> {
        self.pulumi(&["refresh", "--yes", "--skip-preview", "--stack", "staging"], true)?;
        self.pulumi(&["preview", "--expect-no-changes", "--stack", "staging"], true)?;
        Ok("refresh, then preview --expect-no-changes".to_owned())
    }

    fn rendered(&self) -> Outcome<String> {
        let settings = self.settings();
        let pairs = settings.iter().map(|(key, value)| format!("--set={key}={value}"));
        run(Command::new(&self.program)
            .args(["deploy", "render", "--namespace", NAMESPACE])
            .args(pairs))
    }

    fn pulumi(&self, arguments: &[&str], logging: bool) -> Outcome<()> {
        let pulumi = self.pulumi.as_ref().ok_or("no pulumi")?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
        let beside = pulumi.parent().ok_or("pulumi lies in no folder")?;
        let path = env::var("PATH").unwrap_or_default();
        let state = self.state.path().display();
        let mut command = Command::new(pulumi);
        command.args(arguments).arg("--non-interactive");
        // The repository's own file of this stack stays as it is; `pulumi stack` does not look at it.
        if arguments.first() != Some(&"stack") {
            command
                .arg("--config-file")
                .arg(self.state.path().join("Pulumi.staging.yaml"));
        }
        run(command
            .current_dir(folder)
            .env("PATH", format!("{}:{path}", beside.display()))
            .env("PULUMI_BACKEND_URL", format!("file://{state}"))
            .env("PULUMI_HOME", self.state.path().join("home"))
            .env("PULUMI_CONFIG_PASSPHRASE", "")
            .env("PULUMI_SKIP_UPDATE_CHECK", "true")
            .env("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
            .env("ENABLE_LOGGING", logging.to_string()))
        .map(drop)
    }

    /// Name and uid of a half's pod.
    pub(crate) fn pod(&self, part: Part) -> Outcome<(String, String)> {
        let selector = format!("app.kubernetes.io/component={}", part.component());
        let form = "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {end}";
        let text = kubectl(["-n", NAMESPACE, "get", "pods", "-l", &selector, "-o", form])?;
        let mut words = text.split_whitespace().map(str::to_owned);
        let found = words.next().zip(words.next());
        found.ok_or_else(|| format!("no pod of the {}", part.component()).into())
    }

    /// What a half's pod has used.
    pub(crate) fn usage(&self, part: Part) -> Outcome<Usage> {
        let (_, uid) = self.pod(part)?;
        Ok(Groups::of_pod(&uid)?.read())
    }

    /// Waits until both halves are Ready; says what they run in.
    pub(crate) fn ready(&self) -> Outcome<String> {
        let timeout = format!("--timeout={}s", READY_WITHIN.as_secs());
        for kind in ["daemonset", "statefulset"] {
            let names = kubectl([
                "-n",
                NAMESPACE,
                "get",
                kind,
                "-l",
                "app.kubernetes.io/name=longshore",
                "-o",
                "name",
            ])?;
            let name = names.lines().next().ok_or_else(|| format!("no {kind}"))?;
            kubectl(["-n", NAMESPACE, "rollout", "status", name, &timeout])?;
        }
        let form = "jsonpath={range .items[*]}{.metadata.name} {.spec.containers[0].resources.limits} restarts \
                    {.status.containerStatuses[0].restartCount}; {end}";
        kubectl([
            "-n",
            NAMESPACE,
            "get",
            "pods",
            "-l",
            "app.kubernetes.io/name=longshore",
            "-o",
            form,
        ])
    }

    /// A client of the store, by its name in the cluster.
    pub(crate) fn loki(&self) -> Outcome<Loki> {
        let name = format!("loki.{NAMESPACE}.svc.cluster.local:3100");
        let address = name.to_socket_addrs()?.next().ok_or("the service has no address")?;
        Ok(Loki::new(address))
    }

    /// Lines of all loads so far.
    pub(crate) fn lines_stored(&self) -> Outcome<u64> {
        let query = "sum(count_over_time({k8s_namespace_name=~\"e2e-.+\"} [3h]))";
        Ok(self.loki()?.sum(query, now())? as u64)
    }

    /// Waits until the volume is all that is left.
    pub(crate) fn gone(&self) -> Outcome<String> {
        wait_for("everything but the volume is gone", GONE_WITHIN, || {
            let left = kubectl([
                "get",
                KINDS,
                "-A",
                "-l",
                "app.kubernetes.io/name=longshore",
                "-o",
                "name",
            ])?;
            let (volumes, others): (Vec<_>, Vec<_>) = left
                .lines()
                .partition(|name| name.starts_with("persistentvolumeclaim/"));
            if volumes.is_empty() || !others.is_empty() {
                return Err(format!("volumes {volumes:?}, and {others:?}").into());
            }
            Ok(Some(volumes.join(" ")))
        })
    }

    /// Whether the lines of before are still there.
    pub(crate) fn still_has(&self, before: u64) -> Outcome<String> {
        wait_for("the old lines", READY_WITHIN, || {
            let found = self.lines_stored()?;
            if found < before {
                return Err(format!("{found} of {before}").into());
            }
            Ok(Some(format!("{before} lines")))
        })
    }

    /// Removes the volume too.
    pub(crate) fn forget(&self) -> Outcome<()> {
        cluster::forget_namespace(NAMESPACE)
    }
}
