//! The traits that channels implement and must not implement, checked by the compiler.

use std::cell::Cell;
use std::fmt::Debug;
use std::marker::PhantomPinned;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use crate::library::{setup, sync::mpsc};

/// Whether a concrete type implements a trait, as a `bool`.
///
/// An inherent associated constant takes precedence over one of a trait. The inherent constant
/// exists only if the bound holds, that of the trait always. Does not work for type parameters.
macro_rules! implements {
    ($type:ty: $bound:path) => {{
        #[allow(dead_code, reason = "unused where the bound holds")]
        trait Fallback {
            const HOLDS: bool = false;
        }
        impl<T: ?Sized> Fallback for T {}
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "unused where the bound does not hold")]
        impl<T: ?Sized + $bound> Probe<T> {
            const HOLDS: bool = true;
        }
        <Probe<$type>>::HOLDS
    }};
}

/// Checks at compile time which traits types implement, and which they do not.
macro_rules! check {
    ($($type:ty => is [$($yes:path),*], is not [$($no:path),*];)*) => {
        const _: () = { $(
            $(assert!(
                implements!($type: $yes),
                concat!(stringify!($type), " is not ", stringify!($yes)),
            );)*
            $(assert!(
                !implements!($type: $no),
                concat!(stringify!($type), " is ", stringify!($no)),
            );)*
        )* };
    };
}

pub(super) use {check, implements};

#[test]
fn the_check_works_for_known_types() {
    setup();
    check! {
        u8 => is [Send, Sync, Unpin, UnwindSafe], is not [Iterator];
        Rc<u8> => is [Unpin], is not [Send, Sync];
        Cell<u8> => is [Send], is not [Sync, RefUnwindSafe];
        PhantomPinned => is [Send], is not [Unpin];
        &'static mut u8 => is [Send], is not [UnwindSafe];
    }
}

#[test]
fn endpoints_for_send_messages() {
    setup();
    // Endpoints implement traits that `Cell` and `PhantomPinned` do not.
    check! {
        mpsc::Sender<u8> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe], is not [];
        mpsc::Sender<Cell<u8>> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe], is not [];
        mpsc::Sender<PhantomPinned> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe], is not [];
        mpsc::SyncSender<u8> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe], is not [];
        mpsc::SyncSender<Cell<u8>> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe], is not [];
        mpsc::SyncSender<PhantomPinned> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe],
            is not [];
        mpsc::Receiver<u8> => is [Send, Unpin, UnwindSafe, RefUnwindSafe], is not [Sync];
        mpsc::Receiver<Cell<u8>> => is [Send, Unpin, UnwindSafe, RefUnwindSafe], is not [Sync];
        mpsc::Receiver<PhantomPinned> => is [Send, Unpin, UnwindSafe, RefUnwindSafe], is not [Sync];
    }
}

#[test]
fn endpoints_for_messages_that_are_not_send() {
    setup();
    check! {
        mpsc::Sender<Rc<u8>> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::SyncSender<Rc<u8>> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::Receiver<Rc<u8>> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::Sender<*const u8> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::SyncSender<*const u8> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::Receiver<*const u8> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        // `Sync` messages are not enough.
        mpsc::Sender<std::sync::MutexGuard<'static, u8>> => is [], is not [Send, Sync];
        mpsc::SyncSender<std::sync::MutexGuard<'static, u8>> => is [], is not [Send, Sync];
        mpsc::Receiver<std::sync::MutexGuard<'static, u8>> => is [], is not [Send, Sync];
    }
}

#[test]
fn iterators_implement_the_same_traits() {
    setup();
    check! {
        mpsc::Iter<'static, u8> => is [Iterator, Debug, Unpin, UnwindSafe, RefUnwindSafe],
            is not [Send, Sync, Clone];
        mpsc::TryIter<'static, u8> => is [Iterator, Debug, Unpin, UnwindSafe, RefUnwindSafe],
            is not [Send, Sync, Clone];
        mpsc::IntoIter<u8> => is [Iterator, Debug, Send, Unpin, UnwindSafe, RefUnwindSafe],
            is not [Sync, Clone];
        mpsc::IntoIter<Rc<u8>> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
    }
}

#[test]
fn endpoints_implement_the_same_other_traits() {
    setup();
    struct Opaque;
    check! {
        mpsc::Sender<Opaque> => is [Clone, Debug], is not [Copy, Default, PartialEq, Iterator];
        mpsc::SyncSender<Opaque> => is [Clone, Debug], is not [Copy, Default, PartialEq, Iterator];
        mpsc::Receiver<Opaque> => is [Debug, IntoIterator],
            is not [Clone, Copy, Default, PartialEq, Iterator];
        &'static mpsc::Receiver<Opaque> => is [IntoIterator], is not [Iterator];
    }
}

/// The same for type parameters, as generic callers rely on it.
#[allow(dead_code, reason = "compiling is the test")]
mod for_all {
    use super::*;

    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    fn for_any_message<T: Debug + Unpin + UnwindSafe + RefUnwindSafe>() {}
    fn cloned<T: Clone>() {}
    fn iterated<I: IntoIterator<Item = T>, T>() {}
    fn iterator<I: Iterator<Item = T>, T>() {}

    fn messages_that_are_send<T: Send>() {
        shared::<mpsc::Sender<T>>();
        shared::<mpsc::SyncSender<T>>();
        sent::<mpsc::Receiver<T>>();
        sent::<mpsc::IntoIter<T>>();
    }

    fn all_messages<'a, T: 'a>() {
        for_any_message::<mpsc::Sender<T>>();
        for_any_message::<mpsc::SyncSender<T>>();
        for_any_message::<mpsc::Receiver<T>>();
        cloned::<mpsc::Sender<T>>();
        cloned::<mpsc::SyncSender<T>>();
        iterated::<mpsc::Receiver<T>, T>();
        iterated::<&'a mpsc::Receiver<T>, T>();
        iterator::<mpsc::Iter<'a, T>, T>();
        iterator::<mpsc::TryIter<'a, T>, T>();
        iterator::<mpsc::IntoIter<T>, T>();
    }
}
