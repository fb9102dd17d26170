//! Slices that stand for several.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;
use serde::ser::SerializeMap;

use super::{Chrome, Track};
use crate::timeline::item::{Merged, Row};

/// The totals, by their names.
struct MergedArgs<'a> {
    primitive: Option<&'a str>,
    what: &'a str,
    merged: &'a Merged,
}

impl Serialize for MergedArgs<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(primitive) = self.primitive {
            map.serialize_entry("primitive", primitive)?;
        }
        if !self.what.is_empty() {
            map.serialize_entry("what", self.what)?;
        }
        for (total, value) in &self.merged.totals {
            map.serialize_entry(total.name(), value)?;
        }
        map.end()
    }
}

impl<W: Write> Chrome<'_, W> {
    pub(super) fn merged(&mut self, merged: &Merged) -> Result<()> {
        let entities = self.entities;
        let (name, what) = (merged.name(entities), merged.what(entities));
        match merged.row {
            Row::Thread(thread) => {
                self.begin(b'X', Track::Thread(thread), merged.begin)?;
                self.json.raw(",\"dur\":");
                self.json.microseconds(merged.end - merged.begin);
                self.json.raw(",\"cat\":\"merged\",\"name\":\"");
                self.json.text(&name);
                self.json.raw("\"");
                self.end_with(&MergedArgs { primitive: None, what: &what, merged })
            }
            Row::Lock(primitive, lane) => {
                let id = self.lane(primitive, lane)?;
                let primitive = &entities.primitives[primitive];
                let args = MergedArgs { primitive: Some(&primitive.label), what: &what, merged };
                let name = |chrome: &mut Self| chrome.json.text(&name);
                self.asynchronous(b'b', primitive.process, merged.begin, "lock", name, id)?;
                self.end_with(&args)?;
                self.asynchronous(b'e', primitive.process, merged.end, "lock", name, id)?;
                self.end();
                Ok(())
            }
        }
    }
}
