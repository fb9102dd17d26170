//! Finds the callers of dependencies in the source, with the debug information of the executables.

use std::fs::File;
use std::path::Path;

use addr2line::{Loader, demangle_auto};
use format::Event;
use object::read::{Object, ObjectSegment, ReadCache};
use tracing::{debug, info_span};

use super::recording_writer::append_record;

/// The records of the functions that these callers are in: nothing for those that are not found.
pub(super) fn resolve(executable: &Path, callers: &[u32]) -> Vec<u8> {
    let _span = info_span!("resolve callers", count = callers.len()).entered();
    let mut records = Vec::new();
    let (Some(start), Ok(loader)) = (image_start(executable), Loader::new(executable)) else {
        debug!(executable = %executable.display(), "has no debug information");
        return records;
    };
    for &caller in callers {
        // The return address can be that of the next line, or of another function.
        let address = start + u64::from(caller) - 1;
        let Ok(mut frames) = loader.find_frames(address) else { continue };
        let mut next = frames.next().ok().flatten();
        while let Some(frame) = next {
            next = frames.next().ok().flatten();
            let name = frame.function.as_ref().and_then(|name| name.demangle().ok());
            // Line tables alone name only functions that are inlined.
            let is_outermost = next.is_none();
            let symbol = || loader.find_symbol(address).filter(|_| is_outermost);
            let name = name.or_else(|| Some(demangle_auto(symbol()?.into(), None)));
            let name = name.unwrap_or_default();
            let place = frame.location.as_ref();
            let file = place.and_then(|place| place.file).unwrap_or_default();
            let event = Event::CallerResolved {
                caller,
                line: place.and_then(|place| place.line).unwrap_or_default(),
                file: in_workspace(file),
                function: without_hash(&name),
            };
            append_record(&mut records, 0, &event);
        }
    }
    records
}

/// The address at which the executable expects its first byte: 0, unless its place is fixed.
fn image_start(executable: &Path) -> Option<u64> {
    let file = ReadCache::new(File::open(executable).ok()?);
    let object = object::File::parse(&file).ok()?;
    let first = object.segments().find(|segment| segment.file_range().0 == 0);
    first.map(|segment| segment.address())
}

/// Without the hash at the end of a symbol: `::h0123456789abcdef`.
fn without_hash(function: &str) -> &str {
    match function.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|it| it.is_ascii_hexdigit()) => {
            name
        }
        _ => function,
    }
}

/// A file of the program as the compiler was given it: relative to the root of its workspace, which
/// has a `Cargo.lock`.
fn in_workspace(file: &str) -> &str {
    if format::fetched_package(file).is_some() || format::is_in_std(file) {
        return file;
    }
    let folders = Path::new(file).ancestors().skip(1);
    let root = folders.into_iter().find(|folder| folder.join("Cargo.lock").is_file());
    let relative = root.and_then(|root| Path::new(file).strip_prefix(root).ok()?.to_str());
    relative.unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_lose_their_hash() {
        assert_eq!(without_hash("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(without_hash("a::hello"), "a::hello");
    }

    #[inline(never)]
    fn called() {}

    #[test]
    fn a_caller_in_this_program_is_found() {
        let executable = std::env::current_exe().unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| line.ends_with(executable.to_str().unwrap())).unwrap();
        let start = usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap();
        let offset = (called as fn() as usize - start) as u32;
        let records = resolve(&executable, &[offset + 1]);
        let record = format::decode(&records).unwrap();
        let Event::CallerResolved { caller, line, file, function } = record.event else {
            panic!("{record:?}")
        };
        assert_eq!((caller, file), (offset + 1, "recorder/src/capture/session/callers.rs"));
        assert!(function.ends_with("::called"), "{function}");
        let source = include_str!("callers.rs").lines().nth(line as usize - 1).unwrap();
        assert!(source.contains("fn called()"), "{line}: {source}");
    }

    #[test]
    fn without_debug_information_nothing_is_found() {
        for path in ["/none", "Cargo.toml"] {
            assert!(resolve(Path::new(path), &[1]).is_empty());
        }
    }
}
