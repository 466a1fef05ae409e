//! The stand-in refuses what the engine refuses.

use super::*;

fn registration(name: &str) -> Registration {
    Registration {
        type_token: "kubernetes:core/v1:ConfigMap".to_owned(),
        name: name.to_owned(),
        custom: true,
        ..Registration::default()
    }
}

fn code(answer: &Result<Registered, MonitorError>) -> Option<tonic::Code> {
    match answer {
        Err(MonitorError::Refused { code, .. }) => Some(*code),
        _ => None,
    }
}

#[test]
fn urns_are_the_engines() {
    let monitor = MemoryMonitor::new("logs", "dev");
    let under = |parent: &Registered, type_token: &str, name: &str| {
        let (type_token, parent) = (type_token.to_owned(), Some(parent.urn.clone()));
        monitor
            .answer(Registration {
                type_token,
                parent,
                custom: false,
                ..registration(name)
            })
            .unwrap()
    };
    let stack = Registration {
        type_token: "pulumi:pulumi:Stack".to_owned(),
        custom: false,
        ..registration("logs-dev")
    };
    let stack = monitor.answer(stack).unwrap();
    assert_eq!(
        stack.urn.as_str(),
        "urn:pulumi:dev::logs::pulumi:pulumi:Stack::logs-dev"
    );
    let component = under(&stack, "a:b:Outer", "outer");
    assert_eq!(component.urn.as_str(), "urn:pulumi:dev::logs::a:b:Outer::outer");
    let inner = under(&component, "a:b:Inner", "in");
    assert_eq!(inner.urn.as_str(), "urn:pulumi:dev::logs::a:b:Outer$a:b:Inner::in");
    let inmost = under(&inner, "a:b:Inmost", "a::b");
    assert_eq!(
        inmost.urn.as_str(),
        "urn:pulumi:dev::logs::a:b:Outer$a:b:Inner$a:b:Inmost::a::b"
    );
    assert_eq!(inmost.urn.name(), "a::b");
}

#[test]
fn refusals() {
    let monitor = MemoryMonitor::new("logs", "dev");
    assert_eq!(code(&monitor.answer(registration("one"))), None);
    assert_eq!(
        code(&monitor.answer(registration("one"))),
        Some(tonic::Code::AlreadyExists)
    );
    let orphan = Registration {
        parent: Some(Urn::new("urn:none")),
        ..registration("two")
    };
    assert_eq!(code(&monitor.answer(orphan)), Some(tonic::Code::InvalidArgument));
    let homeless = Registration {
        provider: Some("urn:none::1".to_owned()),
        ..registration("three")
    };
    assert_eq!(code(&monitor.answer(homeless)), Some(tonic::Code::InvalidArgument));
    assert!(monitor.keep_outputs(&Urn::new("urn:none"), Map::new()).is_err());
}
