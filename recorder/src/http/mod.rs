//! The part of HTTP that the recorder's own servers need: one request and one response for each
//! connection.

pub mod request;
pub mod response;
pub mod server;

pub use request::{Request, read_head};
pub use response::Response;
