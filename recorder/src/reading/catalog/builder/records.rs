//! Reads the records of blocks into a draft of each process.

use std::collections::{BTreeMap, BTreeSet};

use format::packed::{Operation, Piece, Unpacker};
use format::{EndCause, Event, OperationKind, Record, UNKNOWN_STATUS};

use crate::reading::catalog::first_use::FirstUses;
use crate::reading::catalog::flow_order::Uses;
use crate::reading::catalog::labels::{is_test, program_name, readable};
use crate::reading::catalog::observation::ObservationFacts;
use crate::reading::catalog::{Ended, Frame, Frames, Process, RunEnd};
use crate::reading::clock::Clock;
use crate::reading::metadata::{BlockPlaces, Metadata, Places};
use crate::reading::time::{Nanos, Ticks};

/// What the blocks of a process contain, as far as they have been read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) metadata: Metadata,
    pub(super) threads: BTreeMap<u32, ThreadDraft>,
    /// Ticks of the first and of the last event.
    pub(super) extent: Option<(Ticks, Ticks)>,
    /// With the time on the monotonic clock.
    pub(super) ended: Option<Ended>,
    pub(super) run_end: Option<RunEnd>,
    pub(super) observations: ObservationFacts,
    pub(super) first_uses: FirstUses,
    pub(super) uses: Uses,
    /// Ticks of the events by which the recording paused, or went on, and whether it paused; with
    /// their threads.
    pub(super) pauses: BTreeSet<(u32, u64, bool)>,
    pub(super) frames: Frames,
    /// When the last event was that a flight recorder has discarded, if that is recorded.
    pub(super) discarded_until: Option<Ticks>,
}

/// A thread, as far as its blocks have been read.
#[derive(Debug, Default)]
pub(super) struct ThreadDraft {
    /// Of its first event.
    pub(super) ticks: Option<Ticks>,
    /// Events dropped while its earlier blocks were written, and while its latest one was.
    pub(super) dropped: (u64, u64),
    /// The sequence number of its latest block, whether it was packed, and how many bytes of it were
    /// stored.
    pub(super) latest: Option<(u64, bool, usize)>,
}

impl Draft {
    /// Adds a function that a caller is in, if the event describes one.
    pub(super) fn add_frame(&mut self, event: &Event<'_>) {
        if let Event::CallerResolved { caller, line, file, function } = *event {
            let (file, function) = (file.to_owned(), function.to_owned());
            self.frames.entry(caller).or_default().push(Frame { file, line, function });
        }
    }

    /// From when on a flight recorder has discarded no event, if it has discarded any: at the latest
    /// from the first event on that is left of each thread that has lost some.
    pub(super) fn complete_from(&self, start: Ticks) -> Option<Ticks> {
        let threads = self.metadata.threads.iter();
        let forgotten = threads.filter(|(number, facts)| **number != 0 && facts.first_sequence > 0);
        let starts = forgotten.filter_map(|(number, _)| self.threads.get(number)?.ticks);
        self.discarded_until.or_else(|| starts.max_by_key(|ticks| ticks.since(start)))
    }
}
/// By code: whether it is that of an operation of which only the time matters here.
const ONLY_TIME_MATTERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut index = 0;
    while index < OperationKind::ALL.len() {
        table[OperationKind::ALL[index] as usize] = true;
        index += 1;
    }
    table[OperationKind::Spawn as usize] = false;
    table
};

/// The records of a block, while they are read.
pub(super) struct Records<'a> {
    pub(super) process: &'a mut Process,
    pub(super) draft: &'a mut Draft,
    pub(super) places: &'a mut Places,
    pub(super) thread: u32,
    pub(super) block: BlockPlaces,
    /// When the process began to record, as far as it is known.
    pub(super) start: Ticks,
    /// Ticks since the process's start of the first and the last operation that are not in the
    /// draft's extent yet; the wrong way round if there are none.
    pub(super) run: (i64, i64),
}

impl Records<'_> {
    pub(super) const NO_RUN: (i64, i64) = (i64::MAX, i64::MIN);

    /// Reads unpacked records; returns how many bytes of them can be read, and why not more.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> (usize, Option<format::Error>) {
        let mut at = 0;
        while at < bytes.len() {
            for words in bytes[at..].as_chunks::<24>().0 {
                let [first, second] = [0, 1].map(|at| u64::from_le_bytes(words.as_chunks().0[at]));
                let code = first as u8;
                if !ONLY_TIME_MATTERS[usize::from(code)] {
                    break;
                }
                self.operation(Ticks(first >> 8));
                self.draft.uses.add(self.thread, code, second as u32);
                at += 24;
            }
            if at == bytes.len() {
                break;
            }
            match format::decode(&bytes[at..]) {
                Ok(record) => {
                    self.record(&record);
                    at += record.length;
                }
                Err(error) => return (at, Some(error.at(at as u64))),
            }
        }
        (at, None)
    }

    /// Reads the records of a packed block.
    pub(super) fn packed(
        &mut self,
        content: &[u8],
        unpacker: &mut Unpacker,
    ) -> Result<(), format::Error> {
        unpacker.begin(content)?;
        // Few blocks have spawns, and to look for them takes time.
        let mut has_spawns = false;
        for shape in 0..unpacker.shapes() {
            let (code, endpoint, _) = unpacker.shape(shape as u16);
            has_spawns |= code == OperationKind::Spawn as u8;
            self.draft.uses.add(self.thread, code, endpoint);
        }
        let mut room = [Operation::default(); 128];
        while let Some(piece) = unpacker.next(content, &mut room)? {
            let count = match piece {
                Piece::Operations(count) => count,
                Piece::Record(record, _) => {
                    self.record(&record);
                    continue;
                }
            };
            for &Operation { time, detail, shape } in &room[..count] {
                self.operation(Ticks(time));
                if !has_spawns {
                    continue;
                }
                let (code, endpoint, site) = unpacker.shape(shape);
                if code == OperationKind::Spawn as u8 {
                    let kind = OperationKind::Spawn;
                    let event = Event::Operation { kind, endpoint, site, detail };
                    self.record(&Record { time, event, length: 24 });
                }
            }
        }
        Ok(())
    }

    /// Takes in an operation, which says nothing about anything else.
    #[inline]
    fn operation(&mut self, ticks: Ticks) {
        let ticks = ticks.since(self.start);
        self.run = (self.run.0.min(ticks), self.run.1.max(ticks));
    }

    /// Looks in the operations of the block for the first uses of what was made inside the standard
    /// library.
    pub(super) fn find_first_uses(&mut self, readable: &[u8], packed: Option<&Unpacker>) {
        let first_uses = &mut self.draft.first_uses;
        match packed {
            Some(unpacker) => first_uses.packed(self.thread, unpacker, &self.block, self.places),
            None => first_uses.raw(self.thread, readable, &self.block, self.places),
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        self.end_run();
        let process = &mut *self.process;
        match record.event {
            Event::ProcessStarted {
                pid,
                parent,
                ticks,
                monotonic_ns,
                wall_ns,
                executable,
                arguments,
            } => {
                (process.pid, process.parent, process.wall_ns) = (pid, parent, wall_ns);
                let file = program_name(executable);
                if !file.is_empty() {
                    process.name = readable(file).into_owned();
                    process.is_test = is_test(executable);
                }
                process.command = readable(arguments).into_owned();
                process.clock = Clock::new(Ticks(ticks), Nanos::new(monotonic_ns));
                self.start = Ticks(ticks);
                return self.extend(Ticks(record.time), Ticks(record.time));
            }
            Event::ProcessEnded { monotonic_ns, code, signal } => {
                let time = Nanos::new(monotonic_ns);
                let is_status_known = signal != UNKNOWN_STATUS;
                let signal = if is_status_known { signal } else { 0 };
                self.draft.ended = Some(Ended { time, code, signal, is_status_known });
            }
            Event::RunEnded { code, signal, cause, .. } => {
                let cause = EndCause::from_code(cause);
                self.draft.run_end = Some(RunEnd { code, signal, cause });
            }
            Event::Clock { monotonic_ns } => {
                process.clock.add(Ticks(record.time), Nanos::new(monotonic_ns));
            }
            Event::ThreadsCounted { .. } | Event::ThreadObserved { .. } => {
                self.draft.observations.add(&record.event);
            }
            Event::CallerResolved { .. } => self.draft.add_frame(&record.event),
            Event::Host { name } => process.host = readable(name).into_owned(),
            Event::Forgotten { .. } => {
                // The recording shows what follows the discarded blocks.
                self.draft.extent = None;
                process.is_truncated = true;
                if record.time > 0 {
                    self.draft.discarded_until = Some(Ticks(record.time));
                }
            }
            Event::Paused {} | Event::Resumed {} => {
                let paused = matches!(record.event, Event::Paused {});
                self.draft.pauses.insert((self.thread, record.time, paused));
            }
            _ => {}
        }
        let Draft { metadata, first_uses, .. } = &mut *self.draft;
        metadata.apply(self.thread, record, self.places, &mut self.block);
        first_uses.record(self.thread, &record.event, &self.block, self.places);
        // Thread 0 describes the process: its records are no events of the run.
        if self.thread != 0 {
            self.extend(Ticks(record.time), Ticks(record.time));
        }
    }

    /// Adds the operations since the last record to the extent.
    pub(super) fn end_run(&mut self) {
        if self.run != Self::NO_RUN && self.thread != 0 {
            let (first, last) = self.run;
            self.extend(Ticks::after(self.start, first), Ticks::after(self.start, last));
        }
        self.run = Self::NO_RUN;
    }

    fn extend(&mut self, first: Ticks, last: Ticks) {
        // Ticks wrap around.
        let order = |ticks: &Ticks| ticks.since(self.start);
        if let Some(thread) = self.draft.threads.get_mut(&self.thread) {
            thread.ticks = thread.ticks.into_iter().chain([first]).min_by_key(order);
        }
        let known = self.draft.extent.unwrap_or((first, last));
        let first = [known.0, first].into_iter().min_by_key(order);
        self.draft.extent = first.zip([known.1, last].into_iter().max_by_key(order));
    }
}
