//! All orders of a small program, as a page on which each of them can be played.
//!
//! After a search through all orders there is a [run](run::TreeRun) for each set of orders that differ
//! only in steps that do not affect each other. The page has the steps of these runs and what has to
//! come before each of them, so that it knows in every state which threads can go on.

mod document;
mod names;
mod parts;
pub mod run;
mod sources;
mod words;

pub use document::{Leaf, TreeDocument};
