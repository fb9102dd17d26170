//! The picture of a run, independent of any file format.
//!
//! The [`builder`] makes [items](item) of the changes of a run; [`select`] lets through a part of
//! them, and [`downsample`] merges those for which there is no room.

use crate::reading::Nanos;
use crate::reading::catalog::ThreadIndex;
use item::{Item, Slice, SliceKind};

pub mod builder;
pub mod downsample;
pub(crate) mod flow_chains;
pub mod item;
pub mod select;

/// A function that takes items.
pub type Sink<'s, E> = dyn FnMut(&Item) -> Result<(), E> + 's;

/// Passes on a slice that describes what a picture leaves out. Returns the same description for the
/// user.
fn pass_left_out<E>(
    description: &str,
    thread_and_time: Option<(ThreadIndex, Nanos)>,
    sink: &mut Sink<'_, E>,
) -> Result<String, E> {
    if let Some((thread, time)) = thread_and_time {
        let text = Some(description.into());
        let slice = Slice::instant(thread, time, SliceKind::LeftOut);
        sink(&Item::Slice(Slice { text, ..slice }))?;
    }
    Ok(format!("{}: {description}", SliceKind::LeftOut.verb()))
}
