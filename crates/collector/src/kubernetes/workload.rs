//! From an owner to the workload that people know: the deployment behind a replica set, the cron job behind a job.

/// Label of a pod that a deployment made: what its replica set's name ends with.
pub(super) const TEMPLATE_HASH_LABEL: &str = "pod-template-hash";

/// Minutes that a cron job's job may be older or younger than its pod before its name is taken for chance.
const CRON_MINUTES_MAX: i64 = 24 * 60;

/// The deployment's name by its replica set's. `None` when the replica set was not made by a deployment.
pub(super) fn deployment_of(replica_set: &str, template_hash: &str) -> Option<String> {
    if template_hash.is_empty() {
        return None;
    }
    let name = replica_set.strip_suffix(template_hash)?.strip_suffix('-')?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The cron job's name by its job's, which ends with the scheduled minute since 1970. `None` when the end is no such
/// minute, or one far from the pod's creation (in seconds since 1970).
pub(super) fn cron_job_of(job: &str, pod_created: Option<i64>) -> Option<String> {
    let (name, digits) = job.rsplit_once('-')?;
    let is_minute = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let minute: i64 = digits.parse().ok().filter(|_| is_minute && !name.is_empty())?;
    let distance = (pod_created? / 60 - minute).abs();
    (distance <= CRON_MINUTES_MAX).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_set_is_named_after_its_deployment_and_the_hash() {
        let check = |set: &str, hash: &str, expected: Option<&str>| {
            assert_eq!(deployment_of(set, hash).as_deref(), expected, "{set} {hash}");
        };
        check("web-66f5996c7c", "66f5996c7c", Some("web"));
        check("web-front-66f5996c7c", "66f5996c7c", Some("web-front"));
        check("web", "", None);
        check("web-66f5996c7c", "", None);
        check("web-66f5996c7c", "other", None);
        check("-66f5996c7c", "66f5996c7c", None);
        check("web66f5996c7c", "66f5996c7c", None);
    }

    #[test]
    fn a_job_is_named_after_its_cron_job_and_the_minute() {
        const MINUTE: i64 = 27_667_920;
        let check = |job: &str, created: Option<i64>, expected: Option<&str>| {
            assert_eq!(cron_job_of(job, created).as_deref(), expected, "{job} {created:?}");
        };
        check("backup-27667920", Some(MINUTE * 60 + 5), Some("backup"));
        check("backup-daily-27667920", Some(MINUTE * 60), Some("backup-daily"));
        check("backup-27667920", Some((MINUTE + 1441) * 60), None);
        check("backup-27667920", Some((MINUTE - 1441) * 60), None);
        check("backup-27667920", None, None);
        check("backup-7667920", Some(MINUTE * 60), None);
        check("backup-2766792a", Some(MINUTE * 60), None);
        check("backup", Some(MINUTE * 60), None);
        check("-27667920", Some(MINUTE * 60), None);
    }
}
