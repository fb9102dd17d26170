//! `std::sync`, with [`mpsc`] recorded and everything else re-exported.

pub mod mpsc;

#[doc(no_inline)]
pub use std::sync::*;
