//! Merged slices.

use std::io;

use super::{Chrome, Track};
use crate::export::ByteSink;
use crate::export::attributes::Attribute;
use crate::timeline::item::{Merged, Row};

impl<S: ByteSink> Chrome<'_, S> {
    pub(super) fn merged(&mut self, merged: &Merged) -> io::Result<()> {
        let name = merged.name(self.catalog);
        match merged.row {
            Row::Thread(thread) => {
                self.begin(b'X', Track::Thread(thread), merged.begin)?;
                self.json.raw(",\"dur\":");
                self.json.microseconds(merged.end.since(merged.begin));
                self.json.raw(",\"cat\":\"merged\",\"name\":\"");
                self.json.text(&name);
                self.json.raw("\",\"args\":{");
                self.totals(merged);
                Ok(())
            }
            Row::Lock(primitive, lane) => {
                let id = self.lane(primitive, lane)?;
                let primitive = &self.catalog.primitives[primitive];
                let process = primitive.process;
                let name = |chrome: &mut Self| chrome.json.text(&name);
                self.asynchronous(b'b', process, merged.begin, "lock", name, id)?;
                self.json.raw(",\"args\":{");
                self.json.text_field(Attribute::Primitive, &primitive.label);
                self.totals(merged);
                self.asynchronous(b'e', process, merged.end, "lock", name, id)?;
                self.json.raw("}");
                Ok(())
            }
        }
    }

    /// Writes the contents and the totals, and ends the event.
    fn totals(&mut self, merged: &Merged) {
        let contents = merged.contents(self.catalog);
        if !contents.is_empty() {
            self.json.text_field(Attribute::Contents, &contents);
        }
        for &(total, value) in &merged.totals {
            self.json.number_field(Attribute::of_total(total), value);
        }
        self.json.raw("}}");
    }
}
