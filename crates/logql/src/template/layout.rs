//! Times by example: Go's layouts, which show how the second of January 2006 would look.
//!
//! Source: the documentation of Go's package `time`.

use super::go_time::{Date, GoTime, Zone};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// A piece of a layout that stands for a part of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongDay,
    WeekDay,
    Day,
    BlankDay,
    ZeroDay,
    BlankYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperHalf,
    LowerHalf,
    ZoneName,
    /// `Z` for UTC, colons, minutes, seconds.
    Offset {
        letter: bool,
        colon: bool,
        minutes: bool,
        seconds: bool,
    },
    /// Digits of a second after a point or comma; trailing zeros stay or go.
    Fraction {
        separator: char,
        digits: usize,
        keeps_zeros: bool,
    },
}

/// Spellings; of those that begin alike the longest comes first.
const PARTS: [(&str, Part); 34] = [
    ("January", Part::LongMonth),
    ("Jan", Part::Month),
    ("Monday", Part::LongDay),
    ("Mon", Part::WeekDay),
    ("MST", Part::ZoneName),
    ("2006", Part::LongYear),
    ("002", Part::ZeroYearDay),
    ("__2", Part::BlankYearDay),
    ("_2006", Part::BlankDay),
    ("_2", Part::BlankDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("PM", Part::UpperHalf),
    ("pm", Part::LowerHalf),
    ("Z07:00:00", offset(true, true, true, true)),
    ("Z07:00", offset(true, true, true, false)),
    ("Z070000", offset(true, false, true, true)),
    ("Z0700", offset(true, false, true, false)),
    ("Z07", offset(true, false, false, false)),
    ("-07:00:00", offset(false, true, true, true)),
    ("-07:00", offset(false, true, true, false)),
    ("-070000", offset(false, false, true, true)),
    ("-0700", offset(false, false, true, false)),
    ("-07", offset(false, false, false, false)),
    ("1", Part::NumberMonth),
    ("2", Part::Day),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
];

const fn offset(letter: bool, colon: bool, minutes: bool, seconds: bool) -> Part {
    Part::Offset {
        letter,
        colon,
        minutes,
        seconds,
    }
}

/// The part that a layout begins with, and its length.
fn part_at(layout: &str, before: Option<char>) -> Option<(Part, usize)> {
    let first = layout.chars().next()?;
    if matches!(first, '.' | ',') && !before.is_some_and(|c| !c.is_ascii_digit() && c != '5') {
        let digit = layout[1..].chars().next().filter(|c| matches!(c, '0' | '9'))?;
        let digits = layout[1..].chars().take_while(|c| *c == digit).count();
        let ends = !layout[1 + digits..].starts_with(|c: char| c.is_ascii_digit());
        return ends.then_some((
            Part::Fraction {
                separator: first,
                digits,
                keeps_zeros: digit == '0',
            },
            1 + digits,
        ));
    }
    let (text, part) = PARTS.iter().find(|(text, _)| layout.starts_with(text))?;
    let after = &layout[text.len()..];
    match (*text, *part) {
        // `Janus` is a word of its own.
        ("Jan" | "Mon", _) if after.starts_with(|c: char| c.is_ascii_lowercase()) => None,
        // Of `_2006` the year is meant.
        ("_2006", _) => None,
        (text, part) => Some((part, text.len())),
    }
}

/// Cuts a layout: what stands before the next part, the part, what stands after.
fn next_part(layout: &str) -> (&str, Option<(Part, &str)>) {
    let mut before = None;
    for (at, character) in layout.char_indices() {
        if let Some((part, length)) = part_at(&layout[at..], before) {
            return (&layout[..at], Some((part, &layout[at + length..])));
        }
        before = Some(character);
    }
    (layout, None)
}

/// Shows a time as the layout shows its example.
pub(super) fn format(layout: &str, time: &GoTime) -> String {
    let mut out = String::new();
    let mut rest = layout;
    loop {
        let (before, part) = next_part(rest);
        out.push_str(before);
        let Some((part, after)) = part else {
            return out;
        };
        out.push_str(&show(part, time));
        rest = after;
    }
}

fn show(part: Part, time: &GoTime) -> String {
    let date = time.date();
    let (hour, minute, second) = time.clock();
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour12 = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    let month = MONTHS[date.month as usize - 1];
    let day = DAYS[time.weekday()];
    match part {
        Part::LongMonth => month.to_owned(),
        Part::Month => month[..3].to_owned(),
        Part::NumberMonth => date.month.to_string(),
        Part::ZeroMonth => format!("{:02}", date.month),
        Part::LongDay => day.to_owned(),
        Part::WeekDay => day[..3].to_owned(),
        Part::Day => date.day.to_string(),
        Part::BlankDay => format!("{:2}", date.day),
        Part::ZeroDay => format!("{:02}", date.day),
        Part::BlankYearDay => format!("{:3}", time.day_of_year()),
        Part::ZeroYearDay => format!("{:03}", time.day_of_year()),
        Part::Hour => format!("{hour:02}"),
        Part::Hour12 => hour12.to_string(),
        Part::ZeroHour12 => format!("{hour12:02}"),
        Part::Minute => minute.to_string(),
        Part::ZeroMinute => format!("{minute:02}"),
        Part::Second => second.to_string(),
        Part::ZeroSecond => format!("{second:02}"),
        Part::LongYear => format!("{:04}", date.year),
        Part::Year => format!("{:02}", date.year.rem_euclid(100)),
        Part::UpperHalf => half.to_owned(),
        Part::LowerHalf => half.to_lowercase(),
        Part::ZoneName if !time.zone.name.is_empty() => time.zone.name.to_string(),
        Part::ZoneName => show_offset(time.zone.offset, false, time.zone.offset % 3600 != 0, false),
        Part::Offset { letter: true, .. } if time.zone.offset == 0 => "Z".to_owned(),
        Part::Offset {
            colon,
            minutes,
            seconds,
            ..
        } => show_offset(time.zone.offset, colon, minutes, seconds),
        Part::Fraction {
            separator,
            digits,
            keeps_zeros,
        } => show_fraction(time.nanos, separator, digits, keeps_zeros),
    }
}

fn show_offset(offset: i32, colon: bool, minutes: bool, seconds: bool) -> String {
    let (sign, size) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    let colon = if colon { ":" } else { "" };
    let mut out = format!("{sign}{:02}", size / 3600);
    if minutes {
        out.push_str(&format!("{colon}{:02}", size / 60 % 60));
    }
    if seconds {
        out.push_str(&format!("{colon}{:02}", size % 60));
    }
    out
}

fn show_fraction(nanos: u32, separator: char, digits: usize, keeps_zeros: bool) -> String {
    let all = format!("{nanos:09}");
    let shown = &all[..digits.min(9)];
    if keeps_zeros {
        return format!("{separator}{shown}");
    }
    let shown = shown.trim_end_matches('0');
    if shown.is_empty() {
        String::new()
    } else {
        format!("{separator}{shown}")
    }
}

/// What has been read of a text so far.
struct Found {
    date: Date,
    day_of_year: Option<i64>,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    afternoon: Option<bool>,
    offset: Option<i32>,
    zone_name: Option<String>,
}

/// A local time that was read, with its zone where the text names one.
pub(super) struct Parsed {
    /// Seconds since 1970 as if the clock showed UTC.
    pub(super) local: i64,
    pub(super) nanos: u32,
    pub(super) zone: Option<Zone>,
}

/// Reads a text that looks like the layout; `None` when it does not.
pub(super) fn parse(layout: &str, text: &str) -> Option<Parsed> {
    let mut found = Found {
        date: Date {
            year: 0,
            month: 1,
            day: 1,
        },
        day_of_year: None,
        hour: 0,
        minute: 0,
        second: 0,
        nanos: 0,
        afternoon: None,
        offset: None,
        zone_name: None,
    };
    let (mut layout, mut rest) = (layout, text);
    loop {
        let (before, part) = next_part(layout);
        rest = skip(rest, before)?;
        let Some((part, after)) = part else {
            break;
        };
        layout = after;
        rest = read(part, layout, rest, &mut found)?;
    }
    rest.is_empty().then_some(())?;
    found.finish()
}

/// Skips what stands between parts; any number of blanks is as good as one.
fn skip<'t>(text: &'t str, between: &str) -> Option<&'t str> {
    let mut rest = text;
    for character in between.chars() {
        if character == ' ' {
            if !rest.is_empty() && !rest.starts_with(' ') {
                return None;
            }
            rest = rest.trim_start_matches(' ');
        } else {
            rest = rest.strip_prefix(character)?;
        }
    }
    Some(rest)
}

fn read<'t>(part: Part, layout: &str, text: &'t str, found: &mut Found) -> Option<&'t str> {
    let (value, rest) = match part {
        Part::LongMonth | Part::Month => {
            let (index, rest) = name(&MONTHS, part == Part::LongMonth, text)?;
            found.date.month = index as u32 + 1;
            return Some(rest);
        }
        Part::LongDay | Part::WeekDay => return Some(name(&DAYS, part == Part::LongDay, text)?.1),
        Part::UpperHalf | Part::LowerHalf => {
            let half = text.get(..2)?;
            let names = if part == Part::UpperHalf {
                ["AM", "PM"]
            } else {
                ["am", "pm"]
            };
            found.afternoon = Some(names.iter().position(|name| *name == half)? == 1);
            return Some(&text[2..]);
        }
        Part::ZoneName => return zone_name(text, found),
        Part::Offset { .. } => return read_offset(part, text, found),
        Part::Fraction {
            digits, keeps_zeros, ..
        } => return read_fraction(text, digits, keeps_zeros, found),
        Part::LongYear => digits(text, 4, 4)?,
        Part::Year => {
            let (year, rest) = digits(text, 2, 2)?;
            (if year >= 69 { year + 1900 } else { year + 2000 }, rest)
        }
        Part::ZeroMonth | Part::ZeroDay | Part::Hour | Part::ZeroHour12 | Part::ZeroMinute | Part::ZeroSecond => {
            digits(text, 2, 2)?
        }
        Part::BlankYearDay | Part::ZeroYearDay => digits(text.trim_start_matches(' '), 1, 3)?,
        Part::BlankDay => digits(text.strip_prefix(' ').unwrap_or(text), 1, 2)?,
        Part::NumberMonth | Part::Day | Part::Hour12 | Part::Minute | Part::Second => digits(text, 1, 2)?,
    };
    match part {
        Part::LongYear | Part::Year => found.date.year = i64::from(value),
        Part::NumberMonth | Part::ZeroMonth => found.date.month = value,
        Part::Day | Part::BlankDay | Part::ZeroDay => found.date.day = value,
        Part::BlankYearDay | Part::ZeroYearDay => found.day_of_year = Some(i64::from(value)),
        Part::Hour | Part::Hour12 | Part::ZeroHour12 => found.hour = value,
        Part::Minute | Part::ZeroMinute => found.minute = value,
        _ => {
            found.second = value;
            // A fraction may follow though the layout has none.
            let fraction_is_next = matches!(next_part(layout), ("", Some((Part::Fraction { .. }, _))));
            let has_fraction = rest.starts_with(['.', ',']) && rest[1..].starts_with(|c: char| c.is_ascii_digit());
            if has_fraction && !fraction_is_next {
                return read_fraction(rest, 0, false, found);
            }
        }
    }
    Some(rest)
}

fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

fn name<'t>(names: &[&str], long: bool, text: &'t str) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let name = if long { name } else { &name[..3] };
        let start = text.get(..name.len())?;
        start.eq_ignore_ascii_case(name).then(|| (index, &text[name.len()..]))
    })
}

fn zone_name<'t>(text: &'t str, found: &mut Found) -> Option<&'t str> {
    let length = text.bytes().take_while(u8::is_ascii_uppercase).count();
    if !(3..=5).contains(&length) {
        return None;
    }
    found.zone_name = Some(text[..length].to_owned());
    Some(&text[length..])
}

fn read_offset<'t>(part: Part, text: &'t str, found: &mut Found) -> Option<&'t str> {
    let Part::Offset {
        letter,
        colon,
        minutes,
        seconds,
    } = part
    else {
        return None;
    };
    if let (true, Some(rest)) = (letter, text.strip_prefix('Z')) {
        found.offset = Some(0);
        found.zone_name = Some("UTC".to_owned());
        return Some(rest);
    }
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, mut rest) = digits(&text[1..], 2, 2)?;
    let mut total = hours * 3600;
    for (wanted, factor) in [(minutes, 60), (seconds, 1)] {
        if wanted {
            rest = if colon { rest.strip_prefix(':')? } else { rest };
            let (value, after) = digits(rest, 2, 2)?;
            total += value * factor;
            rest = after;
        }
    }
    found.offset = Some(sign * i32::try_from(total).ok()?);
    Some(rest)
}

fn read_fraction<'t>(text: &'t str, digits: usize, exact: bool, found: &mut Found) -> Option<&'t str> {
    let Some(rest) = text.strip_prefix(['.', ',']) else {
        // `.999` may be left out, `.000` may not.
        return (!exact).then_some(text);
    };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if exact && length < digits || length == 0 {
        return None;
    }
    let length = if exact { digits } else { length };
    let shown: String = rest[..length].chars().chain(std::iter::repeat('0')).take(9).collect();
    found.nanos = shown.parse().ok()?;
    Some(&rest[length..])
}

impl Found {
    fn finish(mut self) -> Option<Parsed> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let Date { month, day, .. } = self.date;
        let valid = (1..=12).contains(&month) && day >= 1 && day <= self.date.month_length();
        if !valid || self.hour > 23 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let days = match self.day_of_year {
            Some(day) => {
                Date {
                    month: 1,
                    day: 1,
                    ..self.date
                }
                .days()
                    + day
                    - 1
            }
            None => self.date.days(),
        };
        let zone = match (self.offset, self.zone_name) {
            (Some(offset), name) => Some(Zone {
                offset,
                name: name.filter(|_| offset == 0).unwrap_or_default().into(),
            }),
            (None, Some(name)) => Some(Zone {
                offset: 0,
                name: name.into(),
            }),
            (None, None) => None,
        };
        Some(Parsed {
            local: days * 86_400 + i64::from(self.hour * 3600 + self.minute * 60 + self.second),
            nanos: self.nanos,
            zone,
        })
    }
}
