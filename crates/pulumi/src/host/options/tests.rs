//! Options as they stand in Pulumi.yaml.

use serde_json::json;

use super::*;

fn read(options: &Value) -> Result<Program, OptionsError> {
    let options = property::to_wire(options.as_object().unwrap()).unwrap();
    let (root_directory, program_directory) = ("/a".to_owned(), "/a/b".to_owned());
    let entry_point = ".".to_owned();
    Program::read(Some(ProgramInfo {
        root_directory,
        program_directory,
        entry_point,
        options: Some(options),
    }))
}

#[test]
fn all_options() {
    let options = json!({ "binary": "../x", "bin": "x", "release": true, "packages": { "kubernetes": "4.27.0" } });
    let program = read(&options).unwrap();
    assert_eq!(
        (program.root.as_path(), program.folder.as_path()),
        (Path::new("/a"), Path::new("/a/b"))
    );
    assert_eq!(program.options.binary.as_deref(), Some(Path::new("../x")));
    let packages = program.packages();
    let [kubernetes] = packages.as_slice() else {
        panic!("{packages:?}")
    };
    assert_eq!(
        (kubernetes.name.as_str(), kubernetes.kind.as_str()),
        ("kubernetes", "resource")
    );
    assert_eq!(kubernetes.version, "4.27.0");
}

#[test]
fn no_options() {
    assert_eq!(read(&json!({})).unwrap().options, Options::default());
    assert_eq!(Program::read(None).unwrap().folder, Path::new("./"));
}

#[test]
fn an_unknown_option_is_named_with_those_there_are() {
    let error = read(&json!({ "binray": "x" })).unwrap_err();
    let message = crate::chain(&error);
    assert!(
        message.contains("unknown field `binray`, expected one of `binary`, `bin`"),
        "{message}"
    );
}
