//! Functions over times. The local zone is UTC: a query must mean the same wherever it runs.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZoneDatabase;

use super::Environment;
use super::go_time::{GoTime, Zone};
use super::layout;
use super::value::Value;

/// Zones by name, from the copy within the program: no file is read.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A moment in nanoseconds since 1970.
pub(super) fn of_ns(ns: i64) -> GoTime {
    GoTime::utc(ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000) as u32)
}

/// A value shown by a layout. As in Loki, what is no time means now.
pub(super) fn date(environment: &Environment<'_>, shape: &str, value: &Value<'_>) -> String {
    let time = match value {
        Value::Time(time) => time.clone(),
        Value::Int(seconds) | Value::Int64(seconds) => GoTime::utc(*seconds, 0),
        _ => of_ns(environment.now_ns),
    };
    layout::format(shape, &time)
}

/// A text read by a layout, in a zone; the zero time when it does not fit.
pub(super) fn parse(shape: &str, zone: Option<&str>, text: &str) -> GoTime {
    let Some(parsed) = layout::parse(shape, text) else {
        return GoTime::zero();
    };
    if let Some(zone) = parsed.zone {
        return GoTime {
            unix: parsed.local - i64::from(zone.offset),
            nanos: parsed.nanos,
            zone,
        };
    }
    let zone = zone
        .and_then(|zone| zone_at(zone, parsed.local))
        .unwrap_or_else(Zone::utc);
    GoTime {
        unix: parsed.local - i64::from(zone.offset),
        nanos: parsed.nanos,
        zone,
    }
}

/// What a zone has to UTC while its clocks show this.
fn zone_at(name: &str, local: i64) -> Option<Zone> {
    let zone = ZONES.get(name).ok()?;
    let shown = GoTime::utc(local, 0);
    let (date, (hour, minute, second)) = (shown.date(), shown.clock());
    let part = |value: u32| i8::try_from(value).ok();
    let local = DateTime::new(
        i16::try_from(date.year).ok()?,
        part(date.month)?,
        part(date.day)?,
        part(hour)?,
        part(minute)?,
        part(second)?,
        0,
    )
    .ok()?;
    let moment = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    let info = zone.to_offset_info(moment);
    Some(Zone {
        offset: info.offset().seconds(),
        name: info.abbreviation().into(),
    })
}

/// A number of days, seconds, milli-, micro- or nanoseconds since 1970: its length says which.
pub(super) fn of_epoch(text: &str) -> Result<GoTime, String> {
    let number = text.parse::<i64>();
    let refuse = |cause: &str| Err(format!("unable to parse time '{text}': {cause}"));
    let Ok(number) = number else {
        let quoted = longshore_model::quote_label_value(text);
        return refuse(&format!("strconv.ParseInt: parsing {quoted}: invalid syntax"));
    };
    Ok(match text.len() {
        5 => GoTime::utc(number * 86_400, 0),
        10 => GoTime::utc(number, 0),
        13 => of_ns(number.saturating_mul(1_000_000)),
        16 => of_ns(number.saturating_mul(1_000)),
        19 => of_ns(number),
        // Go's words for a cause that is missing.
        _ => return refuse("%!w(<nil>)"),
    })
}

/// Units of which a second has so many, since 1970.
pub(super) fn unix(value: &Value<'_>, a_second: i64) -> String {
    match value {
        Value::Time(time) => time.units(a_second).to_string(),
        _ => String::new(),
    }
}

/// Methods of times; `None` for one that there is not, or with other arguments.
pub(super) fn method<'a>(time: &GoTime, name: &str, arguments: &[Value<'a>]) -> Option<Result<Value<'a>, String>> {
    if let ("Format", [Value::Text(shape)]) = (name, arguments) {
        return Some(Ok(Value::text(layout::format(shape, time))));
    }
    if !arguments.is_empty() {
        return None;
    }
    let whole = |value: i64| Value::Int(value);
    let (date, (hour, minute, second)) = (time.date(), time.clock());
    Some(Ok(match name {
        "Unix" => Value::Int64(time.units(1)),
        "UnixMilli" => Value::Int64(time.units(1_000)),
        "UnixMicro" => Value::Int64(time.units(1_000_000)),
        "UnixNano" => Value::Int64(time.units(1_000_000_000)),
        "Year" => whole(date.year),
        "Month" => Value::text(layout::MONTHS[date.month as usize - 1]),
        "Day" => whole(i64::from(date.day)),
        "Hour" => whole(i64::from(hour)),
        "Minute" => whole(i64::from(minute)),
        "Second" => whole(i64::from(second)),
        "Nanosecond" => whole(i64::from(time.nanos)),
        "Weekday" => Value::text(layout::DAYS[time.weekday()]),
        "YearDay" => whole(time.day_of_year()),
        "String" => Value::text(time.to_string()),
        "UTC" | "Local" => Value::Time(GoTime::utc(time.unix, time.nanos)),
        "IsZero" => Value::Bool(*time == GoTime::zero()),
        _ => return None,
    }))
}
