//! Parsers of option values.

use std::time::Duration;

use bytesize::ByteSize;

use crate::capture::session::Retention;
use crate::export::{Output, UnknownExtension};

/// An output file. Not stdout, which belongs to the program that is recorded.
pub(super) fn output_file(text: &str) -> Result<Output, String> {
    let output: Output = text.parse().map_err(|error: UnknownExtension| error.to_string())?;
    if output.is_stdout() {
        let path = output.path().display();
        return Err(format!(
            "stdout belongs to the program; write a recording, and then use `recorder export FILE \
             -o {path}` (a file of this name is ./{path})"
        ));
    }
    Ok(output)
}

pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "not a time like 1.5s, 300ms or 5min")
}

pub(super) fn size(text: &str) -> Result<ByteSize, &'static str> {
    text.parse().map_err(|_| "not a size like 512MB or 2GB")
}

/// The retention of a flight recorder.
pub(super) fn duration_or_size(text: &str) -> Result<Retention, &'static str> {
    match (duration(text), size(text)) {
        (Ok(duration), _) => Ok(Retention::LastFor(duration)),
        (_, Ok(size)) => Ok(Retention::LastBytes(size.as_u64())),
        _ => Err("neither a time like 30s nor a size like 512MB"),
    }
}
