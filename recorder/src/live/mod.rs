//! A run while it goes on.
//!
//! A [`Follower`] reads what is new in the recording and replays it, in a thread of its own: neither
//! the program nor the loop that collects its blocks waits for it. Its listener is any
//! [`LiveListener`]. The one here collects [`Figures`], of which a [`Snapshot`] is taken several
//! times a second while clients request them. The [`Hub`] of a run answers through a socket that only
//! the user can reach, and [`metrics`] gives them to Prometheus.

pub mod figures;
mod findings;
mod follower;
mod hub;
pub mod metrics;
pub mod protocol;

pub use figures::{Figures, Snapshot};
pub(crate) use findings::retain_present;
pub use follower::{Follower, Keep, LiveListener, View};
pub use hub::Hub;
