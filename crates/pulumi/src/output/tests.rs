//! What happens to the value, the secret and the dependencies on the way.

use futures_util::FutureExt as _;

use super::*;

fn of<T: Clone + Send + Sync + 'static>(output: &Output<T>) -> Resolved<T> {
    output.resolve().now_or_never().expect("nothing to wait for").unwrap()
}

fn from(urn: &str, value: Option<u32>) -> Output<u32> {
    let dependencies = BTreeSet::from([Urn::new(urn)]);
    Output::from_future(std::future::ready(Ok(Resolved {
        value,
        secret: false,
        dependencies,
    })))
}

#[test]
fn a_map_keeps_secret_and_dependencies() {
    let doubled = of(&from("a", Some(2)).into_secret().map(|value| value * 2));
    assert_eq!(doubled.value, Some(4));
    assert!(doubled.secret);
    assert_eq!(doubled.dependencies, BTreeSet::from([Urn::new("a")]));
}

#[test]
fn an_unknown_value_is_never_asked_for() {
    let derived = Output::<u32>::unknown().map(|_| -> u32 { panic!("there is no value") });
    assert_eq!(of(&derived).value, None);
}

#[test]
fn many_become_one() {
    let all = of(&Output::all([
        from("a", Some(1)),
        from("b", Some(2)),
        Output::secret(3_u32),
    ]));
    assert_eq!(all.value, Some(vec![1, 2, 3]));
    assert!(all.secret);
    assert_eq!(all.dependencies, BTreeSet::from([Urn::new("a"), Urn::new("b")]));
    assert_eq!(of(&Output::all([from("a", Some(1)), from("b", None)])).value, None);
    assert_eq!(of(&from("a", Some(1)).zip(&Output::<u32>::unknown())).value, None);
}

#[test]
fn a_function_that_fails_fails_the_output() {
    let failed = from("a", Some(1)).try_map(|_| -> Result<u32, Error> { Err(Error::TooDeep) });
    assert!(failed.map(|value| value).resolve().now_or_never().unwrap().is_err());
}

#[test]
fn the_debug_form_shows_no_value() {
    assert!(!format!("{:?}", Output::<String>::secret("hunter2")).contains("hunter2"));
}
