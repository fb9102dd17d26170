//! Statistics of each channel, sender, thread and primitive.

pub mod channels;
pub mod primitives;
pub mod senders;
pub mod threads;
