//! Names for what has none in std.

/// Gives a channel's endpoint a name for the picture.
///
/// ```
/// use instrumented::Name;
/// use instrumented::sync::mpsc;
///
/// let (tx, rx) = mpsc::channel();
/// let audit = tx.clone();
/// audit.set_name("audit");
/// audit.send("sweep").unwrap();
/// assert_eq!(rx.recv(), Ok("sweep"));
/// ```
pub trait Name {
    /// Names it; what it was called before is forgotten. Texts over 480 bytes are cut.
    ///
    /// Does nothing where nobody records.
    fn set_name(&self, name: &str);
}
