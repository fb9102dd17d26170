//! Recordings and their text form.

use std::io::{self, Write};

use format::packed::Packer;
use tracing::info_span;

use crate::reading::{self, Recording};

/// Why a recording cannot be copied.
pub(super) enum CopyError {
    Read(reading::Error),
    Write(io::Error),
}

impl From<reading::Error> for CopyError {
    fn from(error: reading::Error) -> Self {
        CopyError::Read(error)
    }
}

impl From<io::Error> for CopyError {
    fn from(error: io::Error) -> Self {
        CopyError::Write(error)
    }
}

/// Writes all that can be read of a recording as a recording.
pub(super) fn write_recording(
    out: &mut impl Write,
    recording: &Recording,
) -> Result<(), CopyError> {
    let _span = info_span!("write", what = "recording").entered();
    recording.begin("exporting");
    out.write_all(&format::file_header())?;
    let mut packer = Packer::new();
    let mut bytes = Vec::new();
    for block in recording.blocks() {
        let (header, records) = block?;
        bytes.clear();
        packer.block(&header, &records, &mut bytes);
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// Writes all that can be read of a recording as text.
pub(super) fn write_text(out: &mut impl Write, recording: &Recording) -> Result<(), CopyError> {
    let _span = info_span!("write", what = "text").entered();
    recording.begin("exporting");
    writeln!(out, "{}", format::text::heading())?;
    for block in recording.blocks() {
        let (header, records) = block?;
        writeln!(out, "{}", format::text::block(&header))?;
        let mut rest = &records[..];
        // The first pass has checked the records.
        while let Ok(record) = format::decode(rest) {
            writeln!(out, "{}", format::text::event(record.time, &record.event))?;
            rest = &rest[record.length..];
        }
    }
    Ok(())
}
