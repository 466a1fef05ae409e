//! The real Pulumi and its real Kubernetes provider, where they are, without a cluster: the provider renders files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use longshore_tests::peers::find_or_skip;
use serde_json::{Value, json};

use super::{host_program, test_program};

/// A project and a stack of its own in a folder of its own; nothing of the user's is read or written.
struct Project {
    folder: tempfile::TempDir,
    pulumi: PathBuf,
}

impl Project {
    /// `None` where the real programs are missing, with a message.
    fn new(program: &Path, what: &str) -> Option<Self> {
        let pulumi = find_or_skip("pulumi", what)?;
        let provider = find_or_skip("pulumi-resource-kubernetes", what)?;
        let folder = tempfile::tempdir().unwrap();
        for name in ["state", "home", "host", "project", "yaml"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::os::unix::fs::symlink(host_program(), folder.path().join("host/pulumi-language-rust")).unwrap();
        let project = json!({
            "name": "logs",
            "runtime": { "name": "rust", "options": { "binary": program, "packages": { "kubernetes": "4.27.0" } } },
            "plugins": {
                "languages": [{ "name": "rust", "path": "../host" }],
                "providers": [{ "name": "kubernetes", "path": provider.parent().unwrap() }],
            },
        });
        // YAML is a superset of JSON.
        fs::write(folder.path().join("project/Pulumi.yaml"), project.to_string()).unwrap();
        let this = Self { folder, pulumi };
        this.ok(&["stack", "init", "dev"]);
        this.ok(&[
            "config",
            "set",
            "kubernetes:renderYamlToDirectory",
            this.yaml().to_str().unwrap(),
        ]);
        Some(this)
    }

    fn yaml(&self) -> PathBuf {
        self.folder.path().join("yaml")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let folder = self.folder.path();
        let mut command = Command::new(&self.pulumi);
        command
            .args(arguments)
            .arg("--non-interactive")
            .current_dir(folder.join("project"));
        command
            .env("PULUMI_HOME", folder.join("home"))
            .env(
                "PULUMI_BACKEND_URL",
                format!("file://{}", folder.join("state").display()),
            )
            .env("PULUMI_CONFIG_PASSPHRASE", "")
            .env("PULUMI_SKIP_UPDATE_CHECK", "true")
            .env("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
            .env("KUBECONFIG", folder.join("no-kubeconfig"))
            .env("NO_COLOR", "1");
        command
    }

    /// Whether it went well, and everything it printed.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.command(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), text)
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let (success, text) = self.run(arguments);
        assert!(success, "pulumi {arguments:?}: {text}");
        text
    }

    /// The rendered files by their names.
    fn rendered(&self) -> BTreeMap<String, String> {
        let folders = fs::read_dir(self.yaml()).unwrap().map(|entry| entry.unwrap().path());
        let files = folders
            .flat_map(|folder| fs::read_dir(folder).unwrap())
            .map(Result::unwrap);
        files
            .map(|file| {
                (
                    file.file_name().into_string().unwrap(),
                    fs::read_to_string(file.path()).unwrap(),
                )
            })
            .collect()
    }
}

#[test]
fn a_stack_lives_its_whole_life() {
    let Some(project) = Project::new(test_program(), "a stack's life with the real Pulumi") else {
        return;
    };
    let (success, text) = project.run(&["preview"]);
    assert!(!success);
    assert!(
        text.contains("configuration lacks logs:mode: set it with `pulumi config set logs:mode <value>`"),
        "{text}"
    );
    project.ok(&["config", "set", "mode", "deploy"]);
    project.ok(&["config", "set", "value", "one"]);
    project.ok(&["config", "set", "--secret", "token", "hunter2"]);

    let text = project.ok(&["preview"]);
    assert!(text.contains("4 to create"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(project.rendered().is_empty());
    project.ok(&["up", "--yes"]);
    let rendered = project.rendered();
    assert_eq!(
        rendered.keys().collect::<Vec<_>>(),
        ["v1-configmap-monitoring-cfg.yaml", "v1-secret-monitoring-cfg.yaml"]
    );
    project.ok(&["preview", "--expect-no-changes"]);

    let outputs: Value = serde_json::from_str(&project.ok(&["stack", "output", "--json"])).unwrap();
    assert_eq!(outputs, json!({ "map": "monitoring/cfg", "token": "[secret]" }));
    let state = project.ok(&["stack", "export"]);
    assert!(!state.contains("hunter2"), "secrets are encrypted in the state");

    project.ok(&["config", "set", "value", "two"]);
    project.ok(&["up", "--yes", "--skip-preview"]);
    assert!(project.rendered()["v1-configmap-monitoring-cfg.yaml"].contains("two"));
    project.ok(&["destroy", "--yes", "--skip-preview"]);
    assert!(project.rendered().is_empty());
}
