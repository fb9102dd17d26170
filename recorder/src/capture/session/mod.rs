//! Collects what the processes of one run record.
//!
//! Each process records into a file of its own, its part, in a directory that the run's
//! environment names. While it runs, its full blocks are moved from there to the run's
//! recording, so that their places can be used again; at the end comes what is left.

use std::env;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use format::packed::Packer;
use format::{BlockHeader, Event, MAX_RECORD, control};
use tempfile::TempDir;
use tracing::{debug, info, info_span, trace_span};

use crate::capture::control::offset;
use crate::reading::{Input, Recording};
use crate::terminal::cancel::Watch;

mod flight_recorder;
mod process_file;
mod recording_writer;

use flight_recorder::Newest;
use process_file::Part;
use recording_writer::Log;

/// The environment variable by which a process finds its session.
pub const VARIABLE: &str = "INSTRUMENTED_SESSION";

/// What directories of sessions are called, in front of what tells them apart.
pub const PREFIX: &str = "recorder-";

/// How much of what is recorded is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of it.
    All,
    /// All, until it takes so many bytes; then the recording pauses for good.
    UpTo(u64),
    /// What was collected so long ago, at most.
    LastFor(Duration),
    /// So many bytes of the newest, at most.
    LastBytes(u64),
}

/// One run's recording, while it is made.
#[derive(Debug)]
pub struct Session {
    directory: TempDir,
    /// What the processes look at.
    control: File,
    keep: Keep,
    store: Store,
    parts: Vec<Part>,
    /// Whether [`Keep::UpTo`] has been reached.
    full: bool,
}

/// Where blocks are moved to.
#[derive(Debug)]
enum Store {
    Log(Log),
    Newest(Newest),
}

impl Store {
    fn add(&mut self, header: &BlockHeader, records: &[u8]) {
        match self {
            Store::Log(log) => log.add(header, records),
            Store::Newest(newest) => newest.add(header, records),
        }
    }

    /// Makes what was added safe.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Store::Log(log) => log.flush(),
            Store::Newest(newest) => {
                newest.forget_the_oldest();
                Ok(())
            }
        }
    }
}

/// How the process that was run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The process.
    pub pid: u32,
    /// When, in nanoseconds of the monotonic clock.
    pub monotonic_ns: u64,
    /// Its exit code, if no signal ended it.
    pub code: u32,
    /// The signal that ended it, or 0.
    pub signal: u32,
}

/// What a run has left.
#[derive(Debug)]
pub struct Collected {
    /// The recording.
    pub recording: Recording,
    /// Why some of it is missing, if anything is.
    pub trouble: Option<anyhow::Error>,
    /// Whether it has reached the size that was allowed.
    pub full: bool,
}

impl Session {
    /// Begins a recording, with so many bytes of each message's value; `log_directory` is where
    /// it grows, if it is to be kept on disk.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn new(keep: Keep, paused: bool, values: u64, log_directory: &Path) -> Result<Self> {
        let base = base();
        let cannot = || format!("cannot record into {}", base.display());
        let directory =
            tempfile::Builder::new().prefix(PREFIX).tempdir_in(&base).with_context(cannot)?;
        let store = match keep {
            Keep::All | Keep::UpTo(_) => {
                let log = Log::new(log_directory)
                    .with_context(|| format!("cannot record into {}", log_directory.display()))?;
                // Whoever finds the directory without us finds all of it.
                let link = directory.path().join(RECORDING);
                std::os::unix::fs::symlink(log.path(), link).with_context(cannot)?;
                Store::Log(log)
            }
            Keep::LastFor(_) | Keep::LastBytes(_) => Store::Newest(Newest::new(keep)),
        };
        let control =
            create_control(directory.path(), keep, paused, values).with_context(cannot)?;
        Ok(Session { directory, control, keep, store, parts: Vec::new(), full: false })
    }

    /// What [`VARIABLE`] is to say.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The processes that have recorded anything so far.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.parts.iter().filter_map(|part| part.pid)
    }

    /// Moves blocks that are full; tells how many there were.
    ///
    /// # Errors
    /// A part cannot be read, or the recording cannot be written.
    pub fn drain(&mut self) -> Result<usize> {
        let _span = trace_span!("drain").entered();
        self.find_parts()?;
        let mut moved = 0;
        for part in &mut self.parts {
            let drained = part.read_full(|header, records| self.store.add(header, records))?;
            // Only now may the process use the places again.
            self.store.flush()?;
            part.vacate(&drained)?;
            moved += drained.len();
        }
        if let (Keep::UpTo(limit), Store::Log(log)) = (self.keep, &self.store)
            && log.bytes() >= limit
            && !self.full
        {
            self.full = true;
            info!(bytes = log.bytes(), "the recording has reached its size");
            self.write_control(control::PAUSED, 1)?;
        }
        if moved > 0 {
            debug!(blocks = moved, "drained");
        }
        Ok(moved)
    }

    /// How often a process has asked to keep what there is.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn asked_to_keep(&self) -> io::Result<u64> {
        let mut word = [0; 8];
        self.control.read_exact_at(&mut word, offset(control::KEEP))?;
        Ok(u64::from_le_bytes(word))
    }

    /// Writes what a flight recorder has now to a recording of its own, while all goes on.
    ///
    /// # Errors
    /// A part cannot be read, or the file cannot be written.
    pub fn write_newest(&mut self, path: &Path) -> Result<()> {
        self.find_parts()?;
        let Store::Newest(newest) = &self.store else { return Ok(()) };
        let cannot = || format!("cannot write {}", path.display());
        let directory = path.parent().filter(|parent| *parent != Path::new(""));
        let mut log = Log::new(directory.unwrap_or(Path::new("."))).with_context(cannot)?;
        newest.write(&read_rest(&self.parts)?, &mut log);
        log.persist(path).with_context(cannot)
    }

    /// How far each process is: a number that is another one when it has recorded more.
    ///
    /// # Errors
    /// A part cannot be read.
    pub fn progress(&self) -> Result<Vec<(u32, u64)>> {
        let identified = self.parts.iter().filter_map(|part| Some((part.pid?, part)));
        identified.map(|(pid, part)| Ok((pid, part.progress()?))).collect()
    }

    /// What is recorded so far, while all goes on.
    ///
    /// # Errors
    /// A part cannot be read, or there is no room for temporary files.
    pub fn snapshot(&mut self) -> Result<Recording> {
        self.find_parts()?;
        let rest = read_rest(&self.parts)?;
        match &mut self.store {
            Store::Log(log) => {
                log.flush()?;
                log.open_with(rest.concat())
            }
            Store::Newest(newest) => {
                let mut log = Log::new(&env::temp_dir())?;
                newest.write(&rest, &mut log);
                log.flush()?;
                log.open(&Watch::default())
            }
        }
    }

    /// Takes what is left and opens the recording; `None` if nobody has recorded anything.
    ///
    /// # Errors
    /// A part cannot be read, or nothing of the recording could be written; or `watch` stops
    /// the reading.
    pub fn finish(self, ending: &Ending, watch: &Watch) -> Result<Option<Collected>> {
        let _span = info_span!("collect").entered();
        let Session { mut directory, store, mut parts, full, .. } = self;
        let (mut log, newest) = match store {
            Store::Log(log) => (log, None),
            Store::Newest(newest) => (Log::new(&env::temp_dir())?, Some(newest)),
        };
        let taken = find_parts(&mut parts, directory.path())
            .and_then(|()| match newest {
                None => take_the_rest(&parts, &mut log),
                Some(newest) => {
                    newest.write(&read_rest(&parts)?, &mut log);
                    Ok(())
                }
            })
            .and_then(|()| {
                if let Some(process) = parts.iter().position(|part| part.pid == Some(ending.pid)) {
                    write_end(&mut log, process as u32, ending);
                }
                Ok(log.flush()?)
            });
        info!(processes = parts.len(), bytes = log.bytes(), "collected");
        let trouble = taken.err().map(|trouble| {
            // The parts are recordings too, and there may be room for them later.
            directory.disable_cleanup(true);
            trouble.context(format!("its parts are left in {}", directory.path().display()))
        });
        if trouble.is_none() && parts.iter().all(|part| part.pid.is_none()) {
            return Ok(None);
        }
        // What could be written is a recording too, wherever it ends.
        match (log.open(watch), trouble) {
            (Err(_), Some(trouble)) => Err(trouble),
            (recording, trouble) => Ok(Some(Collected { recording: recording?, trouble, full })),
        }
    }

    fn find_parts(&mut self) -> Result<()> {
        find_parts(&mut self.parts, self.directory.path())
    }

    fn write_control(&self, word: usize, value: u64) -> io::Result<()> {
        self.control.write_all_at(&value.to_le_bytes(), offset(word))
    }
}

/// Brings together what a session has left in its directory whose recorder was killed.
/// (That of one that is at work can be read, too; it goes on.)
///
/// # Errors
/// The directory is none of a session, or something in it cannot be read.
pub fn recover(directory: &Path) -> Result<Input> {
    let _span = info_span!("recover", directory = %directory.display()).entered();
    let mut parts = Vec::new();
    find_parts(&mut parts, directory)?;
    if !fs::exists(directory.join(control::FILE))? {
        bail!("it is no directory of a run: there is no file `{}` in it", control::FILE);
    }
    let mut log = Log::new(&env::temp_dir())?;
    match File::open(directory.join(RECORDING)) {
        Ok(moved) => Part::new(moved).read_rest(|header, records| log.add(header, records))?,
        // A flight recorder has none.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    for part in parts {
        part.read_rest(|header, records| log.add(header, records))?;
        log.flush()?;
    }
    log.flush()?;
    Ok(log.into_input()?.called(&directory.display().to_string()))
}

/// What a session's directory calls the recording that it grows.
pub const RECORDING: &str = "recording";

/// Memory that looks like a directory.
const MEMORY: &str = "/dev/shm";

/// Where sessions can be.
pub(crate) fn bases() -> [PathBuf; 2] {
    [PathBuf::from(MEMORY), env::temp_dir()]
}

/// Where the processes record: in memory if there is room, so that no disk makes them wait.
fn base() -> PathBuf {
    const ENOUGH: u64 = 1 << 30;
    let [memory, temporary] = bases();
    let has_room = || {
        let room = rustix::fs::statvfs(&memory).ok()?;
        let writable = rustix::fs::access(&memory, rustix::fs::Access::WRITE_OK).is_ok();
        Some(writable && room.f_bavail * room.f_frsize >= ENOUGH)
    };
    if env::var_os("TMPDIR").is_none() && has_room() == Some(true) { memory } else { temporary }
}

fn create_control(directory: &Path, keep: Keep, paused: bool, values: u64) -> io::Result<File> {
    let control = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(directory.join(control::FILE))?;
    control.set_len(control::BYTES as u64)?;
    let limit = if let Keep::UpTo(limit) = keep { limit } else { 0 };
    for (word, value) in [
        (control::PAUSED, u64::from(paused)),
        (control::LIMIT, limit),
        (control::RECORDER, std::process::id().into()),
        (control::VALUES, values),
    ] {
        control.write_all_at(&value.to_le_bytes(), offset(word))?;
    }
    Ok(control)
}

/// Opens the files of processes that were not there before.
fn find_parts(parts: &mut Vec<Part>, directory: &Path) -> Result<()> {
    loop {
        let path = directory.join(format!("{}.part", parts.len()));
        match File::options().read(true).write(true).open(&path) {
            Ok(file) => parts.push(Part::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error).context(path.display().to_string()),
        }
    }
    parts.iter_mut().try_for_each(Part::identify)
}

fn take_the_rest(parts: &[Part], log: &mut Log) -> Result<()> {
    for part in parts {
        part.read_rest(|header, records| log.add(header, records))?;
        log.flush()?;
    }
    Ok(())
}

/// The blocks that were not moved, packed.
fn read_rest(parts: &[Part]) -> Result<Vec<Vec<u8>>> {
    let mut rest = Vec::new();
    let mut packer = Packer::new();
    for part in parts {
        part.read_rest(|header, records| {
            let mut block = Vec::new();
            packer.block(header, records, &mut block);
            rest.push(block);
        })?;
    }
    Ok(rest)
}

fn write_end(log: &mut Log, process: u32, ending: &Ending) {
    let Ending { monotonic_ns, code, signal, .. } = *ending;
    let mut record = [0; MAX_RECORD];
    let length = Event::ProcessEnded { monotonic_ns, code, signal }.encode(0, &mut record);
    log.tell(process, &record[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use format::{OperationKind, seals};

    const STRIDE: usize = 256;
    const ENDING: Ending = Ending { pid: 50, monotonic_ns: 9_000, code: 3, signal: 0 };

    /// A block as a thread leaves it: `STRIDE` bytes, of which the records are a part.
    fn block(header: BlockHeader, events: &[(u64, Event<'_>)]) -> Vec<u8> {
        let mut records = Vec::new();
        for (time, event) in events {
            let mut record = [0; MAX_RECORD];
            let length = event.encode(*time, &mut record);
            records.extend_from_slice(&record[..length]);
        }
        let header =
            BlockHeader { stride: STRIDE as u32, committed: records.len() as u64, ..header };
        let mut bytes = [&header.encode()[..], &records].concat();
        bytes.resize(STRIDE, 0);
        bytes
    }

    /// A block of thread 1 in which something happens at `time`.
    fn thread_block(time: u64, sequence: u64, generation: u64, sealed: u64) -> Vec<u8> {
        let kind = OperationKind::TryRecvEmpty;
        let event = Event::Operation { kind, endpoint: 1, site: 0, detail: 0 };
        block(
            BlockHeader { thread: 1, sequence, generation, sealed, ..BlockHeader::default() },
            &[(time, event)],
        )
    }

    fn process_block(process: u32, pid: u32) -> Vec<u8> {
        let event = Event::ProcessStarted {
            pid,
            parent: 1,
            ticks: 0,
            monotonic_ns: 0,
            wall_ns: 0,
            executable: "program",
            arguments: "",
        };
        block(BlockHeader { process, generation: 1, ..BlockHeader::default() }, &[(0, event)])
    }

    /// The first place behind the head of a part.
    const BEHIND: u64 = (seals::PAGE + seals::PAGE_BYTES) as u64;

    fn write_part(session: &Session, process: u32, first: &[u8], blocks: &[Vec<u8>]) {
        let mut head = [&format::file_header()[..], first].concat();
        head.resize(BEHIND as usize, 0);
        let bytes = [&head[..], &blocks.concat(), &[0; MAX_RECORD]].concat();
        fs::write(session.directory().join(format!("{process}.part")), bytes).unwrap();
    }

    /// Says that the block at `place` is sealed.
    fn seal(part: &File, number: u64, place: u64) {
        let slot = seals::slot(number, place).to_le_bytes();
        part.write_all_at(&slot, (seals::word(number) * 8) as u64).unwrap();
        part.write_all_at(&(number + 1).to_le_bytes(), (seals::COUNT * 8) as u64).unwrap();
    }

    fn session(keep: Keep) -> Session {
        Session::new(keep, false, 0, &env::temp_dir()).unwrap()
    }

    fn finish(session: Session) -> Option<Recording> {
        let Collected { recording, trouble, .. } =
            session.finish(&ENDING, &Watch::default()).unwrap()?;
        assert!(trouble.is_none(), "{trouble:?}");
        assert_eq!(recording.damage, []);
        Some(recording)
    }

    /// When something happens in the thread with this index.
    fn times(recording: &Recording, thread: usize) -> Vec<u64> {
        let mut events = recording.events(thread);
        std::iter::from_fn(|| events.next_deed().unwrap()).map(|(time, _)| time).collect()
    }

    #[test]
    fn full_blocks_are_moved_once_and_the_rest_at_the_end() {
        let mut session = session(Keep::All);
        write_part(
            &session,
            0,
            &process_block(0, 50),
            &[thread_block(10, 0, 1, 1), thread_block(20, 1, 1, 0)],
        );
        let part = session.directory().join("0.part");
        let part = File::options().read(true).write(true).open(part).unwrap();
        assert_eq!(session.drain().unwrap(), 0);
        seal(&part, 0, BEHIND);
        assert_eq!(session.drain().unwrap(), 1);
        assert_eq!(session.drain().unwrap(), 0);
        assert_eq!(session.pids().collect::<Vec<_>>(), [50]);

        // The thread goes on in the place that is free again.
        part.write_all_at(&thread_block(30, 2, 2, 2), BEHIND).unwrap();
        seal(&part, 1, BEHIND);
        assert_eq!(session.drain().unwrap(), 1);
        part.write_all_at(&thread_block(40, 3, 3, 0), BEHIND).unwrap();

        let recording = finish(session).unwrap();
        assert_eq!(times(&recording, 0), [10, 20, 30, 40]);
        let ended = recording.entities.processes[0].ended.unwrap();
        assert_eq!((ended.time, ended.code), (ENDING.monotonic_ns, ENDING.code));
    }

    #[test]
    fn what_is_there_can_be_read_while_it_grows() {
        for keep in [Keep::All, Keep::LastFor(Duration::from_secs(3600))] {
            let mut session = session(keep);
            write_part(
                &session,
                0,
                &process_block(0, 50),
                &[thread_block(10, 0, 1, 1), thread_block(20, 1, 1, 0)],
            );
            let part = session.directory().join("0.part");
            let part = File::options().read(true).write(true).open(part).unwrap();
            let places = BEHIND + STRIDE as u64;
            seal(&part, 0, BEHIND);
            assert_eq!(session.drain().unwrap(), 1);
            assert_eq!(times(&session.snapshot().unwrap(), 0), [10, 20]);

            let before = session.progress().unwrap();
            assert_eq!(session.progress().unwrap(), before);
            part.write_all_at(&thread_block(30, 2, 2, 0), BEHIND).unwrap();
            assert_ne!(session.progress().unwrap(), before);
            assert_eq!(before[0].0, 50);
            let snapshot = session.snapshot().unwrap();
            assert_eq!(times(&snapshot, 0), [10, 20, 30]);

            // It is as it was, whatever comes later.
            seal(&part, 1, places);
            session.drain().unwrap();
            assert_eq!(times(&snapshot, 0), [10, 20, 30]);
            assert_eq!(times(&finish(session).unwrap(), 0), [10, 20, 30]);
        }
    }

    #[test]
    fn blocks_are_found_whose_seals_were_written_over() {
        let mut session = session(Keep::All);
        let blocks: Vec<_> = (0..3).map(|number| thread_block(10 * number, number, 1, 1)).collect();
        write_part(&session, 0, &process_block(0, 50), &blocks);
        let part = session.directory().join("0.part");
        let part = File::options().read(true).write(true).open(part).unwrap();
        // Of all these only the last is in its slot.
        seal(&part, seals::SLOT_COUNT + 2, BEHIND);
        assert_eq!(session.drain().unwrap(), 3);
        assert_eq!(session.drain().unwrap(), 0);
        assert_eq!(times(&finish(session).unwrap(), 0), [0, 10, 20]);
    }

    #[test]
    fn every_process_is_there_and_one_of_them_was_seen_to_end() {
        let session = session(Keep::All);
        write_part(&session, 0, &process_block(0, 40), &[]);
        write_part(&session, 1, &process_block(1, 50), &[]);
        let recording = finish(session).unwrap();
        let processes: Vec<_> = recording
            .entities
            .processes
            .iter()
            .map(|process| (process.pid, process.ended.is_some()))
            .collect();
        assert_eq!(processes, [(40, false), (50, true)]);
    }

    #[test]
    fn without_a_head_nothing_was_recorded() {
        assert!(finish(session(Keep::All)).is_none());
        let session = session(Keep::All);
        fs::write(session.directory().join("0.part"), [0; 4096]).unwrap();
        assert!(finish(session).is_none());
    }
}
