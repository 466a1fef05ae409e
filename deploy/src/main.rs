//! The Pulumi program: from the stack's configuration to one call.

use std::env;
use std::process::ExitCode;

use longshore_deploy::ClusterChoice;
use longshore_deploy::k8s::logging::{SWITCH, deploy_logging_stack, settings_from};
use longshore_pulumi::kubernetes::{Cluster, ClusterProvider, Namespace};
use longshore_pulumi::{Context, Output, Severity, run};

fn main() -> ExitCode {
    run(program)
}

async fn program(ctx: Context) -> anyhow::Result<()> {
    let switch = env::var(SWITCH).ok();
    let settings = settings_from(&ctx.config(), switch.as_deref(), &[])?;
    let cluster = ClusterProvider::new(&ctx, "cluster", &chosen(&settings.cluster))?;
    let namespace = Namespace::existing(&settings.namespace);
    let stack = deploy_logging_stack(&ctx, &cluster, settings.environment.as_str(), &namespace)?;
    ctx.export("enabled", Output::<bool>::known(stack.component.is_some()));
    if let Some(url) = stack.store_url() {
        ctx.export("storeUrl", Output::<String>::known(url));
    }
    if let Some(notice) = stack.notice() {
        ctx.log(Severity::Warning, &notice).await?;
    }
    Ok(())
}

fn chosen(cluster: &ClusterChoice) -> Cluster {
    match (&cluster.kubeconfig, &cluster.context) {
        (Some(kubeconfig), context) => Cluster::Kubeconfig {
            kubeconfig: kubeconfig.clone(),
            context: context.clone(),
        },
        (None, Some(context)) => Cluster::Context(context.clone()),
        (None, None) => Cluster::Default,
    }
}
