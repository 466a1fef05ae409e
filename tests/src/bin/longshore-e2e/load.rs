//! Pods that write at a given rate, and the count of what became of their lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use longshore_model::{TimeRange, TimestampNs};
use longshore_tests::clock::now;
use longshore_tests::generator::{Identity, Written};
use longshore_tests::verify::{Report, Verifier};

use crate::cluster::{self, kubectl, kubectl_with, wait_for};
use crate::stack::{Part, Stack};
use crate::usage::Usage;
use crate::{Outcome, tell};

/// Image of the pods that write.
pub(crate) const WRITER_IMAGE: &str = "longshore-writer:e2e";
/// Pods that write.
const PODS: u64 = 4;
/// Container of these pods, and their name label, so that both rules for `service_name` give the same.
const CONTAINER: &str = "writer";
/// Longest time until the pods run.
const START_WITHIN: Duration = Duration::from_secs(120);
/// With no line arriving for so long after the end, what is missing is lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two looks at memory and lag.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Seconds between two probes that are answered 503; the writer has the same number.
const FAILING_EVERY: u64 = 10;

/// Pods at work.
pub(crate) struct Load<'a> {
    stack: &'a Stack,
    namespace: String,
    rate: u64,
    seconds: u64,
    began: TimestampNs,
    started: Instant,
    before: [Usage; 2],
    rss: [u64; 2],
    lag_max: f64,
}

/// One rate from start to count; gives a row of the table.
pub(crate) fn run(stack: &Stack, rate: u64, seconds: u64) -> Outcome<String> {
    let mut load = Load::start(stack, rate, seconds, 0)?;
    load.watch(seconds, |_, _| Ok(()))?;
    load.finish()
}

impl<'a> Load<'a> {
    /// Starts the pods and waits until they run.
    pub(crate) fn start(stack: &'a Stack, rate: u64, seconds: u64, long_every: u64) -> Outcome<Self> {
        let began = now();
        // A name of its own: the volume keeps the lines of earlier runs.
        let namespace = format!("e2e-{rate}-{}", began.0 / 1_000_000_000 % 1_000_000);
        cluster::namespace(&namespace)?;
        let before = [stack.usage(Part::Collector)?, stack.usage(Part::Store)?];
        let started = Instant::now();
        kubectl_with(
            &manifest(&namespace, rate / PODS, seconds, long_every),
            &["apply", "-f", "-"],
        )?;
        wait_for("the writers run", START_WITHIN, || {
            Ok((pod_names(&namespace, true)?.len() as u64 == PODS).then_some(()))
        })?;
        Ok(Self {
            stack,
            namespace,
            rate,
            seconds,
            began,
            started,
            before,
            rss: [0; 2],
            lag_max: 0.0,
        })
    }

    /// Looks at the stack for `seconds`; `each` may do something to it, knowing how many seconds have passed.
    pub(crate) fn watch(&mut self, seconds: u64, mut each: impl FnMut(&Stack, u64) -> Outcome<()>) -> Outcome<()> {
        while self.started.elapsed() < Duration::from_secs(seconds) {
            let elapsed = self.started.elapsed();
            each(self.stack, elapsed.as_secs())?;
            for (rss, part) in self.rss.iter_mut().zip([Part::Collector, Part::Store]) {
                *rss = (*rss).max(self.stack.usage(part).unwrap_or_default().rss);
            }
            let due = (elapsed.as_secs_f64() * self.rate as f64).min((self.rate * self.seconds) as f64);
            if let Ok(stored) = self.stored() {
                self.lag_max = self.lag_max.max((due - stored) / self.rate as f64);
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
        Ok(())
    }

    fn selector(&self, filter: &str) -> String {
        format!("{{k8s_namespace_name=\"{}\"}} {filter}", self.namespace)
    }

    fn stored(&self) -> Outcome<f64> {
        let query = format!("sum(count_over_time({} [3h]))", self.selector("|= \" crc=\""));
        Ok(self.stack.loki()?.sum(&query, now())?)
    }

    /// Waits for the last line, reads everything back and counts.
    pub(crate) fn finish(mut self) -> Outcome<String> {
        let written = self.rate / PODS * self.seconds * PODS;
        let ended = Instant::now();
        let mut progress = (0.0, Instant::now());
        while progress.0 < written as f64 && progress.1.elapsed() < PATIENCE {
            let stored = self.stored().unwrap_or(progress.0);
            if stored > progress.0 {
                progress = (stored, Instant::now());
            }
            std::thread::park_timeout(Duration::from_millis(500));
        }
        let drained = ended.elapsed().saturating_sub(progress.1.elapsed());
        let after = [self.stack.usage(Part::Collector)?, self.stack.usage(Part::Store)?];
        let (report, lacking) = self.count()?;
        let (good, failing) = self.probes()?;
        let failing_due = PODS * self.seconds.div_ceil(FAILING_EVERY);
        let row = self.row(&after, drained, &report, lacking, (good, failing));
        let whole = report.is_clean() && lacking == 0 && good == 0 && failing == failing_due;
        if !whole {
            report
                .samples
                .iter()
                .for_each(|sample| tell(&format!("      {sample}")));
            return Err(format!("{failing_due} failing probes were due\n{row}").into());
        }
        self.rss = [0; 2];
        cluster::forget_namespace(&self.namespace)?;
        Ok(format!("every line once, with all its metadata\n{row}"))
    }

    fn count(&self) -> Outcome<(Report, u64)> {
        let pods = pod_facts(&self.namespace)?;
        let written: Vec<Written> = pods
            .keys()
            .map(|name| Written {
                identity: Identity {
                    namespace: self.namespace.clone(),
                    pod: name.clone(),
                    container: CONTAINER.to_owned(),
                },
                messages: [self.rate / PODS * self.seconds, 0],
            })
            .collect();
        let mut verifier = Verifier::new(&written);
        let mut lacking = 0;
        let range = TimeRange {
            start: self.began,
            end: now(),
        };
        self.stack
            .loki()?
            .each_line(&self.selector("|= \" crc=\""), range, |line| {
                let get = |name: &str| line.labels.get(name).map(String::as_str);
                let facts = get("k8s_pod_name").and_then(|name| pods.get(name));
                let known = facts.is_some_and(|(uid, node)| {
                    let expected = [uid.as_str(), node.as_str(), CONTAINER].map(Some);
                    ["k8s_pod_uid", "k8s_node_name", "k8s_deployment_name"].map(get) == expected
                });
                if !known && lacking == 0 {
                    tell(&format!("      lacking metadata: {:?}", line.labels));
                }
                lacking += u64::from(!known);
                verifier.line(&line.labels, &line.line);
            })?;
        Ok((verifier.finish(), lacking))
    }

    /// Probe lines in the store: answered 200, answered 503.
    fn probes(&self) -> Outcome<(u64, u64)> {
        let mut loki = self.stack.loki()?;
        let mut count = |path: &str| -> Outcome<u64> {
            let filter = self.selector(&format!("|= \"GET {path} HTTP\""));
            Ok(loki.sum(&format!("sum(count_over_time({filter} [3h]))"), now())? as u64)
        };
        Ok((count("/healthz")?, count("/readyz")?))
    }

    fn row(&self, after: &[Usage; 2], drained: Duration, report: &Report, lacking: u64, probes: (u64, u64)) -> String {
        let mut row = format!("| {} |", self.rate);
        let seconds = self
            .started
            .elapsed()
            .as_secs_f64()
            .min(self.seconds as f64 + drained.as_secs_f64());
        for ((before, after), rss) in self.before.iter().zip(after).zip(self.rss) {
            let since = |field: fn(&Usage) -> u64| field(after).saturating_sub(field(before));
            let _ = write!(
                row,
                " {:.0} | {}/{} | {} / {} |",
                since(|usage| usage.cpu_ns) as f64 / 1e6 / seconds,
                since(|usage| usage.throttled),
                since(|usage| usage.periods),
                rss.max(after.rss) >> 20,
                after.peak >> 20,
            );
        }
        let _ = write!(
            row,
            " {:.1} | {:.1} | {} | {} | {} | {} | {} | {lacking} | {}, {} |",
            self.lag_max,
            drained.as_secs_f64(),
            report.written,
            report.lost,
            report.doubled,
            report.torn,
            report.out_of_order,
            probes.0,
            probes.1,
        );
        row
    }
}

/// Names of the writers' pods; only those that run, where it is asked.
fn pod_names(namespace: &str, running: bool) -> Outcome<Vec<String>> {
    let mut arguments = vec![
        "-n",
        namespace,
        "get",
        "pods",
        "-o",
        "jsonpath={.items[*].metadata.name}",
    ];
    if running {
        arguments.push("--field-selector=status.phase=Running");
    }
    Ok(kubectl(arguments)?.split_whitespace().map(str::to_owned).collect())
}

/// Uid and node of the writers' pods, by name.
fn pod_facts(namespace: &str) -> Outcome<BTreeMap<String, (String, String)>> {
    let form = "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.spec.nodeName} {end}";
    let text = kubectl(["-n", namespace, "get", "pods", "-o", form])?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let one = |words: &[&str]| match words {
        [name, uid, node] => Ok(((*name).to_owned(), ((*uid).to_owned(), (*node).to_owned()))),
        _ => Err(format!("a pod without a node: {words:?}").into()),
    };
    words.chunks(3).map(one).collect()
}

fn manifest(namespace: &str, rate: u64, seconds: u64, long_every: u64) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: Deployment
metadata: {{name: {CONTAINER}, namespace: {namespace}}}
spec:
  replicas: {PODS}
  selector: {{matchLabels: {{app.kubernetes.io/name: {CONTAINER}}}}}
  template:
    metadata: {{labels: {{app.kubernetes.io/name: {CONTAINER}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: {CONTAINER}
          image: {WRITER_IMAGE}
          imagePullPolicy: IfNotPresent
          env:
            - {{name: WRITER_RATE, value: "{rate}"}}
            - {{name: WRITER_SECONDS, value: "{seconds}"}}
            - {{name: WRITER_LONG_EVERY, value: "{long_every}"}}
            - {{name: POD_NAME, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}
"#
    )
}
