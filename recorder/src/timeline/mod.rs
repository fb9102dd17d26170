//! The picture of a run, independent of any file format.
//!
//! The [`builder`] makes [items](item) of the changes of a run; [`fold`] and [`select`] let through a
//! part of them, and [`downsample`] merges those for which there is no room.

use crate::reading::catalog::ThreadIndex;
use crate::reading::{self, Nanos, Recording};
use fold::Fold;
use item::{Item, Slice, SliceKind};
use select::{Filter, Selection};

pub mod builder;
pub mod downsample;
pub(crate) mod flow_chains;
pub mod fold;
pub mod item;
pub mod select;

/// A function that takes items.
pub type Sink<'s, E> = dyn FnMut(&Item) -> Result<(), E> + 's;

/// The part of a run that a picture shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part<'a> {
    /// The selected part; `None` if that is all of it.
    pub selection: Option<&'a Selection>,
    /// Whether it shows also what dependencies do among themselves.
    pub with_dependencies: bool,
}

/// Passes the items of a part of a recording to `sink`, and those of the whole run to `observe`.
/// Returns sentences about what is left out.
///
/// # Errors
/// The recording cannot be read, or `sink` fails.
pub fn pass<E: From<reading::Error>>(
    recording: &Recording,
    part: Part<'_>,
    mut observe: impl FnMut(&Item),
    sink: &mut Sink<'_, E>,
) -> Result<Vec<String>, E> {
    let catalog = &recording.catalog;
    let mut fold = if part.with_dependencies { None } else { Fold::new(catalog) };
    let mut filter = part.selection.map(|selection| Filter::new(selection, catalog));
    builder::build(recording, |item| {
        observe(item);
        if let Some(fold) = &mut fold
            && !fold.shows(item)
        {
            return Ok(());
        }
        match &mut filter {
            Some(filter) => filter.item(item, sink),
            None => sink(item),
        }
    })?;
    let left_out = filter.map_or(Ok(None), |filter| filter.finish(sink))?;
    Ok(left_out.into_iter().chain(fold.and_then(|fold| fold.left_out())).collect())
}

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
