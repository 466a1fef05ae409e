//! The store as a whole, against a model that is a plain set of rows.

mod concurrent;
mod damage;
mod deletions;
mod duplicates;
mod fixtures;
mod lean;
mod listener;
mod model;
mod operations;
mod retention;
mod support;
mod volumes;
