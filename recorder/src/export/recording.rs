//! Recordings and their text form.

use std::io;

use format::BlockHeader;
use format::packed::Packer;
use tracing::info_span;

use super::{BUFFER_BYTES, ByteSink, Error};
use crate::reading::Recording;

/// Writes all that can be read of a recording, as a recording or as text. `error` describes errors
/// of `out`.
pub(super) fn write_copy(
    out: &mut impl ByteSink,
    recording: &Recording,
    is_text: bool,
    error: impl Fn(io::Error) -> Error,
) -> Result<(), Error> {
    let what = if is_text { "text" } else { "recording" };
    let _span = info_span!("write", what).entered();
    recording.begin("exporting");
    let mut bytes = Vec::new();
    match is_text {
        true => append_line(&format::text::heading(), &mut bytes),
        false => bytes.extend(format::file_header()),
    }
    let mut packer = Packer::new();
    for block in recording.blocks() {
        let (header, records) = block?;
        match is_text {
            true => append_text(&header, &records, &mut bytes),
            false => packer.block(&header, &records, &mut bytes),
        }
        if bytes.len() > BUFFER_BYTES {
            out.append_all(&mut bytes).map_err(&error)?;
        }
    }
    out.append_all(&mut bytes).map_err(error)
}

fn append_text(header: &BlockHeader, mut records: &[u8], bytes: &mut Vec<u8>) {
    append_line(&format::text::block(header), bytes);
    // The first pass has checked the records.
    while let Ok(record) = format::decode(records) {
        append_line(&format::text::event(record.time, &record.event), bytes);
        records = &records[record.length..];
    }
}

fn append_line(line: &str, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
}
