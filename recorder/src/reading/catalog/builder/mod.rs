//! The first pass over a recording: reads every record once and adds them to the catalog.
//!
//! [`records`] reads the records of blocks into a draft of each process, [`entities`] adds the threads,
//! channels, … of the drafts to the catalog.

use std::collections::{HashMap, HashSet};

use format::BlockHeader;
use format::packed::Unpacker;
use typed_index_collections::TiVec;

use super::labels::{Labels, track};
use super::{
    Catalog, Ended, FlowOrder, Numbers, Pauses, Process, ProcessIndex, RunEnd, ThreadIndex,
};
use crate::reading::alignment::{Alignment, align, refuse_duplicates};
use crate::reading::blocks::Block;
use crate::reading::error::Result;
use crate::reading::metadata::{BlockPlaces, Places};
use crate::reading::source::Input;
use crate::reading::time::{Nanos, Ticks};
use crate::reading::{Damage, ResolveCallers};

mod entities;
mod records;

use records::{Draft, Records};

/// Adds the records of blocks to the catalog.
#[derive(Debug, Default)]
pub(in crate::reading) struct CatalogBuilder {
    drafts: TiVec<ProcessIndex, Draft>,
    by_number: HashMap<u32, ProcessIndex>,
    pub(in crate::reading) places: Places,
    unpacker: Unpacker,
}

impl CatalogBuilder {
    /// Whether the block has not been read yet, or has grown since.
    pub(in crate::reading) fn is_new(&self, block: &Block) -> bool {
        let process = self.by_number.get(&block.process);
        let thread = process.and_then(|&it| self.drafts[it].threads.get(&block.header.thread));
        let latest = thread.and_then(|thread| thread.latest);
        // A block is packed when it is complete. It is smaller then.
        let state = (block.header.sequence, block.header.packed, block.stored());
        latest.is_none_or(|latest| latest < state)
    }

    /// The thread that wrote a block, if it is in the catalog.
    pub(in crate::reading) fn thread(
        &self,
        catalog: &Catalog,
        block: &Block,
    ) -> Option<ThreadIndex> {
        let process = *self.by_number.get(&block.process)?;
        catalog.thread_with_number(process, block.header.thread)
    }

    /// Reads a block, after the earlier ones of its thread. Reading one again that has grown does no
    /// harm. Returns how many bytes of its records can be read, if it is not packed, and its damage.
    pub(in crate::reading) fn read(
        &mut self,
        catalog: &mut Catalog,
        block: &Block,
        content: &[u8],
    ) -> (usize, Vec<Damage>) {
        let index = self.process(catalog, block);
        let (process, draft) = (&mut catalog.processes[index], &mut self.drafts[index]);
        let BlockHeader { thread: number, sequence, dropped, packed, .. } = block.header;
        let first = draft.metadata.threads.get(&number).map_or(0, |it| it.first_sequence);
        let thread = draft.threads.entry(number).or_default();
        let expected = match thread.latest {
            Some((latest, ..)) if latest == sequence => latest,
            Some((latest, ..)) => {
                thread.dropped = (thread.dropped.0.saturating_add(thread.dropped.1), 0);
                latest + 1
            }
            None => first,
        };
        thread.latest = Some((sequence, packed, block.stored()));
        thread.dropped.1 = dropped;
        let mut records = Records {
            places: &mut self.places,
            start: process.clock.start(),
            process,
            draft,
            thread: number,
            block: BlockPlaces::new(block.process),
            run: Records::NO_RUN,
        };
        let (readable, error) = if packed {
            (0, records.packed(content, &mut self.unpacker).err())
        } else {
            let (readable, error) = records.raw(content);
            let end = content.len();
            let cut =
                (end < block.stored()).then_some(format::Error::Truncated { offset: end as u64 });
            (readable, error.or(cut))
        };
        records.end_run();
        if records.draft.first_uses.is_looking() {
            records.find_first_uses(&content[..readable], packed.then_some(&self.unpacker));
        }
        let errors = [block.verify(content).err(), error.map(|error| error.at(block.offset))];
        let mut damage: Vec<_> = errors.into_iter().flatten().map(Damage::Unreadable).collect();
        if let Some(count @ 1..) = sequence.checked_sub(expected) {
            damage.push(Damage::MissingBlocks { of: self.owner(catalog, index, number), count });
        }
        (readable, damage)
    }

    /// `thread "main"`
    fn owner(&self, catalog: &Catalog, process: ProcessIndex, thread: u32) -> String {
        match self.drafts[process].metadata.threads.get(&thread).map(|facts| &*facts.name) {
            _ if thread == 0 => format!("process {:?}", catalog.processes[process].name),
            Some(name) if !name.is_empty() => format!("thread {name:?}"),
            _ => format!("thread {thread}"),
        }
    }

    fn process(&mut self, catalog: &mut Catalog, block: &Block) -> ProcessIndex {
        let number = block.process;
        *self.by_number.entry(number).or_insert_with(|| {
            self.drafts.push(Draft::default());
            catalog.processes.push_and_get_key(Process {
                number,
                recording: block.input,
                name: format!("process {number}"),
                ..Process::default()
            })
        })
    }

    /// Adds everything that has been read to the catalog. What is in it already keeps its index.
    /// `resolve` finds the callers whose places are not known. Returns how the clocks were put on one
    /// if there are several inputs.
    ///
    /// # Errors
    /// One run is in two of the recordings.
    pub(in crate::reading) fn extend(
        &mut self,
        catalog: &mut Catalog,
        inputs: &[Input],
        resolve: Option<&mut ResolveCallers<'_>>,
    ) -> Result<Option<Alignment>> {
        extend_processes(catalog);
        let alignment = match inputs {
            [] | [_] => None,
            _ => Some(self.align(catalog, inputs)?),
        };
        self.extend_times(catalog);
        let known = catalog.places.len();
        catalog.places.extend(self.places.list.iter().skip(known).cloned());
        self.find_calls(catalog);
        if let Some(resolve) = resolve {
            self.resolve_callers(catalog, resolve);
        }
        self.extend_threads(catalog);
        self.extend_observations(catalog);
        self.extend_channels(catalog);
        self.extend_endpoints(catalog);
        self.extend_uses(catalog);
        catalog.flow_order = FlowOrder::of(catalog);
        self.extend_primitives(catalog);
        self.extend_callsites_and_tasks(catalog);
        Ok(alignment)
    }

    fn find_calls(&self, catalog: &mut Catalog) {
        let frames = catalog.processes.iter().zip(&self.drafts);
        let frames = frames.map(|(process, draft)| (process.number, &draft.frames)).collect();
        catalog.find_calls(&frames);
    }

    /// Finds the callers whose places are not known yet. Each is looked for once.
    fn resolve_callers(&mut self, catalog: &mut Catalog, resolve: &mut ResolveCallers<'_>) {
        let mut has_any = false;
        for (process, draft) in catalog.processes.iter().zip(&mut self.drafts) {
            let callers = catalog.unresolved_callers(process.number);
            if callers.is_empty() {
                continue;
            }
            has_any = true;
            let records = resolve(process.number, &callers);
            for caller in callers {
                draft.frames.entry(caller).or_default();
            }
            let mut rest = &*records;
            while let Ok(record) = format::decode(rest) {
                rest = &rest[record.length..];
                draft.add_frame(&record.event);
            }
        }
        if has_any {
            self.find_calls(catalog);
        }
    }

    /// Puts the clocks of several recordings on one.
    fn align(&mut self, catalog: &mut Catalog, inputs: &[Input]) -> Result<Alignment> {
        let names: Vec<_> = inputs.iter().map(Input::name).collect();
        refuse_duplicates(&names, &catalog.processes)?;
        let mut starts: Vec<Option<Nanos>> = vec![None; inputs.len()];
        for (process, draft) in catalog.processes.iter().zip(&self.drafts) {
            let first = draft.extent.map(|(first, _)| process.clock.nanoseconds(first));
            let start = &mut starts[process.recording];
            *start = (*start).into_iter().chain(first).min();
        }
        let (shifts, alignment) = align(&names, &catalog.processes, &starts);
        for (process, draft) in catalog.processes.iter_mut().zip(&mut self.drafts) {
            let shift = shifts[process.recording];
            process.clock.shift(shift);
            if let Some(ended) = &mut draft.ended {
                ended.time += shift;
            }
            draft.observations.shift(shift);
        }
        Ok(alignment)
    }

    /// Sets the trace's start, and the times at which the processes and their recordings end.
    fn extend_times(&self, catalog: &mut Catalog) {
        let extents = catalog.processes.iter().zip(&self.drafts).filter_map(|(process, draft)| {
            let (first, _) = draft.extent?;
            Some(process.clock.nanoseconds(first))
        });
        catalog.origin = catalog.origin.or(extents.min());
        let origin = catalog.origin();
        let mut ends: HashMap<usize, Nanos> = HashMap::new();
        let mut run_ends: HashMap<usize, RunEnd> = HashMap::new();
        for (process, draft) in catalog.processes.iter_mut().zip(&self.drafts) {
            let end = ends.entry(process.recording).or_default();
            if let Some(run_end) = draft.run_end {
                run_ends.insert(process.recording, run_end);
            }
            if let Some((_, last)) = draft.extent {
                *end = process.clock.nanoseconds(last).since(origin).max(*end);
            }
            if let Some(ended) = draft.ended {
                let time = ended.time.min(Nanos::LATEST).since(origin);
                *end = time.max(*end);
                process.ended = Some(Ended { time, ..ended });
            }
        }
        let complete_from = catalog.processes.iter().zip(&self.drafts);
        let complete_from = complete_from.filter_map(|(process, draft)| {
            let clock = &process.clock;
            draft.complete_from(clock.start()).map(|ticks| clock.nanoseconds(ticks))
        });
        let complete_from = complete_from.max().unwrap_or_default().since(origin);
        catalog.end = ends.values().copied().max().unwrap_or_default();
        let complete_from = complete_from.min(catalog.end);
        catalog.complete_from = complete_from;
        for (process, draft) in catalog.processes.iter_mut().zip(&self.drafts) {
            process.recorded_until = ends[&process.recording];
            process.run_end = run_ends.get(&process.recording).copied();
            let time = |ticks| process.clock.nanoseconds(Ticks(ticks)).since(origin);
            let pauses = draft.pauses.iter().map(|&(_, ticks, paused)| (time(ticks), paused));
            let mut pauses: Vec<_> = pauses.collect();
            pauses.sort_unstable();
            let end = process.ended.map_or(process.recorded_until, |ended| ended.time);
            let complete_from = process.is_truncated.then_some(complete_from);
            process.pauses = Pauses::new(pauses, complete_from, end);
        }
    }
}

fn extend_processes(catalog: &mut Catalog) {
    let known = catalog.numbers.len();
    let tracks = catalog.processes.iter().take(known).map(|process| process.track);
    let mut tracks: HashSet<u64> = tracks.collect();
    for process in catalog.processes.iter_mut().skip(known) {
        process.track = track(process.pid.into(), process.number, &mut tracks);
        catalog.numbers.push(Numbers::default());
        catalog.labels.push(Labels::default());
    }
    for process in &mut catalog.processes {
        process.clock.settle();
    }
}
