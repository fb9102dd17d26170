//! Collects what the processes of one run record.
//!
//! Each process records into a file of its own, in a directory that the run's environment names.
//! While the program runs, full blocks are moved from these files to the run's recording, so that
//! the processes can reuse their space. The rest is collected at the end.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use format::packed::Packer;
use format::{BlockHeader, EndCause, Event, UNKNOWN_STATUS, control};
use rustix::fs::{Access, access, statvfs};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;
use tracing::{debug, info, info_span, trace_span};

use crate::capture::control::{ControlFile, note_snapshot};
use crate::capture::plan::Plan;
use crate::capture::threads::{Detail, ObservedProcess};
use crate::capture::{Error, Result};
use crate::reading::{Input, Recording};
use crate::terminal::cancel::Watch;

mod callers;
mod executable;
mod feed;
mod flight_recorder;
mod observation_log;
mod process_file;
mod recording_writer;

use executable::Executables;
pub use feed::{Feed, MAX_COMMIT_DELAY};
use flight_recorder::FlightRecorder;
use observation_log::ObservationLog;
use process_file::ProcessFile;
use recording_writer::{RecordingWriter, append_record};

/// The environment variable that names a session's directory to the program.
pub(super) const SESSION_VARIABLE: &str = "INSTRUMENTED_SESSION";

/// The prefix of the names of session directories.
pub(super) const DIRECTORY_PREFIX: &str = "recorder-";

/// The name of the recording in a session's directory.
pub(super) const RECORDING: &str = "recording";

/// The name of the socket in a session's directory.
pub(super) const SOCKET: &str = "live";

/// Maximum number of bytes that a process records under a controlled schedule.
const MAX_CONTROLLED_BYTES: u64 = 64 << 20;

/// Maximum number of bytes that are recorded of a message's value under a controlled schedule.
const CONTROLLED_VALUE_BYTES: u64 = 80;

/// How much of a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Everything.
    All,
    /// Everything up to this number of bytes; then the recording stops.
    UpTo(u64),
    /// Only blocks collected within this time.
    LastFor(Duration),
    /// Only the newest blocks, up to this number of bytes.
    LastBytes(u64),
}

/// The recording of one run in progress.
#[derive(Debug)]
pub struct Session {
    directory: TempDir,
    control: ControlFile,
    /// Maximum number of bytes of a recording on disk.
    max_bytes: Option<u64>,
    store: Store,
    files: Vec<ProcessFile>,
    /// By the number of the process.
    observations: BTreeMap<u32, ObservationLog>,
    /// Whether the recording has `max_bytes`.
    reached_limit: bool,
}

/// Where blocks are moved to.
#[derive(Debug)]
enum Store {
    Disk(RecordingWriter),
    Memory(FlightRecorder),
}

impl Store {
    fn add(&mut self, header: &BlockHeader, records: &[u8]) -> io::Result<()> {
        match self {
            Store::Disk(writer) => writer.add(header, records),
            Store::Memory(recorder) => {
                recorder.add(header, records);
                Ok(())
            }
        }
    }

    /// Adds the records of an observation of a process.
    fn add_observation(&mut self, process: u32, records: Vec<u8>) {
        match self {
            Store::Disk(writer) => writer.add_process_block(process, &records),
            Store::Memory(recorder) => recorder.add_observation(process, records),
        }
    }

    /// Writes the added blocks to disk, or evicts those from memory that are too old by now.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Store::Disk(writer) => writer.flush(),
            Store::Memory(recorder) => {
                recorder.evict();
                Ok(())
            }
        }
    }
}

/// How the program's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessExit {
    /// The process ID.
    pub pid: u32,
    /// When it ended, in nanoseconds of the monotonic clock.
    pub monotonic_ns: u64,
    /// Its exit code, or 0 if a signal ended it.
    pub code: u32,
    /// The signal that ended it, or 0.
    pub signal: u32,
    /// Why.
    pub cause: EndCause,
}

/// The recording of a run that has ended.
#[derive(Debug)]
pub struct Collected {
    /// The recording.
    pub recording: Recording,
    /// Why the recording is incomplete, if it is.
    pub error: Option<Error>,
    /// Whether the recording stopped at its maximum size.
    pub reached_limit: bool,
}

impl Session {
    /// Starts a session that records up to `value_bytes` of each message's value. A recording on
    /// disk grows in `output_directory`.
    ///
    /// # Errors
    /// [`Error::CannotRecord`]: the temporary files cannot be created.
    pub fn new(
        retention: Retention,
        paused: bool,
        value_bytes: u64,
        output_directory: &Path,
    ) -> Result<Self> {
        let (base, directory) = create_directory()?;
        let cannot_record = |directory: &Path| {
            let directory = directory.to_owned();
            move |source| Error::CannotRecord(directory, source)
        };
        let store = match retention {
            Retention::All | Retention::UpTo(_) => {
                let writer = RecordingWriter::new(output_directory)
                    .map_err(cannot_record(output_directory))?;
                // For `recover`, if the recorder is killed.
                let link = directory.path().join(RECORDING);
                symlink(writer.path(), link).map_err(cannot_record(&base))?;
                Store::Disk(writer)
            }
            Retention::LastFor(time) => Store::Memory(FlightRecorder::new(time, u64::MAX)),
            Retention::LastBytes(bytes) => Store::Memory(FlightRecorder::new(Duration::MAX, bytes)),
        };
        let max_bytes = if let Retention::UpTo(bytes) = retention { Some(bytes) } else { None };
        let words = [
            (control::PAUSED, u64::from(paused)),
            (control::LIMIT, max_bytes.unwrap_or_default()),
            (control::RECORDER, std::process::id().into()),
            (control::VALUES, value_bytes),
        ];
        let control =
            ControlFile::create(directory.path(), &words).map_err(cannot_record(&base))?;
        Ok(Session {
            directory,
            control,
            max_bytes,
            store,
            files: Vec::new(),
            observations: BTreeMap::new(),
            reached_limit: false,
        })
    }

    /// Starts a session for a short run under a controlled schedule. Nothing is moved before it
    /// ends: the files of its processes are its recording.
    ///
    /// # Errors
    /// [`Error::CannotRecord`]: the temporary files cannot be created.
    pub fn controlled(plan: &Plan) -> Result<Self> {
        let (base, directory) = create_directory()?;
        let create = || {
            if let Some(schedule) = plan.schedule_file() {
                fs::write(directory.path().join(control::SCHEDULE_FILE), schedule)?;
            }
            if let Some(earlier) = &plan.earlier {
                let file = directory.path().join(control::EARLIER_RUN_FILE);
                fs::write(file, earlier.encode())?;
            }
            let words = [
                (control::LIMIT, MAX_CONTROLLED_BYTES),
                (control::RECORDER, std::process::id().into()),
                (control::VALUES, CONTROLLED_VALUE_BYTES),
            ];
            ControlFile::create(directory.path(), &[&words[..], &plan.words()].concat())
        };
        let control = create().map_err(|source| Error::CannotRecord(base, source))?;
        Ok(Session {
            directory,
            control,
            max_bytes: None,
            store: Store::Memory(FlightRecorder::new(Duration::MAX, u64::MAX)),
            files: Vec::new(),
            observations: BTreeMap::new(),
            reached_limit: false,
        })
    }

    /// A word of the control file.
    ///
    /// # Errors
    /// The control file cannot be read.
    pub(super) fn control_word(&self, word: usize) -> io::Result<u64> {
        self.control.get(word)
    }

    /// Observes the threads of all processes in detail, also of those that have just started to
    /// record.
    ///
    /// # Errors
    /// A process's file cannot be read.
    pub(super) fn observe_now(&mut self) -> Result<()> {
        open_new_files(&mut self.files, self.directory.path())?;
        self.observe(|_| Detail::Activities);
        Ok(())
    }

    /// The blocks that were not moved, by process, thread and sequence.
    ///
    /// # Errors
    /// A process's file cannot be read.
    pub(super) fn blocks(&mut self) -> Result<Vec<(BlockHeader, Vec<u8>)>> {
        open_new_files(&mut self.files, self.directory.path())?;
        let blocks = self.files.iter().flat_map(ProcessFile::rest);
        let mut blocks = blocks.collect::<io::Result<Vec<_>>>()?;
        blocks.sort_by_key(|(header, _)| (header.process, header.thread, header.sequence));
        Ok(blocks)
    }

    /// Reads from another thread what is recorded. `None` for a flight recorder, whose blocks are in
    /// memory until they are discarded.
    ///
    /// # Errors
    /// The recording cannot be opened.
    pub fn feed(&self) -> Result<Option<Feed>> {
        let Store::Disk(writer) = &self.store else { return Ok(None) };
        let (recording, extent) = writer.reader()?;
        Ok(Some(Feed::new(self.directory(), recording, extent)))
    }

    /// Listens for [`ActiveRun`](crate::capture::control::ActiveRun)s of other processes that connect
    /// to this session. Only the user can.
    ///
    /// # Errors
    /// The path of the socket is too long.
    pub fn listen(&self) -> io::Result<UnixListener> {
        let path = self.directory().join(SOCKET);
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// The value of [`SESSION_VARIABLE`] for the program.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The process IDs of all processes that have recorded anything so far.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.files.iter().filter_map(|file| file.pid)
    }

    /// Moves full blocks to the recording. Returns the number of blocks.
    ///
    /// # Errors
    /// A process's file cannot be read, or the recording cannot be written.
    pub(super) fn drain(&mut self) -> Result<usize> {
        let _span = trace_span!("drain").entered();
        open_new_files(&mut self.files, self.directory.path())?;
        let mut moved = 0;
        for file in &mut self.files {
            moved += file.drain(&mut self.store)?;
        }
        if let (Some(max_bytes), Store::Disk(writer)) = (self.max_bytes, &self.store)
            && writer.bytes >= max_bytes
            && !self.reached_limit
        {
            self.reached_limit = true;
            info!(bytes = writer.bytes, "the recording reached its maximum size");
            self.control.set(control::PAUSED, 1)?;
        }
        if moved > 0 {
            debug!(blocks = moved, "drained");
        }
        Ok(moved)
    }

    /// Observes the threads of all processes that record, in the detail that `detail` returns for a
    /// process ID. A recording that has its maximum size gets no more observations.
    pub(super) fn observe(&mut self, detail: impl Fn(u32) -> Detail) {
        if self.reached_limit {
            return;
        }
        let _span = trace_span!("observe").entered();
        for (process, file) in (0..).zip(&self.files) {
            let Some(pid) = file.pid else { continue };
            let new = || ObservationLog::new(ObservedProcess::new(pid, file.monotonic_ns));
            let log = self.observations.entry(process).or_insert_with(new);
            for records in log.observe(detail(pid)) {
                self.store.add_observation(process, records);
            }
        }
    }

    /// Writes the last observation of each process, if it was not written because nothing had
    /// changed.
    fn write_last_observations(&mut self) {
        for (&process, log) in &mut self.observations {
            if let Some(records) = log.take_unwritten() {
                self.store.add_observation(process, records);
            }
        }
    }

    /// The number of snapshots that processes have requested from the flight recorder.
    ///
    /// # Errors
    /// The control file cannot be read.
    pub(super) fn snapshot_requests(&self) -> io::Result<u64> {
        self.control.get(control::KEEP)
    }

    /// Answers the processes and the user that have requested snapshots, up to this number.
    ///
    /// # Errors
    /// The control file cannot be written.
    pub(super) fn answer_snapshot_requests(&self, number: u64) -> io::Result<()> {
        self.control.set(control::KEPT, number)
    }

    /// Writes the contents of the flight recorder to a recording of its own.
    ///
    /// # Errors
    /// A process's file cannot be read, or the recording cannot be written.
    pub(super) fn write_snapshot(&mut self, path: &Path) -> Result<()> {
        open_new_files(&mut self.files, self.directory.path())?;
        self.write_last_observations();
        let Store::Memory(recorder) = &self.store else { return Ok(()) };
        let rest = read_rest(&self.files)?;
        let write = || {
            let mut writer = RecordingWriter::new(path.parent().unwrap_or(path))?;
            recorder.write(&rest, &mut writer)?;
            writer.persist(path)?;
            note_snapshot(self.directory.path(), path)
        };
        write().map_err(|source| Error::CannotWrite(path.to_owned(), source))
    }

    /// The process ID of each process, and a fingerprint that changes when it records more.
    ///
    /// # Errors
    /// A process's file cannot be read.
    pub(super) fn fingerprints(&self) -> io::Result<Vec<(u32, u64)>> {
        let identified = self.files.iter().filter_map(|file| Some((file.pid?, file)));
        identified.map(|(pid, file)| Ok((pid, file.fingerprint()?))).collect()
    }

    /// Opens the recording as it is now.
    ///
    /// # Errors
    /// A process's file cannot be read, or temporary files cannot be written.
    pub(super) fn open_so_far(&mut self) -> Result<Recording> {
        open_new_files(&mut self.files, self.directory.path())?;
        let rest = read_rest(&self.files)?;
        self.write_last_observations();
        match &mut self.store {
            Store::Disk(writer) => {
                writer.flush()?;
                let recording = writer.open_with(rest.concat())?;
                if !resolve_callers(&recording, &self.files, writer) {
                    return Ok(recording);
                }
                writer.flush()?;
                writer.open_with(rest.concat())
            }
            Store::Memory(recorder) => {
                let mut writer = RecordingWriter::private(&env::temp_dir())?;
                recorder.write(&rest, &mut writer)?;
                writer.flush()?;
                let recording = writer.open_with(Vec::new())?;
                if resolve_callers(&recording, &self.files, &mut writer) {
                    writer.flush()?;
                }
                Ok(writer.into_recording(&Watch::default())?)
            }
        }
    }

    /// Collects the remaining blocks and opens the recording; `None` if no process recorded
    /// anything.
    ///
    /// # Errors
    /// A process's file cannot be read, and there is no recording without it; or `watch` stops the
    /// reading ([`Interrupted`](crate::reading::Error::Interrupted)).
    pub fn finish(mut self, exit: &ProcessExit, watch: &Watch) -> Result<Option<Collected>> {
        let _span = info_span!("collect").entered();
        self.write_last_observations();
        let Session { mut directory, store, mut files, reached_limit, observations, .. } = self;
        let gone_at = |process| observations.get(&process).and_then(ObservationLog::gone_at);
        let (mut writer, recorder) = match store {
            Store::Disk(writer) => (writer, None),
            Store::Memory(recorder) => (RecordingWriter::new(&env::temp_dir())?, Some(recorder)),
        };
        let collect = || -> Result<()> {
            open_new_files(&mut files, directory.path())?;
            match recorder {
                None => append_rest(&files, &mut writer)?,
                Some(recorder) => recorder.write(&read_rest(&files)?, &mut writer)?,
            }
            append_ends(&mut writer, &files, exit, gone_at);
            Ok(writer.flush()?)
        };
        let error = collect().err().map(|error| {
            // `recover` reads the directory, perhaps when there is room.
            directory.disable_cleanup(true);
            Error::Uncollected(directory.path().to_owned(), error.into())
        });
        info!(processes = files.len(), bytes = writer.bytes, "collected");
        if error.is_none() && files.iter().all(|file| file.pid.is_none()) {
            return Ok(None);
        }
        // After an error, the blocks that were written are a recording too.
        let recording = writer.open(watch).and_then(|recording| {
            match resolve_callers(&recording, &files, &mut writer) && writer.flush().is_ok() {
                true => writer.open(watch),
                false => Ok(recording),
            }
        });
        match (recording, error) {
            (Err(_), Some(error)) => Err(error),
            (recording, error) => {
                Ok(Some(Collected { recording: recording?, error, reached_limit }))
            }
        }
    }
}

/// Collects a session whose recorder was killed from its directory. (The directory of a running
/// session can be read, too.)
///
/// # Errors
/// The directory is not that of a session ([`Error::NotARun`]), or a file in it cannot be read.
pub fn recover(directory: &Path) -> Result<Input> {
    let _span = info_span!("recover", directory = %directory.display()).entered();
    let mut files = Vec::new();
    open_new_files(&mut files, directory)?;
    if !fs::exists(directory.join(control::FILE))? {
        return Err(Error::NotARun);
    }
    match File::open(directory.join(RECORDING)) {
        Ok(recording) => files.insert(0, ProcessFile::new(recording)),
        // A flight recorder has none.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let mut writer = RecordingWriter::private(&env::temp_dir())?;
    append_rest(&files, &mut writer)?;
    writer.flush()?;
    Ok(writer.into_input()?.named(&directory.display().to_string()))
}

/// The directories in which sessions may be: in memory, and on disk.
pub(super) fn base_directories() -> [PathBuf; 2] {
    [PathBuf::from("/dev/shm"), env::temp_dir()]
}

/// Creates the directory of a session. Returns the one it is in, too.
fn create_directory() -> Result<(PathBuf, TempDir)> {
    let base = choose_base_directory();
    let created = tempfile::Builder::new()
        .prefix(DIRECTORY_PREFIX)
        // The values of messages may be secret.
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(&base);
    match created {
        Ok(directory) => Ok((base, directory)),
        Err(source) => Err(Error::CannotRecord(base, source)),
    }
}

/// Chooses memory if there is room, so that no process has to wait for a disk.
fn choose_base_directory() -> PathBuf {
    const MIN_FREE_BYTES: u64 = 1 << 30;
    let [memory, disk] = base_directories();
    let has_room = access(&memory, Access::WRITE_OK).is_ok()
        && statvfs(&memory).is_ok_and(|room| room.f_bavail * room.f_frsize >= MIN_FREE_BYTES);
    if env::var_os("TMPDIR").is_none() && has_room { memory } else { disk }
}

/// Opens the files of new processes, and identifies those that have a head by now.
fn open_new_files(files: &mut Vec<ProcessFile>, directory: &Path) -> Result<()> {
    loop {
        let path = directory.join(format!("{}.part", files.len()));
        match File::options().read(true).write(true).open(&path) {
            Ok(file) => files.push(ProcessFile::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(source) => return Err(Error::CannotOpen(path, source)),
        }
    }
    files.iter_mut().try_for_each(ProcessFile::identify)
}

/// Writes the blocks that were not moved yet.
fn append_rest(files: &[ProcessFile], writer: &mut RecordingWriter) -> io::Result<()> {
    for block in files.iter().flat_map(ProcessFile::rest) {
        let (header, records) = block?;
        writer.add(&header, &records)?;
    }
    writer.flush()
}

/// Packs the blocks that were not moved yet.
fn read_rest(files: &[ProcessFile]) -> io::Result<Vec<Vec<u8>>> {
    let mut packer = Packer::new();
    let mut rest = Vec::new();
    for block in files.iter().flat_map(ProcessFile::rest) {
        let (header, records) = block?;
        let mut packed = Vec::new();
        packer.block(&header, &records, &mut packed);
        rest.push(packed);
    }
    Ok(rest)
}

fn exists(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// Adds what is known of callers whose places are not known yet. Returns whether there was any.
fn resolve_callers(
    recording: &Recording,
    files: &[ProcessFile],
    writer: &mut RecordingWriter,
) -> bool {
    let mut executables = Executables::default();
    let mut has_any = false;
    for (process, file) in files.iter().enumerate() {
        let callers = recording.catalog.unresolved_callers(process as u32);
        let mut is_unchanged = || executables.describe(&file.executable, file.wall_ns).is_some();
        if !callers.is_empty() && is_unchanged() {
            let records = callers::resolve(Path::new(&file.executable), &callers);
            if !records.is_empty() {
                writer.add_process_block(process as u32, &records);
                has_any = true;
            }
        }
    }
    has_any
}

/// Appends when processes ended, how the one that was run did, and the executables of all processes.
fn append_ends(
    writer: &mut RecordingWriter,
    files: &[ProcessFile],
    exit: &ProcessExit,
    gone_at: impl Fn(u32) -> Option<u64>,
) {
    let ProcessExit { monotonic_ns, code, signal, cause, .. } = *exit;
    let mut executables = Executables::default();
    for (process, file) in files.iter().enumerate() {
        let ended = match gone_at(process as u32) {
            _ if file.pid == Some(exit.pid) => {
                Some(Event::ProcessEnded { monotonic_ns, code, signal })
            }
            // Its status is known to its parent alone.
            Some(monotonic_ns) => {
                Some(Event::ProcessEnded { monotonic_ns, code: 0, signal: UNKNOWN_STATUS })
            }
            None if cause == EndCause::Itself && file.pid.is_some_and(|pid| !exists(pid)) => {
                Some(Event::ProcessEnded { monotonic_ns, code: 0, signal: UNKNOWN_STATUS })
            }
            None => None,
        };
        let cause = cause as u32;
        let run = (process == 0).then_some(Event::RunEnded { monotonic_ns, code, signal, cause });
        let executable = executables.describe(&file.executable, file.wall_ns);
        let mut records = Vec::new();
        for event in ended.iter().chain(&run).chain(&executable) {
            append_record(&mut records, 0, event);
        }
        if !records.is_empty() {
            writer.add_process_block(process as u32, &records);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::catalog::{ProcessIndex, ThreadIndex};
    use format::{MAX_RECORD, OperationKind, sealed_ring};
    use std::os::unix::fs::FileExt;

    const STRIDE: usize = 256;
    const EXIT: ProcessExit =
        ProcessExit { pid: 50, monotonic_ns: 9_000, code: 3, signal: 0, cause: EndCause::Itself };

    /// A block as a thread writes it: a header, records and padding, `STRIDE` bytes in all.
    fn block(header: BlockHeader, events: &[(u64, Event<'_>)]) -> Vec<u8> {
        let mut records = Vec::new();
        for (time, event) in events {
            append_record(&mut records, *time, event);
        }
        let header =
            BlockHeader { stride: STRIDE as u32, committed: records.len() as u32, ..header };
        let mut bytes = [&header.encode()[..], &records].concat();
        bytes.resize(STRIDE, 0);
        bytes
    }

    /// A block of thread 1 with an operation at `time`.
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

    /// The offset of the first block after the head of a process's file.
    const FIRST_BLOCK: u64 = (sealed_ring::PAGE_OFFSET + sealed_ring::PAGE_BYTES) as u64;

    fn write_process_file(session: &Session, process: u32, first: &[u8], blocks: &[Vec<u8>]) {
        let mut head = [&format::file_header()[..], first].concat();
        head.resize(FIRST_BLOCK as usize, 0);
        let bytes = [&head[..], &blocks.concat(), &[0; MAX_RECORD]].concat();
        fs::write(session.directory().join(format!("{process}.part")), bytes).unwrap();
    }

    fn open_process_file(session: &Session) -> File {
        let path = session.directory().join("0.part");
        File::options().read(true).write(true).open(path).unwrap()
    }

    /// Seals the block at this offset.
    fn seal(file: &File, number: u64, offset: u64) {
        let slot = sealed_ring::encode_slot(number, offset).to_le_bytes();
        file.write_all_at(&slot, (sealed_ring::slot_word(number) * 8) as u64).unwrap();
        file.write_all_at(&(number + 1).to_le_bytes(), (sealed_ring::COUNT * 8) as u64).unwrap();
    }

    fn session(retention: Retention) -> Session {
        Session::new(retention, false, 0, &env::temp_dir()).unwrap()
    }

    fn finish(session: Session) -> Option<Recording> {
        let Collected { recording, error, .. } =
            session.finish(&EXIT, &Watch::default()).unwrap()?;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(recording.damage, []);
        Some(recording)
    }

    /// The times of the events of the first thread.
    fn times(recording: &Recording) -> Vec<u64> {
        let mut times = Vec::new();
        let events = recording.events(ThreadIndex::from(0));
        events.for_each(|time, _| times.push(time.get())).unwrap();
        times
    }

    #[test]
    fn full_blocks_are_moved_once_and_the_rest_at_the_end() {
        let mut session = session(Retention::All);
        write_process_file(
            &session,
            0,
            &process_block(0, 50),
            &[thread_block(10, 0, 1, 1), thread_block(20, 1, 1, 0)],
        );
        let file = open_process_file(&session);
        assert_eq!(session.drain().unwrap(), 0);
        seal(&file, 0, FIRST_BLOCK);
        assert_eq!(session.drain().unwrap(), 1);
        assert_eq!(session.drain().unwrap(), 0);
        assert_eq!(session.pids().collect::<Vec<_>>(), [50]);

        // The thread reuses the space.
        file.write_all_at(&thread_block(30, 2, 2, 2), FIRST_BLOCK).unwrap();
        seal(&file, 1, FIRST_BLOCK);
        assert_eq!(session.drain().unwrap(), 1);
        file.write_all_at(&thread_block(40, 3, 3, 0), FIRST_BLOCK).unwrap();

        let recording = finish(session).unwrap();
        assert_eq!(times(&recording), [10, 20, 30, 40]);
        let ended = recording.catalog.processes[ProcessIndex::from(0)].ended.unwrap();
        assert_eq!((ended.time.get(), ended.code), (EXIT.monotonic_ns, EXIT.code));
    }

    #[test]
    fn a_recording_can_be_read_while_it_grows() {
        for retention in [Retention::All, Retention::LastFor(Duration::from_secs(3600))] {
            let mut session = session(retention);
            write_process_file(
                &session,
                0,
                &process_block(0, 50),
                &[thread_block(10, 0, 1, 1), thread_block(20, 1, 1, 0)],
            );
            let file = open_process_file(&session);
            let second_block = FIRST_BLOCK + STRIDE as u64;
            seal(&file, 0, FIRST_BLOCK);
            assert_eq!(session.drain().unwrap(), 1);
            assert_eq!(times(&session.open_so_far().unwrap()), [10, 20]);

            let before = session.fingerprints().unwrap();
            assert_eq!(session.fingerprints().unwrap(), before);
            file.write_all_at(&thread_block(30, 2, 2, 0), FIRST_BLOCK).unwrap();
            assert_ne!(session.fingerprints().unwrap(), before);
            assert_eq!(before[0].0, 50);
            let snapshot = session.open_so_far().unwrap();
            assert_eq!(times(&snapshot), [10, 20, 30]);

            // Later blocks do not change it.
            seal(&file, 1, second_block);
            session.drain().unwrap();
            assert_eq!(times(&snapshot), [10, 20, 30]);
            assert_eq!(times(&finish(session).unwrap()), [10, 20, 30]);
        }
    }

    #[test]
    fn blocks_whose_seals_were_overwritten_are_found() {
        let mut session = session(Retention::All);
        let blocks: Vec<_> = (0..3).map(|number| thread_block(10 * number, number, 1, 1)).collect();
        write_process_file(&session, 0, &process_block(0, 50), &blocks);
        let file = open_process_file(&session);
        // Only the last of the seals is in its slot.
        seal(&file, sealed_ring::SLOT_COUNT + 2, FIRST_BLOCK);
        assert_eq!(session.drain().unwrap(), 3);
        assert_eq!(session.drain().unwrap(), 0);
        assert_eq!(times(&finish(session).unwrap()), [0, 10, 20]);
    }

    #[test]
    fn every_process_is_recorded_and_the_program_has_an_end() {
        // One that goes on.
        let other = std::process::id();
        let session = session(Retention::All);
        write_process_file(&session, 0, &process_block(0, other), &[]);
        write_process_file(&session, 1, &process_block(1, EXIT.pid), &[]);
        let recording = finish(session).unwrap();
        let processes: Vec<_> = recording
            .catalog
            .processes
            .iter()
            .map(|process| (process.pid, process.ended.is_some()))
            .collect();
        assert_eq!(processes, [(other, false), (EXIT.pid, true)]);
    }

    #[test]
    fn a_process_file_without_a_head_records_nothing() {
        assert!(finish(session(Retention::All)).is_none());
        let session = session(Retention::All);
        fs::write(session.directory().join("0.part"), [0; 4096]).unwrap();
        assert!(finish(session).is_none());
    }
}
