//! Chains of flows: from a message's send to its receive, from there to the sends that it caused,
//! and so on.
//!
//! A viewer connects all slices with the same flow number, in the order of time. So the first
//! message that a thread sends because of another continues the flow of that message, at no cost.
//! Each further message starts a flow of its own, and an extra flow leads from the receive to its
//! send: when the receive was written, it was not known that one would be needed.

use rustc_hash::FxHashMap;
use typed_index_collections::TiVec;

use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ThreadIndex};
use crate::timeline::item::{Slice, Transfer};

/// Finds the flows of messages, slice by slice.
#[derive(Debug)]
pub(crate) struct FlowChains {
    /// The flows that messages in flight continue, by the messages' own flows.
    continued: FxHashMap<u64, u64>,
    /// The time and the flow of each thread's last receive, until a send continues that flow.
    received: TiVec<ThreadIndex, Option<(Nanos, u64)>>,
}

/// The flows of a slice that sends or receives a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainLink {
    /// The number of the flow that leads through the slice.
    pub(crate) flow: u64,
    /// Whether that flow starts at the slice.
    pub(crate) is_start: bool,
    /// The start of an extra flow that leads to the slice: the time of a receive of its thread.
    pub(crate) extra_from: Option<Nanos>,
}

impl FlowChains {
    /// The chains of a run with this catalog, before its first slice.
    pub(crate) fn new(catalog: &Catalog) -> Self {
        FlowChains {
            continued: FxHashMap::default(),
            received: catalog.threads.iter().map(|_| None).collect(),
        }
    }

    /// Returns the flows of the next slice; `None` if it neither sends nor receives a message.
    #[inline]
    pub(crate) fn link(&mut self, slice: &Slice) -> Option<ChainLink> {
        let transfer = slice.transfer()?;
        let received = &mut self.received[slice.thread];
        let link = match transfer {
            Transfer::Sent(own) => match received.take_if(|(time, _)| Some(*time) == slice.cause) {
                Some((_, flow)) => {
                    self.continued.insert(own, flow);
                    ChainLink { flow, is_start: false, extra_from: None }
                }
                None => ChainLink { flow: own, is_start: true, extra_from: slice.cause },
            },
            Transfer::Received(own) => {
                let flow = match self.continued.is_empty() {
                    true => own,
                    false => self.continued.remove(&own).unwrap_or(own),
                };
                *received = Some((slice.begin, flow));
                ChainLink { flow, is_start: false, extra_from: None }
            }
            Transfer::ReceivedUnknown => return None,
        };
        Some(link)
    }
}

#[cfg(test)]
mod tests {
    use format::Call;

    use super::*;
    use crate::timeline::item::{Ending, Flow, SliceKind};

    fn slice(thread: usize, time: u64, call: Call, flow: Flow, cause: Option<u64>) -> Slice {
        let kind = SliceKind::Operation { call, ending: Ending::Transferred };
        let slice = Slice::instant(ThreadIndex::from(thread), Nanos::new(time), kind);
        Slice { flow: Some(flow), cause: cause.map(Nanos::new), ..slice }
    }

    fn send(thread: usize, time: u64, flow: u64, cause: Option<u64>) -> Slice {
        slice(thread, time, Call::Send, Flow::Out(flow..flow + 1), cause)
    }

    fn receive(thread: usize, time: u64, flow: u64) -> Slice {
        slice(thread, time, Call::Recv, Flow::In(flow), None)
    }

    #[test]
    fn the_first_consequence_continues_the_flow_and_the_second_starts_one() {
        let mut chains =
            FlowChains { continued: FxHashMap::default(), received: vec![None; 3].into() };
        let mut link = |slice: &Slice| {
            let link = chains.link(slice).expect("the slice sends or receives a message");
            (link.flow, link.is_start, link.extra_from.map(Nanos::get))
        };
        assert_eq!(link(&send(0, 10, 1, None)), (1, true, None));
        assert_eq!(link(&receive(1, 20, 1)), (1, false, None));
        assert_eq!(link(&send(1, 30, 2, Some(20))), (1, false, None));
        assert_eq!(link(&send(1, 40, 3, Some(20))), (3, true, Some(20)));
        assert_eq!(link(&receive(2, 50, 2)), (1, false, None));
        assert_eq!(link(&receive(2, 60, 3)), (3, false, None));
        assert!(chains.continued.is_empty());
        let unlock = slice(0, 70, Call::Unlock, Flow::Out(4..6), None);
        assert_eq!(chains.link(&unlock), None);
    }
}
