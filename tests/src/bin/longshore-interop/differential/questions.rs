//! Questions: lines of a file, each becomes one request or several.
//!
//! ```text
//! log QUERY             lines, newest and oldest first
//! metric QUERY          numbers, at one moment and over a range
//! instant QUERY, range QUERY
//! labels [SELECTOR], values NAME [SELECTOR], series SELECTOR, detected_labels [SELECTOR]
//! detected_fields QUERY, field NAME QUERY, volume SELECTOR, volume_range SELECTOR
//! format QUERY          the pretty form
//! get PATH?PARAMETERS   anything else; START and END are put in
//! ```

use longshore_tests::http::escape;

use super::data::Data;

/// One request.
pub(super) struct Question {
    /// As the lists call it.
    pub(super) name: String,
    pub(super) path: String,
    pub(super) form: String,
    /// By GET, with the form behind the path.
    pub(super) get: bool,
}

/// Most lines of an answer; fewer than there are, so that the limit matters.
const LIMIT: &str = "150";
/// Step of ranges.
const STEP: &str = "15s";

/// Reads the list.
pub(super) fn questions(text: &str, data: &Data) -> Result<Vec<Question>, String> {
    let (start, end) = (data.start.0.to_string(), data.end.0.to_string());
    let mut questions = Vec::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        if kind == "get" {
            let filled = rest.replace("START", &start).replace("END", &end);
            let (path, form) = filled.split_once('?').unwrap_or((&filled, ""));
            questions.push(Question {
                name: line.to_owned(),
                path: path.to_owned(),
                form: form.to_owned(),
                get: true,
            });
            continue;
        }
        let requests = requests(kind, rest, (&start, &end)).ok_or_else(|| format!("no question: {line}"))?;
        for (name, path, parameters) in requests {
            let parameters = parameters.iter().filter(|(_, value)| !value.is_empty());
            let form: Vec<String> = parameters
                .map(|(name, value)| format!("{name}={}", escape(value)))
                .collect();
            questions.push(Question {
                name: format!("{name} {rest}").trim_end().to_owned(),
                path: format!("/loki/api/v1/{path}"),
                form: form.join("&"),
                get: false,
            });
        }
    }
    Ok(questions)
}

/// Name, path and parameters of a request.
type Request<'a> = (String, String, Vec<(&'a str, &'a str)>);

/// What a line asks; empty parameters are left out.
fn requests<'a>(kind: &str, rest: &'a str, (start, end): (&'a str, &'a str)) -> Option<Vec<Request<'a>>> {
    let with = |name: &'a str, value: &'a str| vec![(name, value), ("start", start), ("end", end)];
    let range = |more: &[(&'a str, &'a str)]| [&with("query", rest)[..], more].concat();
    let one = |path: &str, parameters| Some(vec![(kind.to_owned(), path.to_owned(), parameters)]);
    let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    match kind {
        "log" => {
            let directions = ["backward", "forward"].into_iter();
            let request = |direction| {
                let parameters = range(&[("direction", direction), ("limit", LIMIT)]);
                (format!("log {direction}"), "query_range".to_owned(), parameters)
            };
            Some(directions.map(request).collect())
        }
        "metric" => {
            let instant = requests("instant", rest, (start, end))?;
            let range = requests("range", rest, (start, end))?;
            Some(instant.into_iter().chain(range).collect())
        }
        "instant" => one("query", vec![("query", rest), ("time", end)]),
        "range" => one("query_range", range(&[("step", STEP)])),
        "labels" | "detected_labels" | "detected_fields" => one(kind, range(&[])),
        "values" => one(&format!("label/{word}/values"), with("query", behind)),
        "field" => one(&format!("detected_field/{word}/values"), with("query", behind)),
        "series" => one("series", with("match[]", rest)),
        "volume" => one("index/volume", range(&[])),
        "volume_range" => one("index/volume_range", range(&[("step", "60s")])),
        "format" => one("format_query", vec![("query", rest)]),
        _ => None,
    }
}
