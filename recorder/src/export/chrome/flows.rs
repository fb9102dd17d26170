//! Flow events: the ends of arrows.

use std::io;

use super::{Chrome, Track};
use crate::export::ByteSink;
use crate::reading::Nanos;
use crate::reading::catalog::ThreadIndex;
use crate::timeline::flow_chains::ChainLink;
use crate::timeline::item::{Category, Flow, Slice};

impl<S: ByteSink> Chrome<'_, S> {
    /// Writes the ends of flows that a slice has.
    #[inline]
    pub(super) fn flows(&mut self, slice: &Slice) -> io::Result<()> {
        let Some(flow) = &slice.flow else { return Ok(()) };
        let (thread, time) = (slice.thread, slice.begin);
        if let Some(ChainLink { flow, is_start, extra_from }) = self.chains.link(slice) {
            let phase = if is_start { b's' } else { b't' };
            self.flow(phase, thread, time, MESSAGE, flow)?;
            if let Some(from) = extra_from {
                self.flow(b's', thread, from, CHAIN, flow)?;
                self.flow(b'f', thread, time, CHAIN, flow)?;
            }
            return Ok(());
        }
        // Both ends of a flow have one category.
        let name = match slice.category() {
            Category::Channel => MESSAGE,
            Category::Primitive => PRIMITIVE,
            Category::Thread | Category::Span | Category::Log => THREAD,
        };
        match flow {
            Flow::Out(ids) => {
                ids.clone().try_for_each(|id| self.flow(b's', thread, time, name, id))
            }
            Flow::In(id) => self.flow(b'f', thread, time, name, *id),
        }
    }

    /// Writes one end of a flow. `name` is one of the constants below.
    #[inline]
    fn flow(
        &mut self,
        phase: u8,
        thread: ThreadIndex,
        time: Nanos,
        name: &'static str,
        id: u64,
    ) -> io::Result<()> {
        self.begin(phase, Track::Thread(thread), time)?;
        self.json.raw(name);
        self.json.number(id);
        // A flow ends in the slice that encloses its end.
        self.json.raw(if phase == b'f' { ",\"bp\":\"e\"}" } else { "}" });
        Ok(())
    }
}

const MESSAGE: &str = ",\"cat\":\"message\",\"name\":\"message\",\"id\":";
const CHAIN: &str = ",\"cat\":\"chain\",\"name\":\"chain\",\"id\":";
const PRIMITIVE: &str = ",\"cat\":\"primitive\",\"name\":\"primitive\",\"id\":";
const THREAD: &str = ",\"cat\":\"thread\",\"name\":\"thread\",\"id\":";
