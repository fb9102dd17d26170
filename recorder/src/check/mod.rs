//! Exercises: programs that students write or mend, and the facts of recorded runs that decide
//! whether they have.
//!
//! The text of a program does not matter. It is run several times, under varied
//! [conditions], and the recording of each run is [judged](judge) by the [facts] of the exercise.

pub mod conditions;
pub mod course;
pub mod facts;
pub mod hints;
pub mod judge;
pub mod running;
mod values;

pub use course::{Course, Exercise};
pub use facts::{Condition, Count, Fact, Facts};
pub use judge::{End, Run, Verdict};
