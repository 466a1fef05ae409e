//! The crate arrows and the house rules, checked. Each failure says what to mend.

mod arrows;
mod tidy;
