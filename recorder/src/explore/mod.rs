//! Runs a program again and again under other schedules, and makes one of them happen again.
//!
//! [`capture::controlled`](crate::capture::controlled) runs the program once. [`order`]
//! has the operations of its threads, one after the other, and [`outcome`] its result. [`explorer`]
//! tries the plans of [`strategy`], for which [`profile`] has the operations of the first run;
//! [`difference`] compares two runs, and [`shrink`] leaves out
//! switches that do not matter.

pub mod chart;
pub mod confirm;
pub mod difference;
pub mod exhaustive;
pub mod explorer;
pub mod json;
pub(crate) mod kept;
pub mod launch;
pub mod order;
pub mod outcome;
pub mod profile;
pub mod rows;
pub mod shrink;
pub mod strategy;
pub mod text;
pub mod tree;
mod words;
