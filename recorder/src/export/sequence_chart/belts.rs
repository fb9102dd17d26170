//! How many messages are queued in the channels of a chart.

use rustc_hash::{FxHashMap, FxHashSet};

use super::builder::{Event, Role};
use super::chart::{Anchor, Belt, LossPlace};
use super::rows::Rows;
use crate::reading::catalog::{Catalog, ChannelIndex};

/// The channels in which messages are queued. Where there is never more than one and no bound, the
/// arrows show it as well.
///
/// A receive is drawn where its message was sent if the receiver was waiting for it. So the message
/// is not counted from there on, although it was in the channel until the receiver took it.
pub(super) fn belts(
    catalog: &Catalog,
    channels: &[ChannelIndex],
    events: &[Event],
    rows: &Rows,
    losses: &FxHashMap<u64, LossPlace>,
) -> Vec<Belt> {
    let mut belts: FxHashMap<ChannelIndex, Belt> = FxHashMap::default();
    // Number of messages that are handed over and still in the channel.
    let mut handed_over: FxHashMap<ChannelIndex, u64> = FxHashMap::default();
    let received: FxHashSet<usize> = rows.handed_over.values().copied().collect();
    // The channels with a message of which the chart shows that it was queued.
    let mut queued: FxHashSet<ChannelIndex> = FxHashSet::default();
    let mut lost: Vec<(ChannelIndex, Anchor)> = Vec::new();
    for (index, (event, &at)) in events.iter().zip(&rows.anchors).enumerate() {
        let (Some(channel), Some(depth)) = (event.slice.channel(), event.slice.depth) else {
            continue;
        };
        let others = handed_over.entry(channel).or_default();
        if received.contains(&index) {
            *others = others.saturating_sub(1);
            continue;
        }
        match event.role {
            Role::Send { flow } => {
                *others += u64::from(rows.handed_over.contains_key(&index));
                if let Some(&place) = losses.get(&flow) {
                    queued.insert(channel);
                    if let LossPlace::Dropped(at) = place {
                        lost.push((channel, at));
                    }
                }
            }
            _ => {
                queued.insert(channel);
            }
        }
        let depth = depth.saturating_sub(*others);
        let belt = belts.entry(channel).or_insert(Belt { channel, steps: Vec::new(), max: 0 });
        belt.steps.push((at, depth));
        belt.max = belt.max.max(depth);
    }
    for (channel, at) in lost {
        if let Some(belt) = belts.get_mut(&channel)
            && belt.steps.last().is_some_and(|(last, depth)| last.row < at.row && *depth > 0)
        {
            belt.steps.push((at, 0));
        }
    }
    belts.values_mut().for_each(|belt| belt.steps.sort_by_key(|(at, _)| at.row));
    let is_worth_showing = |belt: &Belt| {
        let has_bound = catalog.channels[belt.channel].bound.is_some_and(|bound| bound > 0);
        queued.contains(&belt.channel) && belt.max > if has_bound { 0 } else { 1 }
    };
    let belts = channels.iter().filter_map(|channel| belts.remove(channel));
    belts.filter(is_worth_showing).collect()
}
