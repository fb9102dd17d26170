//! The traits that hold, and those that may not, decided by the compiler.

use std::cell::Cell;
use std::fmt::Debug;
use std::marker::PhantomPinned;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use crate::library::{begin, sync::mpsc};

/// Whether a concrete type implements a trait, as a `bool`.
///
/// An associated constant of the type itself goes before one of a trait. The former
/// exists only if the bound holds, the latter always: the answer is the one that is
/// found. Does not work for a type parameter, whose bounds are not known here.
macro_rules! implements {
    ($type:ty: $bound:path) => {{
        #[allow(dead_code, reason = "unused where the bound holds")]
        trait Otherwise {
            const ANSWER: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        struct Asked<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "unused where the bound does not hold")]
        impl<T: ?Sized + $bound> Asked<T> {
            const ANSWER: bool = true;
        }
        <Asked<$type>>::ANSWER
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
fn the_question_itself_works() {
    begin();
    check! {
        u8 => is [Send, Sync, Unpin, UnwindSafe], is not [Iterator];
        Rc<u8> => is [Unpin], is not [Send, Sync];
        Cell<u8> => is [Send], is not [Sync, RefUnwindSafe];
        PhantomPinned => is [Send], is not [Unpin];
        &'static mut u8 => is [Send], is not [UnwindSafe];
    }
}

#[test]
fn endpoints_of_messages_that_are_send() {
    begin();
    // `Cell` and `PhantomPinned` lack what the endpoints have all the same.
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
fn endpoints_of_messages_that_are_not_send() {
    begin();
    check! {
        mpsc::Sender<Rc<u8>> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::SyncSender<Rc<u8>> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::Receiver<Rc<u8>> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::Sender<*const u8> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::SyncSender<*const u8> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        mpsc::Receiver<*const u8> => is [Unpin, UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        // Not even `Sync` is enough to cross to another thread.
        mpsc::Sender<std::sync::MutexGuard<'static, u8>> => is [], is not [Send, Sync];
        mpsc::SyncSender<std::sync::MutexGuard<'static, u8>> => is [], is not [Send, Sync];
        mpsc::Receiver<std::sync::MutexGuard<'static, u8>> => is [], is not [Send, Sync];
    }
}

#[test]
fn iterators() {
    begin();
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
fn other_traits_of_endpoints() {
    begin();
    struct Opaque;
    check! {
        mpsc::Sender<Opaque> => is [Clone, Debug], is not [Copy, Default, PartialEq, Iterator];
        mpsc::SyncSender<Opaque> => is [Clone, Debug], is not [Copy, Default, PartialEq, Iterator];
        mpsc::Receiver<Opaque> => is [Debug, IntoIterator],
            is not [Clone, Copy, Default, PartialEq, Iterator];
        &'static mpsc::Receiver<Opaque> => is [IntoIterator], is not [Iterator];
    }
}

/// The same for a type parameter: what a generic caller may rely on.
#[allow(dead_code, reason = "compiling is the test")]
mod for_all {
    use super::*;

    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    fn regardless<T: Debug + Unpin + UnwindSafe + RefUnwindSafe>() {}
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
        regardless::<mpsc::Sender<T>>();
        regardless::<mpsc::SyncSender<T>>();
        regardless::<mpsc::Receiver<T>>();
        cloned::<mpsc::Sender<T>>();
        cloned::<mpsc::SyncSender<T>>();
        iterated::<mpsc::Receiver<T>, T>();
        iterated::<&'a mpsc::Receiver<T>, T>();
        iterator::<mpsc::Iter<'a, T>, T>();
        iterator::<mpsc::TryIter<'a, T>, T>();
        iterator::<mpsc::IntoIter<T>, T>();
    }
}
