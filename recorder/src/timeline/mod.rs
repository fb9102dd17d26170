//! The picture of a run, independent of any file format.
//!
//! [`builder`] produces [items](item) in the order of events; [`select`] lets through a part of
//! them, and [`downsample`] merges those for which there is no room.

pub mod builder;
pub mod downsample;
pub(crate) mod flows;
pub mod item;
pub mod select;
