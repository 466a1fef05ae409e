//! The verifier must find each kind of damage.

use super::*;
use crate::generator::Output;
use crate::random::Random;

fn written() -> Vec<Written> {
    let identity = Identity {
        namespace: "team-0".into(),
        pod: "cart-1".into(),
        container: "cart".into(),
    };
    vec![Written {
        identity,
        messages: [3, 1],
    }]
}

fn labels() -> Labels {
    let pairs = [
        ("k8s_pod_name", "cart-1"),
        ("k8s_namespace_name", "team-0"),
        ("k8s_container_name", "cart"),
        ("service_name", "cart"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn message(number: u64, output: Output) -> String {
    let text = Message {
        number,
        pod: "cart-1",
        output,
    }
    .write(120, &mut Random::new(number));
    String::from_utf8(text).unwrap()
}

fn lines() -> Vec<String> {
    let mut lines: Vec<_> = (0..3).map(|number| message(number, Output::Stdout)).collect();
    lines.push(message(0, Output::Stderr));
    lines
}

fn verify(lines: &[String], labels: &Labels) -> Report {
    let mut verifier = Verifier::new(&written());
    lines.iter().for_each(|line| verifier.line(labels, line));
    Report {
        samples: Vec::new(),
        ..verifier.finish()
    }
}

#[test]
fn whole_and_in_order_is_clean() {
    let report = verify(&lines(), &labels());
    assert_eq!(
        report,
        Report {
            written: 4,
            seen: 4,
            ..Report::default()
        }
    );
    assert!(report.is_clean());
}

#[test]
fn finds_each_kind_of_damage() {
    let base = Report {
        written: 4,
        seen: 4,
        ..Report::default()
    };
    let mut lost = lines();
    lost.remove(1);
    assert_eq!(
        verify(&lost, &labels()),
        Report {
            seen: 3,
            lost: 1,
            ..base.clone()
        }
    );

    let mut doubled = lines();
    doubled.push(lines()[1].clone());
    assert_eq!(
        verify(&doubled, &labels()),
        Report {
            seen: 5,
            doubled: 1,
            ..base.clone()
        }
    );

    let mut torn = lines();
    torn[2] = torn[2].replacen(' ', "", 1);
    assert_eq!(
        verify(&torn, &labels()),
        Report {
            torn: 1,
            lost: 1,
            ..base.clone()
        }
    );

    let mut swapped = lines();
    swapped.swap(0, 1);
    assert_eq!(
        verify(&swapped, &labels()),
        Report {
            out_of_order: 1,
            ..base.clone()
        }
    );

    let mut wrong = labels();
    wrong.insert("k8s_pod_name".into(), "cart-2".into());
    assert_eq!(
        verify(&lines(), &wrong),
        Report {
            wrong_labels: 4,
            ..base.clone()
        }
    );

    let mut more = lines();
    more.push(message(3, Output::Stdout));
    assert_eq!(
        verify(&more, &labels()),
        Report {
            seen: 5,
            torn: 1,
            ..base
        }
    );
}
