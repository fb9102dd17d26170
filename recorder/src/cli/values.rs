//! Parsers of option values.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytesize::ByteSize;

use crate::capture::session::Retention;
use crate::export::{Output, UnknownExtension};

/// An address to listen on: `127.0.0.1:9464`, `[::1]:9464`, or only a port of 127.0.0.1.
pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let port = text.strip_prefix(':').unwrap_or(text).parse();
    let local = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    local.or_else(|_| text.parse()).map_err(|_| "not an address like 127.0.0.1:9464")
}

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

/// A time: `1.5s`, `300ms`; a number alone is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let seconds = || text.parse().ok().and_then(|it| Duration::try_from_secs_f64(it).ok());
    // `M` would be months.
    let units = Some(text).filter(|text| !text.ends_with('M'));
    let duration = units.and_then(|text| humantime::parse_duration(text).ok());
    duration.or_else(seconds).ok_or("not a time like 1.5s, 300ms or 5min")
}

/// A size: `512MB`, `2G`; a number alone is bytes.
pub(super) fn size(text: &str) -> Result<ByteSize, &'static str> {
    text.parse().map_err(|_| "not a size like 512MB or 2GB")
}

/// A number: `500000`, `500k`, `1.5M`.
pub(super) fn count(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "not a number like 5000 or 500k";
    if text.ends_with(['b', 'B', 'i']) {
        return Err(WRONG);
    }
    text.parse().map(|ByteSize(count)| count).map_err(|_| WRONG)
}

/// A number that fits into memory.
pub(super) fn number(text: &str) -> Result<usize, &'static str> {
    count(text)?.try_into().map_err(|_| "too large a number")
}

/// A number of things to show; not 0.
pub(super) fn positive_count(text: &str) -> Result<u64, &'static str> {
    count(text).and_then(|count| if count == 0 { Err("0 shows nothing") } else { Ok(count) })
}

/// The retention of a flight recorder.
pub(super) fn duration_or_size(text: &str) -> Result<Retention, &'static str> {
    if text.parse::<f64>().is_ok() {
        return Err("a number needs a unit here: a time like 30s or a size like 512MB");
    }
    match (duration(text), size(text)) {
        (Ok(duration), _) => Ok(Retention::LastFor(duration)),
        (_, Ok(size)) => Ok(Retention::LastBytes(size.as_u64())),
        _ => Err("neither a time like 30s nor a size like 512MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("30", 30_000),
            ("1.5", 1_500),
            ("0.5s", 500),
            ("500ms", 500),
            ("2m", 120_000),
            ("5min", 300_000),
            ("1h 30m", 5_400_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "-1", "1x", "s", "inf", "1e999", "5M"] {
            assert!(duration(text).is_err(), "{text}");
        }
        for (text, bytes) in [
            ("100", 100),
            ("1k", 1_000),
            ("2GB", 2_000_000_000),
            ("2G", 2_000_000_000),
            ("1KiB", 1024),
        ] {
            assert_eq!(size(text), Ok(ByteSize(bytes)), "{text}");
        }
        for (text, number) in [("500", 500), ("1k", 1_000), ("1.5M", 1_500_000)] {
            assert_eq!(count(text), Ok(number), "{text}");
        }
        for text in ["", "1kB", "k", "-1", "1Ki"] {
            assert!(count(text).is_err(), "{text}");
        }
        assert!(positive_count("0").is_err());
        assert_eq!(duration_or_size("30s"), Ok(Retention::LastFor(Duration::from_secs(30))));
        assert_eq!(duration_or_size("1M"), Ok(Retention::LastBytes(1_000_000)));
        assert_eq!(duration_or_size("2m"), Ok(Retention::LastFor(Duration::from_secs(120))));
        assert!(duration_or_size("30").is_err());
    }
}
