//! The label `service_name`, found among the labels that a stream has when nobody set it.
//!
//! Source: Loki, "Labels", section on the default label service_name (`limits_config.discover_service_name`).

/// The label's name.
pub const SERVICE_NAME: &str = "service_name";

/// Its value when nothing tells it.
pub const UNKNOWN_SERVICE: &str = "unknown_service";

/// Labels that may hold the name of a service, the best first: Loki's default list.
pub const DISCOVERY_LABELS: [&str; 13] = [
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
];

/// The name of the service by these labels, looked up by `get`; [`UNKNOWN_SERVICE`] when none of `names` is set.
pub fn discover<'a, N: AsRef<str>>(names: &[N], get: impl Fn(&str) -> Option<&'a str>) -> &'a str {
    names
        .iter()
        .filter_map(|name| get(name.as_ref()))
        .find(|value| !value.is_empty())
        .unwrap_or(UNKNOWN_SERVICE)
}

#[cfg(test)]
mod tests {
    use longshore_model::Labels;

    use super::*;

    #[test]
    fn the_first_of_the_list_wins() {
        let check = |pairs: &[(&str, &str)], name: &str| {
            let labels = Labels::new(pairs.iter().copied());
            assert_eq!(discover(&DISCOVERY_LABELS, |label| labels.get(label)), name, "{labels}");
        };
        check(&[("job", "j"), ("app", "a")], "a");
        check(&[("container", "c"), ("pod", "p")], "c");
        check(&[("app", ""), ("job", "j")], "j");
        check(&[("pod", "p")], UNKNOWN_SERVICE);
        check(&[], UNKNOWN_SERVICE);
    }
}
