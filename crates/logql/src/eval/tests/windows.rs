//! Windows over unwrapped numbers against the definition of each function.

use proptest::prelude::*;

use super::*;

const STEPS: i64 = 6;

/// The values of the window that ends at `end`, in order of time, of equal times in order of arrival.
fn inside(samples: &[(i64, f64)], end: i64, window: i64) -> Vec<f64> {
    let mut inside: Vec<(i64, f64)> = samples.to_vec();
    inside.retain(|(at, _)| *at > end - window && *at <= end);
    inside.sort_by_key(|(at, _)| *at);
    inside.into_iter().map(|(_, value)| value).collect()
}

fn by_hand(function: &str, values: &[f64], window: i64) -> f64 {
    let (count, sum) = (values.len() as f64, values.iter().sum::<f64>());
    let mean = sum / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    match function {
        "sum_over_time" => sum,
        "avg_over_time" => mean,
        "min_over_time" => values.iter().copied().fold(f64::INFINITY, f64::min),
        "max_over_time" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "first_over_time" => values[0],
        "last_over_time" => values[values.len() - 1],
        "stdvar_over_time" => variance,
        "stddev_over_time" => variance.sqrt(),
        _ => sum / window as f64,
    }
}

proptest! {
    #[test]
    fn windows_are_what_the_functions_say(
        samples in proptest::collection::vec((0_i64..40, -50_i32..50), 1..40),
        function in prop::sample::select(vec![
            "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "first_over_time", "last_over_time",
            "stdvar_over_time", "stddev_over_time", "rate",
        ]),
        (start, step, window) in (0_i64..20, 1_i64..9, 1_i64..30),
    ) {
        let samples: Vec<(i64, f64)> = samples.iter().map(|(at, value)| (*at, f64::from(*value))).collect();
        let line = |(at, value): &(i64, f64)| entry(*at, &format!("n={value}"), &[]);
        let store = Fixture {
            streams: vec![StreamEntries {
                labels: Labels::new([("app", "web")]),
                entries: samples.iter().map(line).collect(),
            }],
            ..Fixture::default()
        };
        let query = format!("sum({function}({{app=\"web\"}} | logfmt | unwrap n [{window}s]))");
        let query = match function {
            "sum_over_time" | "rate" => query,
            _ => format!("{function}({{app=\"web\"}} | logfmt | unwrap n [{window}s]) by ()"),
        };
        let Ok(Expr::Sample(expr)) = parse(&query) else {
            panic!("{query} is no metric query");
        };
        let params = RangeParams {
            start: TimestampNs(start * SECOND),
            end: TimestampNs((start + (STEPS - 1) * step) * SECOND),
            step_ns: step * SECOND,
        };
        let result = with_context(&store, |context| range_query(&expr, params, context)).unwrap();
        let Value::Matrix(series) = result.value else {
            panic!("a range query gives a matrix");
        };
        let found = |at: i64| {
            let points = series.first().map_or(&[][..], |series| &series.points);
            points.iter().find(|point| point.timestamp.0 == at * SECOND).map(|point| point.value)
        };
        for end in (0..STEPS).map(|index| start + index * step) {
            let values = inside(&samples, end, window);
            let wanted = (!values.is_empty()).then(|| by_hand(function, &values, window));
            let is_same = match (found(end), wanted) {
                (Some(found), Some(wanted)) => (found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0),
                (found, wanted) => found.is_none() && wanted.is_none(),
            };
            prop_assert!(is_same, "{} at {}: {:?}, wanted {:?}", query, end, found(end), wanted);
        }
    }
}
