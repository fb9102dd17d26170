//! Names for items that have none in std.

use crate::sync::{Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};

/// An endpoint or primitive that can be given a name in the trace.
///
/// Without a name it is labelled with its type and the place that created it.
pub trait Name {
    /// Sets the name, and replaces the previous one. A name over 480 bytes is truncated. Does
    /// nothing in a process that is not recorded.
    ///
    /// ```
    /// use instrumented::Name;
    /// use instrumented::sync::{Mutex, mpsc};
    ///
    /// let jobs = Mutex::new(Vec::from([1, 2, 3]));
    /// jobs.set_name("jobs");
    ///
    /// let (tx, rx) = mpsc::channel::<&str>();
    /// let audit = tx.clone();
    /// audit.set_name("audit");
    /// ```
    fn set_name(&self, name: &str);
}

macro_rules! impl_name {
    ($($type:ty [$($parameters:tt)*], |$this:ident| $tag:expr, $size:expr, $value_type:expr;)*) => { $(
        impl<$($parameters)*> Name for $type {
            #[cfg(feature = "record")]
            fn set_name(&self, name: &str) {
                let $this = self;
                $tag.set_name($size, $value_type, name);
            }

            #[cfg(not(feature = "record"))]
            fn set_name(&self, _: &str) {}
        }
    )* };
}

impl_name! {
    Mutex<T> [T: ?Sized], |this| this.lock.tag, 0, std::any::type_name::<T>();
    RwLock<T> [T: ?Sized], |this| this.lock.tag, 0, std::any::type_name::<T>();
    Condvar [], |this| this.tag, 0, "";
    Barrier [], |this| this.tag, this.size, "";
    Once [], |this| this.tag, 0, "";
    OnceLock<T> [T], |this| this.tag, 0, std::any::type_name::<T>();
    LazyLock<T, F> [T, F], |this| this.tag, 0, std::any::type_name::<T>();
}
