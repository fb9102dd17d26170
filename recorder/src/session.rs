//! Collects what the processes of one run record.
//!
//! Each process records into a file of its own, in a directory that the run's
//! environment names. While it runs, its full blocks are moved from there to the run's
//! recording, so that their places can be used again; at the end comes what is left.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use format::{ALIGNMENT, BlockHeader, Event, FILE_HEADER_BYTES, MAX_RECORD, word};
use tempfile::TempDir;

use crate::load::{Recording, read_at};

/// The environment variable by which a process finds its session.
pub const VARIABLE: &str = "INSTRUMENTED_SESSION";

/// One run's recording, while it is made.
#[derive(Debug)]
pub struct Session {
    directory: TempDir,
    recording: BufWriter<File>,
    path: PathBuf,
    parts: Vec<Part>,
}

/// What one process records.
#[derive(Debug)]
struct Part {
    file: File,
    /// The process, once its file has a head.
    pid: Option<u32>,
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

impl Session {
    /// Begins a recording.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn new() -> Result<Self> {
        let cannot = || format!("cannot record into {}", std::env::temp_dir().display());
        let directory =
            tempfile::Builder::new().prefix("recorder-").tempdir().with_context(cannot)?;
        let path = directory.path().join("recording");
        let mut recording =
            BufWriter::with_capacity(1 << 16, File::create_new(&path).with_context(cannot)?);
        recording.write_all(&format::file_header()).with_context(cannot)?;
        Ok(Session { directory, recording, path, parts: Vec::new() })
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
        self.find_parts()?;
        let mut moved = 0;
        for part in &self.parts {
            for_each_block(&part.file, |at, header| {
                if !is_full(&header) {
                    return Ok(());
                }
                // The words of a header that is being written can be of different instants.
                // Those of a block that is full stay, so now they belong together.
                let header = header_at(&part.file, at)?.and_then(|(header, _)| header);
                let Some(header) = header.filter(is_full) else { return Ok(()) };
                if move_block(&part.file, at, &header, &mut self.recording)? {
                    // Only now may the process use the place again.
                    self.recording.flush()?;
                    let drained = at + (word::DRAINED * size_of::<u64>()) as u64;
                    part.file.write_all_at(&header.generation.to_le_bytes(), drained)?;
                    moved += 1;
                }
                Ok(())
            })?;
        }
        Ok(moved)
    }

    /// Takes what is left and opens the recording; `None` if nobody has recorded anything.
    /// With the recording comes why some of it is missing, if anything is.
    ///
    /// # Errors
    /// A part cannot be read, or nothing of the recording could be written.
    pub fn finish(mut self, ending: &Ending) -> Result<Option<(Recording, Option<anyhow::Error>)>> {
        let trouble = self.take_the_rest(ending).err().map(|trouble| {
            // The parts are recordings too, and there may be room for them later.
            self.directory.disable_cleanup(true);
            trouble.context(format!("its parts are left in {}", self.directory.path().display()))
        });
        if trouble.is_none() && self.pids().next().is_none() {
            return Ok(None);
        }
        // What could be written is a recording too, wherever it ends.
        match (Recording::open(&self.path), trouble) {
            (Err(_), Some(trouble)) => Err(trouble),
            (recording, trouble) => Ok(Some((recording?, trouble))),
        }
    }

    fn take_the_rest(&mut self, ending: &Ending) -> Result<()> {
        self.find_parts()?;
        for part in &self.parts {
            for_each_block(&part.file, |at, header| {
                if header.drained != header.generation {
                    move_block(&part.file, at, &header, &mut self.recording)?;
                }
                Ok(())
            })?;
        }
        if let Some(process) = self.parts.iter().position(|part| part.pid == Some(ending.pid)) {
            self.write_end(process as u32, ending)?;
        }
        Ok(self.recording.flush()?)
    }

    /// Opens the files of processes that were not there before.
    fn find_parts(&mut self) -> Result<()> {
        loop {
            let path = self.directory.path().join(format!("{}.part", self.parts.len()));
            match File::options().read(true).write(true).open(&path) {
                Ok(file) => self.parts.push(Part { file, pid: None }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error).context(path.display().to_string()),
            }
        }
        for part in self.parts.iter_mut().filter(|part| part.pid.is_none()) {
            part.pid = pid(&part.file)?;
        }
        Ok(())
    }

    fn write_end(&mut self, process: u32, ending: &Ending) -> Result<()> {
        let Ending { monotonic_ns, code, signal, .. } = *ending;
        let mut record = [0; MAX_RECORD];
        let length = Event::ProcessEnded { monotonic_ns, code, signal }.encode(0, &mut record);
        // Its block number 0 tells of its start.
        let header = BlockHeader { process, sequence: 1, ..BlockHeader::default() };
        write_block(&mut self.recording, &header, &record[..length])?;
        Ok(())
    }
}

/// The process that records into `file`, if the file has got its head already.
fn pid(file: &File) -> Result<Option<u32>> {
    let mut head = [0; FILE_HEADER_BYTES + BlockHeader::BYTES + MAX_RECORD];
    if read_at(file, &mut head, 0)? < head.len() || format::check_file_header(&head).is_err() {
        return Ok(None);
    }
    let record = format::decode(&head[FILE_HEADER_BYTES + BlockHeader::BYTES..])?;
    match record.event {
        Event::ProcessStarted { pid, .. } => Ok(Some(pid)),
        _ => Ok(None),
    }
}

/// Calls `visit` with the place and header of every block that has ever been used.
fn for_each_block(
    file: &File,
    mut visit: impl FnMut(u64, BlockHeader) -> Result<()>,
) -> Result<()> {
    let mut at = FILE_HEADER_BYTES as u64;
    while let Some((header, step)) = header_at(file, at)? {
        if let Some(header) = header.filter(|header| header.generation != 0) {
            visit(at, header)?;
        }
        at += step;
    }
    Ok(())
}

/// The header at this place, if there is one, and how far it is to the next place.
fn header_at(file: &File, at: u64) -> Result<Option<(Option<BlockHeader>, u64)>> {
    let mut bytes = [0; BlockHeader::BYTES];
    if read_at(file, &mut bytes, at)? < bytes.len() {
        return Ok(None);
    }
    // What is no header here is not the recorder's to judge: whoever loads it will.
    let header = BlockHeader::decode(&bytes).ok().flatten();
    let step = header.map_or(ALIGNMENT as u64, |header| header.stride.into());
    Ok(Some((header, step)))
}

/// Whether a block is to be moved while its process runs.
fn is_full(header: &BlockHeader) -> bool {
    header.sealed == header.generation && header.drained != header.generation
}

/// Copies a block to the recording; false if its place was used again in the meantime.
fn move_block(file: &File, at: u64, header: &BlockHeader, out: &mut impl Write) -> Result<bool> {
    let mut records = vec![0; header.committed as usize];
    let length = read_at(file, &mut records, at + BlockHeader::BYTES as u64)?;
    records.truncate(length);
    let now = header_at(file, at)?.and_then(|(header, _)| header);
    let same =
        |now: BlockHeader| now.generation == header.generation && now.committed >= header.committed;
    if !now.is_some_and(same) {
        return Ok(false);
    }
    write_block(out, header, &records)?;
    Ok(true)
}

fn write_block(out: &mut impl Write, header: &BlockHeader, records: &[u8]) -> io::Result<()> {
    let stride = (BlockHeader::BYTES + records.len()).next_multiple_of(ALIGNMENT);
    let header = BlockHeader {
        stride: stride as u32,
        committed: records.len() as u64,
        generation: 1,
        sealed: 1,
        drained: 0,
        ..*header
    };
    out.write_all(&header.encode())?;
    out.write_all(records)?;
    out.write_all(&[0; ALIGNMENT][..stride - BlockHeader::BYTES - records.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use format::OperationKind;
    use std::fs;

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

    fn write_part(session: &Session, process: u32, blocks: &[Vec<u8>]) {
        let bytes = [&format::file_header()[..], &blocks.concat(), &[0; MAX_RECORD]].concat();
        fs::write(session.directory().join(format!("{process}.part")), bytes).unwrap();
    }

    fn finish(session: Session) -> Option<Recording> {
        let (recording, trouble) = session.finish(&ENDING).unwrap()?;
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
        let mut session = Session::new().unwrap();
        write_part(
            &session,
            0,
            &[process_block(0, 50), thread_block(10, 0, 1, 1), thread_block(20, 1, 1, 0)],
        );
        assert_eq!(session.drain().unwrap(), 1);
        assert_eq!(session.drain().unwrap(), 0);
        assert_eq!(session.pids().collect::<Vec<_>>(), [50]);

        // The thread goes on in the place that is free again.
        let part = File::options().write(true).open(session.directory().join("0.part")).unwrap();
        let place = (FILE_HEADER_BYTES + STRIDE) as u64;
        part.write_all_at(&thread_block(30, 2, 2, 2), place).unwrap();
        assert_eq!(session.drain().unwrap(), 1);
        part.write_all_at(&thread_block(40, 3, 3, 0), place).unwrap();

        let recording = finish(session).unwrap();
        assert_eq!(times(&recording, 0), [10, 20, 30, 40]);
        let ended = recording.entities.processes[0].ended.unwrap();
        assert_eq!((ended.time, ended.code), (ENDING.monotonic_ns, ENDING.code));
    }

    #[test]
    fn every_process_is_there_and_one_of_them_was_seen_to_end() {
        let session = Session::new().unwrap();
        write_part(&session, 0, &[process_block(0, 40)]);
        write_part(&session, 1, &[process_block(1, 50)]);
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
        assert!(finish(Session::new().unwrap()).is_none());
        let session = Session::new().unwrap();
        fs::write(session.directory().join("0.part"), [0; 4096]).unwrap();
        assert!(finish(session).is_none());
    }

    #[test]
    fn a_block_whose_place_is_used_again_is_not_moved() {
        let session = Session::new().unwrap();
        write_part(&session, 0, &[thread_block(10, 1, 2, 0)]);
        let part = File::open(session.directory().join("0.part")).unwrap();
        let at = FILE_HEADER_BYTES as u64;
        let (now, _) = header_at(&part, at).unwrap().unwrap();
        let now = now.unwrap();
        let before = BlockHeader { sequence: 0, generation: 1, ..now };
        let mut moved = Vec::new();
        assert!(!move_block(&part, at, &before, &mut moved).unwrap());
        assert!(moved.is_empty());
        assert!(move_block(&part, at, &now, &mut moved).unwrap());
        assert_eq!(moved.len() % ALIGNMENT, 0);
    }
}
