//! Names for what has none in std.

use crate::sync::{Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};

/// What can be given a name for the picture.
///
/// Without one it is called by its type and the place that made it.
pub trait Name {
    /// Gives it a name; what it was called before is forgotten. Texts over 480 bytes are cut.
    /// Does nothing where nobody records.
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

macro_rules! names {
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

names! {
    Mutex<T> [T: ?Sized], |this| this.lock.tag, 0, std::any::type_name::<T>();
    RwLock<T> [T: ?Sized], |this| this.lock.tag, 0, std::any::type_name::<T>();
    Condvar [], |this| this.tag, 0, "";
    Barrier [], |this| this.tag, this.size, "";
    Once [], |this| this.tag, 0, "";
    OnceLock<T> [T], |this| this.tag, 0, std::any::type_name::<T>();
    LazyLock<T, F> [T, F], |this| this.tag, 0, std::any::type_name::<T>();
}
