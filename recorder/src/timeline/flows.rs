//! Arrows that form a chain: from a message's send to its receive, from there to the sends that
//! are because of it, and so on.
//!
//! A viewer connects all slices that have one flow's number, in the order of time. So the first
//! message that a thread sends because of another goes on with that one's flow, which costs
//! nothing. Each further one has a flow of its own, and besides an arrow that leads to its send
//! from the receive: that this would be needed was not known when the receive was written.

use rustc_hash::FxHashMap;

use crate::timeline::item::{Arrow, Category, Slice};

/// Finds the flows of messages, slice by slice.
#[derive(Debug)]
pub(crate) struct Chains {
    /// The flows of messages that are on their way, where they do not begin with them.
    flows: FxHashMap<u64, u64>,
    /// What each thread has received last, until something goes on from there: when, and its flow.
    received: Vec<Option<(u64, u64)>>,
}

/// What a viewer is to be told of a slice that sends or receives a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The number of its flow.
    pub(crate) flow: u64,
    /// Whether the flow begins with it.
    pub(crate) begins: bool,
    /// Where on its thread another arrow begins that leads to it.
    pub(crate) from: Option<u64>,
}

impl Chains {
    /// Of so many threads.
    pub(crate) fn new(threads: usize) -> Self {
        Chains { flows: FxHashMap::default(), received: vec![None; threads] }
    }

    /// `None` if the slice neither sends nor receives a message.
    #[inline]
    pub(crate) fn link(&mut self, slice: &Slice) -> Option<Link> {
        let received = &mut self.received[slice.thread];
        match (slice.category, &slice.arrow) {
            (Category::Channel, Some(Arrow::From(arrows))) => {
                let arrow = arrows.start;
                let goes_on = received.take_if(|(time, _)| Some(*time) == slice.cause);
                Some(match goes_on {
                    Some((_, flow)) => {
                        self.flows.insert(arrow, flow);
                        Link { flow, begins: false, from: None }
                    }
                    None => Link { flow: arrow, begins: true, from: slice.cause },
                })
            }
            (Category::Channel, Some(Arrow::To(arrow))) => {
                let flow = self.flows.remove(arrow).unwrap_or(*arrow);
                *received = Some((slice.begin, flow));
                Some(Link { flow, begins: false, from: None })
            }
            _ => None,
        }
    }
}
