//! A Pulumi program that does what its configuration says: deploys a little, fails, ends badly, or never ends.

use std::process::ExitCode;

use longshore_pulumi::{Component, Context, Error, Inputs, ResourceOptions, kubernetes};

fn main() -> ExitCode {
    longshore_pulumi::run(program)
}

async fn program(context: Context) -> Result<(), Error> {
    let config = context.config();
    match config.require("mode")? {
        "deploy" => deploy(&context, config.require("value")?),
        "exit" => std::process::exit(3),
        "hang" => {
            let file = config.require("file")?;
            std::fs::write(file, std::process::id().to_string()).map_err(|error| Error::Inputs {
                reason: error.to_string(),
            })?;
            std::future::pending().await
        }
        other => Err(Error::Inputs {
            reason: format!("no such mode: {other}"),
        }),
    }
}

fn deploy(context: &Context, value: &str) -> Result<(), Error> {
    let component = Component::register(context, "longshore:test:Stack", "logs", ResourceOptions::new());
    let object = |kind: &str| {
        let metadata = serde_json::json!({ "name": "cfg", "namespace": "monitoring" });
        serde_json::json!({ "apiVersion": "v1", "kind": kind, "metadata": metadata })
    };
    let mut map = object("ConfigMap");
    map["data"] = serde_json::json!({ "value": value });
    let map = kubernetes::register_object(context, "cfg", &map, ResourceOptions::child_of(&component))?;
    let token = context.config().require_secret("token")?;
    let secret = Inputs::new(object("Secret"))?.with(&["stringData", "token"], token.clone());
    let options = ResourceOptions::child_of(&component).depends_on(&map);
    context.register("kubernetes:core/v1:Secret", "token", secret, options);
    component.finish(Inputs::none().with(&["map"], map.id()));
    context.export("map", map.id());
    context.export("token", token);
    Ok(())
}
