//! Places in the source, and the calls that led to those in dependencies.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use format::{MAX_CALLERS, fetched_package};

use super::Catalog;

/// A place in the source: `src/main.rs:14:5`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file, as the compiler was given it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 if it is not known.
    pub column: u32,
    /// The calls that led to it, if it is in a dependency and they are recorded.
    pub callers: Option<Callers>,
    /// The call of a dependency that led to it, if that is known.
    pub called: Option<DependencyCall>,
}

/// The calls that led to a place, as return addresses of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Callers {
    /// The number of the process.
    pub(in crate::reading) process: u32,
    /// The innermost first, as offsets from the start of the executable.
    pub(crate) addresses: Box<[u32]>,
}

/// A call of a dependency in the program's own source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DependencyCall {
    /// The file of the call.
    pub file: String,
    /// The line of the call.
    pub line: u32,
    /// The function that it calls, without modules and generic arguments: `Receiver::recv`. Empty if
    /// it is not known.
    pub function: String,
}

/// A function that a caller is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::reading) struct Frame {
    pub(in crate::reading) file: String,
    pub(in crate::reading) line: u32,
    pub(in crate::reading) function: String,
}

/// The functions that the callers of a process are in, by return address, the innermost first.
pub(in crate::reading) type Frames = BTreeMap<u32, Vec<Frame>>;

impl Place {
    /// A place without callers.
    pub fn new(file: &str, line: u32, column: u32) -> Self {
        Place { file: file.to_owned(), line, column, ..Place::default() }
    }

    /// File and line: `src/main.rs:14`. In a dependency, those of the program's own call that led
    /// there, if that is known.
    pub fn file_and_line(&self) -> String {
        match &self.called {
            Some(call) => format!("{}:{}", call.file, call.line),
            None => format!("{}:{}", self.short_file(), self.line),
        }
    }

    /// The file; if Cargo has fetched its package, that of the package: `flume-0.12.0/src/lib.rs`.
    pub fn short_file(&self) -> Cow<'_, str> {
        match fetched_package(&self.file) {
            Some((package, file)) => format!("{package}/{file}").into(),
            None => (&*self.file).into(),
        }
    }

    /// Whether it is in a dependency, and no call of the program is known to have led there: as where
    /// the thread of a pool waits for work.
    pub fn is_internal(&self) -> bool {
        self.dependency().is_some() && self.called.is_none()
    }

    /// The call of a dependency that led to it, if that is known: `Receiver::recv of flume`.
    pub fn dependency_call(&self) -> Option<String> {
        let (call, package) = (self.called.as_ref()?, self.dependency()?);
        (!call.function.is_empty()).then(|| format!("{} of {package}", call.function))
    }

    /// File and line for a label, which shows the file without its folder: `flume lib.rs` in a
    /// dependency, unless the call that led there is known.
    pub(super) fn label_place(&self) -> (String, u32) {
        match (&self.called, self.dependency()) {
            (Some(call), _) => (call.file.clone(), call.line),
            (None, Some(package)) => {
                let file = self.file.rsplit('/').next().unwrap_or_default();
                (format!("{package} {file}"), self.line)
            }
            (None, None) => (self.file.clone(), self.line),
        }
    }

    /// Whether it is inside the standard library.
    pub fn is_in_std(&self) -> bool {
        format::is_in_std(&self.file)
    }

    /// Whether it is in the program itself, not in a dependency or the standard library.
    pub fn is_own(&self) -> bool {
        is_own(&self.file)
    }

    /// The name of the package that it is in, if Cargo has fetched that: `flume`.
    pub fn dependency(&self) -> Option<&str> {
        let (package, _) = fetched_package(&self.file)?;
        Some(package_name(package))
    }
}

/// The name in `NAME-VERSION`: up to the first `-` that a digit follows.
fn package_name(package: &str) -> &str {
    let dashes = package.match_indices('-').map(|(at, _)| at);
    let mut versions = dashes
        .filter(|at| package[at + 1..].starts_with(|character: char| character.is_ascii_digit()));
    versions.next().map_or(package, |at| &package[..at])
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = &self.called {
            write!(f, "{}:{}, in ", call.file, call.line)?;
        }
        write!(f, "{}:{}", self.short_file(), self.line)?;
        if self.column == 0 { Ok(()) } else { write!(f, ":{}", self.column) }
    }
}

impl Catalog {
    /// Finds the calls of dependencies that led to places in them.
    pub(super) fn find_calls(&mut self, frames: &BTreeMap<u32, &Frames>) {
        let own_files: Vec<String> = self
            .places
            .iter()
            .filter(|place| is_own(&place.file) && !place.file.starts_with('/'))
            .map(|place| place.file.clone())
            .collect();
        self.resolved_callers = frames
            .iter()
            .flat_map(|(&process, frames)| frames.keys().map(move |&caller| (process, caller)))
            .collect();
        for place in &mut self.places {
            if place.called.is_none()
                && let Some(Callers { process, addresses }) = &place.callers
                && let Some(frames) = frames.get(process)
            {
                place.called = find_call(addresses, frames, &own_files);
            }
        }
    }

    /// The callers of a process that are not known in the source yet, as return addresses.
    pub(crate) fn unresolved_callers(&self, process: u32) -> Vec<u32> {
        let callers = self.places.iter().filter_map(|place| place.callers.as_ref());
        let callers = callers.filter(|callers| callers.process == process);
        let addresses = callers.flat_map(|callers| callers.addresses.iter().copied());
        let unresolved =
            addresses.filter(|&address| !self.resolved_callers.contains(&(process, address)));
        unresolved.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Finds the innermost function of the program itself, and which function it calls.
fn find_call(addresses: &[u32], frames: &Frames, own_files: &[String]) -> Option<DependencyCall> {
    debug_assert!(addresses.len() <= MAX_CALLERS);
    let frames = addresses.iter().filter_map(|address| frames.get(address)).flatten();
    let mut called = "";
    for frame in frames {
        if is_own(&frame.file) {
            let is_same = |own: &&String| {
                frame.file.strip_suffix(own.as_str()).is_some_and(|folder| folder.ends_with('/'))
            };
            let file = own_files.iter().find(is_same).unwrap_or(&frame.file);
            return Some(DependencyCall {
                file: file.clone(),
                line: frame.line,
                function: short_function(called),
            });
        }
        if !frame.file.is_empty() && !format::is_in_std(&frame.file) {
            called = &frame.function;
        }
    }
    None
}

/// Whether a file is one of the program, not of a dependency or of the standard library.
fn is_own(file: &str) -> bool {
    !file.is_empty() && fetched_package(file).is_none() && !format::is_in_std(file)
}

/// The last two parts of a function's path, without generic arguments: `Receiver::recv` for
/// `flume::Receiver<T>::recv` and `<flume::Receiver<T> as Queue>::recv`.
fn short_function(name: &str) -> String {
    let name = match name.strip_prefix('<') {
        // `<Type as Trait>::function`
        Some(rest) => match closing_bracket(rest) {
            Some(end) => {
                let inner = rest[..end].split(" as ").next().unwrap_or_default();
                format!("{inner}{}", &rest[end + 1..])
            }
            None => rest.to_owned(),
        },
        None => name.to_owned(),
    };
    let mut plain = String::new();
    let mut depth = 0_usize;
    for character in name.chars() {
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    let plain = plain.replace("::::", "::");
    let parts: Vec<_> = plain
        .split("::")
        .filter(|part| !part.is_empty() && !part.starts_with("{{") && !part.starts_with("{closure"))
        .collect();
    match parts.as_slice() {
        [.., kind, function] if kind.starts_with(char::is_uppercase) => {
            format!("{kind}::{function}")
        }
        [.., function] => (*function).to_owned(),
        [] => String::new(),
    }
}

/// The position of the `>` that closes a `<` before the text.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.char_indices().find_map(|(at, character)| match character {
        '<' => {
            depth += 1;
            None
        }
        '>' if depth == 0 => Some(at),
        '>' => {
            depth -= 1;
            None
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{Input, Nanos, Recording};

    const SIGNAL: &str = "/home/me/.cargo/registry/src/index-1949/flume-0.12.0/src/signal.rs";

    fn frame(file: &str, line: u32, function: &str) -> Frame {
        Frame { file: file.to_owned(), line, function: function.to_owned() }
    }

    #[test]
    fn a_place_without_a_column_is_printed_without_one() {
        let place = |column| Place::new("src/main.rs", 14, column).to_string();
        assert_eq!((place(5), place(0)), ("src/main.rs:14:5".into(), "src/main.rs:14".into()));
    }

    #[test]
    fn a_place_in_a_dependency_is_that_of_its_package() {
        let place = Place::new(SIGNAL, 40, 9);
        assert_eq!(place.to_string(), "flume-0.12.0/src/signal.rs:40:9");
        assert_eq!(place.file_and_line(), "flume-0.12.0/src/signal.rs:40");
        assert_eq!(place.dependency(), Some("flume"));
        let rc = SIGNAL.replace("flume-0.12.0", "h3-quinn-0.1.0-rc.2");
        assert_eq!(Place::new(&rc, 1, 1).dependency(), Some("h3-quinn"));
        assert_eq!(Place::new("src/main.rs", 1, 1).dependency(), None);
    }

    #[test]
    fn the_innermost_function_of_the_program_made_the_call() {
        let std = "/rustc/59807616/library/std/src/thread/local.rs";
        let frames = Frames::from([
            (10, vec![frame(SIGNAL, 40, "flume::signal::wait"), frame(std, 1, "std::with")]),
            (20, vec![frame(SIGNAL, 9, "<flume::Receiver<u8> as flume::Queue>::recv")]),
            (30, vec![frame("/home/me/app/src/main.rs", 28, "app::work")]),
            (40, vec![frame("/home/me/app/src/main.rs", 3, "app::main")]),
        ]);
        let own = ["src/main.rs".to_owned()];
        let call = find_call(&[5, 10, 20, 30, 40], &frames, &own).unwrap();
        assert_eq!(
            (&*call.file, call.line, &*call.function),
            ("src/main.rs", 28, "Receiver::recv")
        );
        let call = find_call(&[30], &frames, &[]).unwrap();
        assert_eq!((&*call.file, &*call.function), ("/home/me/app/src/main.rs", ""));
        assert_eq!(find_call(&[10, 20], &frames, &own), None);
    }

    /// A channel that is made in a dependency, by a caller whose place is not in the recording.
    #[test]
    fn callers_are_found_while_the_recording_grows() {
        let text = format!(
            "{}\n\
             block process=0 thread=1 sequence=0 dropped=0\n\
             1 ThreadStarted os_id=50 name=\"main\"\n\
             2 Callers callers=\"20,30\"\n\
             2 Site site=1 line=40 column=9 file=\"{SIGNAL}\"\n\
             2 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=4 message_type=\"u8\" \
             name=\"\"\n",
            format::text::heading(),
        );
        let bytes = format::text::parse(&text).unwrap();
        let mut recording = Recording::from_bytes(format::file_header().to_vec()).unwrap();
        let mut asked = Vec::new();
        for _ in 0..2 {
            let mut resolve = |process, callers: &[u32]| {
                asked.push((process, callers.to_vec()));
                let (file, function) = ("/home/me/app/src/main.rs", "app::main");
                let event = format::Event::CallerResolved { caller: 30, line: 7, file, function };
                let mut record = [0; format::MAX_RECORD];
                let length = event.encode(0, &mut record);
                record[..length].to_vec()
            };
            let input = Input::in_memory(bytes.clone());
            recording.update_until(input, Some(Nanos::MAX), &mut resolve).unwrap();
        }
        // Also the one that is not found is looked for once.
        assert_eq!(asked, [(0, vec![20, 30])]);
        let channel = recording.catalog.channels.first().unwrap();
        assert_eq!(channel.label, "u8 @ main.rs:7");
    }

    #[test]
    fn functions_are_short() {
        for (long, short) in [
            ("flume::Receiver<T>::recv", "Receiver::recv"),
            ("crossbeam_channel::channel::Receiver<T>::recv::{{closure}}", "Receiver::recv"),
            ("<flume::Iter<alloc::vec::Vec<u8>> as core::iter::Iterator>::next", "Iter::next"),
            ("rayon_core::join::join_context::<F, G>", "join_context"),
            ("main", "main"),
            ("", ""),
        ] {
            assert_eq!(short_function(long), short, "{long}");
        }
    }
}
