//! Sick programs, by which explorations of schedules are measured. The same source runs on std, as it
//! is recorded, and, with the feature `shuttle`, under shuttle.

pub mod facade;
pub mod programs;
