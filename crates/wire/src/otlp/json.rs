//! OTLP's JSON form of the export request.
//!
//! Differs from plain protobuf JSON: trace and span ids are hexadecimal, unknown fields are ignored. 64-bit numbers may
//! be strings or numbers. As in plain protobuf JSON, and in Loki, names may be written as in the `.proto` file, a
//! severity by its name, and `null` is what was not set.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use longshore_model::otel::{Attributes, LogRecord, Resource, ResourceLogs, Scope, Value};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::DecodeError;
use super::decode::{put_unique, timestamp};
use crate::text::from_hex;

/// Decodes an export request in JSON.
pub fn decode_json(body: &[u8]) -> Result<Vec<ResourceLogs>, DecodeError> {
    let request: Option<RequestJson> = serde_json::from_slice(body).map_err(DecodeError::Json)?;
    let mut all = Vec::new();
    for logs in request.map(|request| request.resource_logs).unwrap_or_default() {
        let resource = Arc::new(Resource {
            attributes: attributes(logs.resource.unwrap_or_default().attributes),
        });
        for scope_logs in logs.scope_logs {
            let scope = scope_logs.scope.unwrap_or_default();
            all.push(ResourceLogs {
                resource: resource.clone(),
                scope: Scope {
                    name: scope.name,
                    version: scope.version,
                    attributes: attributes(scope.attributes),
                },
                records: scope_logs.log_records.into_iter().map(RecordJson::into_model).collect(),
            });
        }
    }
    Ok(all)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestJson {
    #[serde(default, alias = "resource_logs", deserialize_with = "elements")]
    resource_logs: Vec<ResourceLogsJson>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ResourceLogsJson {
    resource: Option<ResourceJson>,
    #[serde(default, alias = "scope_logs", deserialize_with = "elements")]
    scope_logs: Vec<ScopeLogsJson>,
}

#[derive(Deserialize, Default)]
struct ResourceJson {
    #[serde(default, deserialize_with = "elements")]
    attributes: Vec<KeyValueJson>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ScopeLogsJson {
    scope: Option<ScopeJson>,
    #[serde(default, alias = "log_records", deserialize_with = "elements")]
    log_records: Vec<RecordJson>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ScopeJson {
    #[serde(deserialize_with = "given")]
    name: String,
    #[serde(deserialize_with = "given")]
    version: String,
    #[serde(deserialize_with = "elements")]
    attributes: Vec<KeyValueJson>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RecordJson {
    #[serde(alias = "time_unix_nano", deserialize_with = "given")]
    time_unix_nano: Number<u64>,
    #[serde(alias = "observed_time_unix_nano", deserialize_with = "given")]
    observed_time_unix_nano: Number<u64>,
    #[serde(alias = "severity_number", deserialize_with = "given")]
    severity_number: Severity,
    #[serde(alias = "severity_text", deserialize_with = "given")]
    severity_text: String,
    body: Option<ValueJson>,
    #[serde(deserialize_with = "elements")]
    attributes: Vec<KeyValueJson>,
    #[serde(alias = "dropped_attributes_count", deserialize_with = "given")]
    dropped_attributes_count: Number<u32>,
    #[serde(deserialize_with = "given")]
    flags: Number<u32>,
    #[serde(alias = "trace_id", deserialize_with = "given")]
    trace_id: Hex,
    #[serde(alias = "span_id", deserialize_with = "given")]
    span_id: Hex,
    #[serde(alias = "event_name", deserialize_with = "given")]
    event_name: String,
}

impl RecordJson {
    fn into_model(self) -> LogRecord {
        LogRecord {
            timestamp: timestamp(self.time_unix_nano.0),
            observed_timestamp: timestamp(self.observed_time_unix_nano.0),
            severity_number: self.severity_number.0,
            severity_text: self.severity_text,
            body: self.body.map(ValueJson::into_model).unwrap_or_default(),
            attributes: attributes(self.attributes),
            dropped_attributes_count: self.dropped_attributes_count.0,
            flags: self.flags.0,
            trace_id: self.trace_id.0,
            span_id: self.span_id.0,
            event_name: self.event_name,
        }
    }
}

#[derive(Deserialize, Default)]
struct KeyValueJson {
    #[serde(default, deserialize_with = "given")]
    key: String,
    value: Option<ValueJson>,
}

fn attributes(pairs: Vec<KeyValueJson>) -> Attributes {
    let mut attributes = Attributes::with_capacity(pairs.len());
    for pair in pairs {
        let value = pair.value.map(ValueJson::into_model).unwrap_or_default();
        put_unique(&mut attributes, pair.key.into(), value);
    }
    attributes
}

/// `AnyValue`; at most one member is set. serde_json bounds the nesting at 128 levels.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ValueJson {
    #[serde(alias = "string_value")]
    string_value: Option<String>,
    #[serde(alias = "bool_value")]
    bool_value: Option<bool>,
    #[serde(alias = "int_value")]
    int_value: Option<Number<i64>>,
    #[serde(alias = "double_value")]
    double_value: Option<Number<f64>>,
    #[serde(alias = "array_value")]
    array_value: Option<ArrayJson>,
    #[serde(alias = "kvlist_value")]
    kvlist_value: Option<MapJson>,
    #[serde(alias = "bytes_value")]
    bytes_value: Option<Base64>,
}

#[derive(Deserialize)]
struct ArrayJson {
    #[serde(default, deserialize_with = "elements")]
    values: Vec<ValueJson>,
}

#[derive(Deserialize)]
struct MapJson {
    #[serde(default, deserialize_with = "elements")]
    values: Vec<KeyValueJson>,
}

impl ValueJson {
    fn into_model(self) -> Value {
        if let Some(text) = self.string_value {
            return Value::String(text);
        }
        if let Some(Number(number)) = self.int_value {
            return Value::Int(number);
        }
        if let Some(truth) = self.bool_value {
            return Value::Bool(truth);
        }
        if let Some(Number(number)) = self.double_value {
            return Value::Double(number);
        }
        if let Some(array) = self.array_value {
            return Value::Array(array.values.into_iter().map(Self::into_model).collect());
        }
        if let Some(map) = self.kvlist_value {
            return Value::Map(attributes(map.values));
        }
        self.bytes_value.map_or(Value::Empty, |bytes| Value::Bytes(bytes.0))
    }
}

/// What `null` stands for: the field as if it were not there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The elements of a list; `null` among them is an element of which nothing is set.
fn elements<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
    Ok(list.into_iter().flatten().map(Option::unwrap_or_default).collect())
}

/// A severity, by its number or its name, `SEVERITY_NUMBER_WARN2`.
#[derive(Default)]
struct Severity(i32);

impl<'de> Deserialize<'de> for Severity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given<'a> {
            Number(i32),
            #[serde(borrow)]
            Text(Cow<'a, str>),
        }
        match Given::deserialize(deserializer)? {
            Given::Number(number) => Ok(Self(number)),
            Given::Text(text) => {
                let error = || de::Error::invalid_value(de::Unexpected::Str(&text), &"a severity");
                let number = text.parse().ok().or_else(|| severity_of_name(&text));
                number.map(Self).ok_or_else(error)
            }
        }
    }
}

fn severity_of_name(name: &str) -> Option<i32> {
    const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let name = name.strip_prefix("SEVERITY_NUMBER_")?;
    if name == "UNSPECIFIED" {
        return Some(0);
    }
    let level = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let index = LEVELS.iter().position(|known| *known == level)?;
    let within = match &name[level.len()..] {
        "" => 1,
        digits => digits.parse().ok().filter(|within| (2..=4).contains(within))?,
    };
    Some(i32::try_from(index).ok()? * 4 + within)
}

/// A number that may stand in quotes.
#[derive(Default)]
struct Number<T>(T);

impl<'de, T> Deserialize<'de> for Number<T>
where
    T: FromStr + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor<T>(PhantomData<T>);
        impl<'de, T: FromStr + Deserialize<'de>> Visitor<'de> for NumberVisitor<T> {
            type Value = Number<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number, or one in a string")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number<T>, E> {
                T::deserialize(de::value::U64Deserializer::new(number)).map(Number)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number<T>, E> {
                T::deserialize(de::value::I64Deserializer::new(number)).map(Number)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number<T>, E> {
                T::deserialize(de::value::F64Deserializer::new(number)).map(Number)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number<T>, E> {
                let error = |_| de::Error::invalid_value(de::Unexpected::Str(text), &self);
                text.parse().map(Number).map_err(error)
            }
        }
        deserializer.deserialize_any(NumberVisitor(PhantomData))
    }
}

/// Bytes as hexadecimal digits.
#[derive(Default)]
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let error = || de::Error::invalid_value(de::Unexpected::Str(&text), &"hexadecimal digits");
        from_hex(&text).map(Self).ok_or_else(error)
    }
}

/// Bytes as base64.
struct Base64(Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let error = |_| de::Error::invalid_value(de::Unexpected::Str(&text), &"base64");
        STANDARD.decode(&text).map(Self).map_err(error)
    }
}
