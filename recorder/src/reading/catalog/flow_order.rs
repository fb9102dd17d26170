//! The order in which pictures and reports show threads and channels: as messages flow, from source
//! to sink.
//!
//! A thread stands before the threads that receive its messages. In a circle, as of requests and
//! replies, those that send before they receive are first. Otherwise threads stand in the order in
//! which they were spawned. A channel stands where its first sender does.
//!
//! The graph of threads and channels has an edge from each thread to the channels that it sends on,
//! and from each channel to the threads that receive from it. Circles are opened, and the reverse
//! postorder of a depth-first search is then a [topological
//! order](https://en.wikipedia.org/wiki/Topological_sorting#Depth-first_search).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use format::{OperationKind, Subject};
use typed_index_collections::TiVec;

use super::{Catalog, ChannelIndex, ProcessIndex, Side, ThreadIndex};

/// Threads and channels in the order in which messages flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowOrder {
    /// Threads in this order. Those of one process follow each other.
    pub threads: Vec<ThreadIndex>,
    /// Channels in this order. Those of one process follow each other.
    pub channels: Vec<ChannelIndex>,
    thread_ranks: TiVec<ThreadIndex, usize>,
    channel_ranks: TiVec<ChannelIndex, usize>,
}

impl FlowOrder {
    /// The position of a thread in [`threads`](Self::threads).
    pub fn thread_rank(&self, thread: ThreadIndex) -> usize {
        self.thread_ranks[thread]
    }

    /// The position of a channel in [`channels`](Self::channels).
    pub fn channel_rank(&self, channel: ChannelIndex) -> usize {
        self.channel_ranks[channel]
    }

    /// The order of the threads and channels of a catalog.
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut spawned: Vec<_> = catalog.threads.keys().collect();
        spawned.sort_by_key(|&it| (catalog.threads[it].process, catalog.threads[it].number));
        let nodes: TiVec<ThreadIndex, _> = ranks(&spawned).into();
        // Nothing flows through a channel without a sender.
        let senders = catalog.uses.iter().map(|&(_, endpoint)| &catalog.endpoints[endpoint]);
        let senders = senders.filter(|endpoint| endpoint.side == Side::Sender);
        let is_sent_on: HashSet<_> = senders.map(|endpoint| endpoint.channel).collect();

        let mut graph = Graph::new(spawned.len() + catalog.channels.len());
        for (&thread, &endpoint) in &catalog.first_used {
            graph.is_first[nodes[thread]] = catalog.endpoints[endpoint].side == Side::Sender;
        }
        for &(thread, endpoint) in &catalog.uses {
            let endpoint = &catalog.endpoints[endpoint];
            let channel = spawned.len() + usize::from(endpoint.channel);
            match endpoint.side {
                Side::Sender => graph.add(nodes[thread], channel),
                Side::Receiver if is_sent_on.contains(&endpoint.channel) => {
                    graph.add(channel, nodes[thread]);
                }
                Side::Receiver => {}
            }
        }
        let order = graph.order(spawned.len()).into_iter();
        let mut threads: Vec<_> = order.filter_map(|node| spawned.get(node).copied()).collect();
        threads.sort_by_key(|&thread| catalog.threads[thread].process);
        let thread_ranks: TiVec<ThreadIndex, _> = ranks(&threads).into();

        // The lowest ranks of senders and receivers.
        let mut ends: TiVec<ChannelIndex, _> =
            vec![(usize::MAX, usize::MAX); catalog.channels.len()].into();
        for &(thread, endpoint) in &catalog.uses {
            let endpoint = &catalog.endpoints[endpoint];
            let (sender, receiver) = &mut ends[endpoint.channel];
            let end = match endpoint.side {
                Side::Sender => sender,
                Side::Receiver => receiver,
            };
            *end = (*end).min(thread_ranks[thread]);
        }
        let mut channels: Vec<_> = catalog.channels.keys().collect();
        channels.sort_by_key(|&channel| {
            let (sender, receiver) = ends[channel];
            let first = if sender == usize::MAX { receiver } else { sender };
            (catalog.channels[channel].process, first, receiver, channel)
        });
        let channel_ranks = ranks(&channels).into();
        FlowOrder { threads, channels, thread_ranks, channel_ranks }
    }
}

/// The position of each index.
fn ranks<I: Copy>(order: &[I]) -> Vec<usize>
where
    usize: From<I>,
{
    let mut ranks = vec![0; order.len()];
    for (rank, &index) in order.iter().enumerate() {
        ranks[usize::from(index)] = rank;
    }
    ranks
}

/// Which threads of a process operate on which endpoints.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// The numbers of threads and endpoints.
    all: BTreeSet<(u32, u32)>,
    /// By number of thread: the endpoint that it has operated on first.
    first: BTreeMap<u32, u32>,
    /// The latest of them, which most operations repeat.
    latest: Option<(u32, u32)>,
}

/// By code: whether it is that of an operation on a channel.
const IS_ON_CHANNEL: [bool; 256] = {
    let mut table = [false; 256];
    let mut index = 0;
    while index < OperationKind::ALL.len() {
        let kind = OperationKind::ALL[index];
        table[kind as usize] = matches!(kind.call().subject(), Subject::Endpoint);
        index += 1;
    }
    table
};

impl Uses {
    /// Takes in an operation with this code. Those of a thread come in their order.
    #[inline]
    pub(super) fn add(&mut self, thread: u32, code: u8, endpoint: u32) {
        if IS_ON_CHANNEL[usize::from(code)] && self.latest != Some((thread, endpoint)) {
            self.latest = Some((thread, endpoint));
            self.all.insert((thread, endpoint));
            self.first.entry(thread).or_insert(endpoint);
        }
    }

    /// Adds the uses of a process to the catalog, which has its threads and endpoints.
    pub(super) fn extend(&self, process: ProcessIndex, catalog: &mut Catalog) {
        let numbers = &catalog.numbers[process];
        let indices = |(&thread, &endpoint): (&u32, &u32)| {
            numbers.threads.get(thread).zip(numbers.endpoints.get(endpoint))
        };
        let all = self.all.iter().map(|(thread, endpoint)| (thread, endpoint));
        catalog.uses.extend(all.filter_map(indices));
        catalog.first_used.extend(self.first.iter().filter_map(indices));
    }
}

/// A directed graph. Nodes are numbers.
#[derive(Debug)]
struct Graph {
    successors: Vec<Vec<usize>>,
    /// Whether a node is one of the first of its circles.
    is_first: Vec<bool>,
}

impl Graph {
    fn new(nodes: usize) -> Self {
        Graph { successors: vec![Vec::new(); nodes], is_first: vec![false; nodes] }
    }

    fn add(&mut self, from: usize, to: usize) {
        self.successors[from].push(to);
    }

    /// The first nodes, up to `roots`, and those that can be reached from them: each before its
    /// successors, except in circles, and otherwise in the order of their numbers.
    fn order(mut self, roots: usize) -> Vec<usize> {
        for successors in &mut self.successors {
            successors.sort_unstable();
            successors.dedup();
        }
        self.open_circles(roots);
        // From sources alone, so that what follows from one of them stays together; and backwards,
        // because the result is reversed, too.
        let mut is_source = vec![true; self.successors.len()];
        self.successors.iter().flatten().for_each(|&node| is_source[node] = false);
        let sources: Vec<_> = (0..roots).rev().filter(|&node| is_source[node]).collect();
        for successors in &mut self.successors {
            successors.reverse();
        }
        let mut order = self.search(sources).postorder;
        order.reverse();
        order
    }

    /// Removes edges until there are no circles: those that lead to the first nodes of circles, and
    /// those that lead back in a search.
    fn open_circles(&mut self, roots: usize) {
        let components = self.components(roots);
        for (from, successors) in self.successors.iter_mut().enumerate() {
            successors.retain(|&to| !self.is_first[to] || components[from] != components[to]);
        }
        for (from, to) in self.search(0..roots).closing {
            self.successors[from].retain(|&successor| successor != to);
        }
    }

    /// The strongly connected component of each node: the number of one of its nodes. This is
    /// [Kosaraju's algorithm](https://en.wikipedia.org/wiki/Kosaraju%27s_algorithm).
    fn components(&self, roots: usize) -> Vec<usize> {
        let mut transposed = Graph::new(self.successors.len());
        for (from, successors) in self.successors.iter().enumerate() {
            successors.iter().for_each(|&to| transposed.add(to, from));
        }
        let mut order = self.search(0..roots).postorder;
        order.reverse();
        transposed.search(order).roots
    }

    /// Searches depth-first from each of the roots.
    fn search(&self, roots: impl IntoIterator<Item = usize>) -> Search {
        let nodes = self.successors.len();
        let mut search =
            Search { postorder: Vec::new(), roots: vec![usize::MAX; nodes], closing: Vec::new() };
        let mut is_open = vec![false; nodes];
        // Nodes, and how many of their successors have been visited. A chain of threads can be
        // longer than a recursion may be deep.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for root in roots {
            let mut next = root;
            loop {
                if search.roots[next] == usize::MAX {
                    search.roots[next] = root;
                    is_open[next] = true;
                    open.push((next, 0));
                } else if is_open[next]
                    && let Some(&(from, _)) = open.last()
                {
                    search.closing.push((from, next));
                }
                while let Some(&(node, visited)) = open.last()
                    && visited == self.successors[node].len()
                {
                    search.postorder.push(node);
                    is_open[node] = false;
                    open.pop();
                }
                let Some((node, visited)) = open.last_mut() else { break };
                next = self.successors[*node][*visited];
                *visited += 1;
            }
        }
        search
    }
}

/// The result of a depth-first search.
#[derive(Debug)]
struct Search {
    /// The nodes that were found, each after its successors.
    postorder: Vec<usize>,
    /// The root from which each node was found.
    roots: Vec<usize>,
    /// The edges that lead back to a node from which they were found.
    closing: Vec<(usize, usize)>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
        let mut graph = Graph::new(nodes);
        edges.iter().for_each(|&(from, to)| graph.add(from, to));
        graph.order(nodes)
    }

    #[test]
    fn sources_are_before_sinks() {
        // A pipeline that ends in the first thread.
        assert_eq!(order(3, &[(1, 2), (2, 0)]), [1, 2, 0]);
        // Several producers, and several workers.
        assert_eq!(order(4, &[(1, 0), (2, 0), (3, 0)]), [1, 2, 3, 0]);
        assert_eq!(order(5, &[(0, 2), (0, 3), (0, 4), (2, 1), (3, 1), (4, 1)]), [0, 2, 3, 4, 1]);
        // Two pipelines, one after the other.
        assert_eq!(order(5, &[(0, 3), (3, 4), (1, 2)]), [0, 3, 4, 1, 2]);
    }

    #[test]
    fn a_circle_begins_with_its_first_thread() {
        assert_eq!(order(4, &[(0, 3), (3, 2), (2, 1), (1, 0)]), [0, 3, 2, 1]);
        assert_eq!(order(2, &[(0, 1), (1, 0), (1, 1)]), [0, 1]);
        // A circle that sends to the first thread is before it.
        assert_eq!(order(3, &[(1, 2), (2, 1), (2, 0)]), [1, 2, 0]);
    }

    #[test]
    fn a_circle_begins_with_the_threads_that_send_first() {
        // Two clients of a server, and another one outside of the circle.
        let edges = [(0, 1), (0, 2), (1, 0), (2, 0), (3, 0)];
        let mut graph = Graph::new(4);
        edges.iter().for_each(|&(from, to)| graph.add(from, to));
        graph.is_first = vec![false, true, true, true];
        assert_eq!(graph.order(4), [1, 2, 3, 0]);
    }

    #[test]
    fn a_chain_may_be_long() {
        const LENGTH: usize = 1_000_000;
        let edges: Vec<_> = (1..LENGTH).map(|node| (node, node - 1)).collect();
        assert!(order(LENGTH, &edges).into_iter().eq((0..LENGTH).rev()));
    }

    proptest! {
        #[test]
        fn an_edge_leads_back_only_in_a_circle(
            edges in prop::collection::vec((0..12_usize, 0..12_usize), 0..30),
        ) {
            let order = order(12, &edges);
            let mut nodes = order.clone();
            nodes.sort_unstable();
            prop_assert!(nodes.into_iter().eq(0..12));
            let reaches = |from: usize, to: usize| {
                let (mut reached, mut open) = ([false; 12], vec![from]);
                while let Some(node) = open.pop() {
                    if !std::mem::replace(&mut reached[node], true) {
                        open.extend(edges.iter().filter(|edge| edge.0 == node).map(|edge| edge.1));
                    }
                }
                reached[to]
            };
            let rank = |node| order.iter().position(|&other| other == node);
            for &(from, to) in &edges {
                prop_assert!(rank(from) < rank(to) || reaches(to, from), "{from} {to} {order:?}");
            }
        }
    }
}
