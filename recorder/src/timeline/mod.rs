//! The picture of a run, independent of any file format.
//!
//! The [`builder`] makes [items](item) of the changes of a run; [`select`] lets through a part of
//! them, and [`downsample`] merges those for which there is no room.

pub mod builder;
pub mod downsample;
pub(crate) mod flow_chains;
pub mod item;
pub mod select;
