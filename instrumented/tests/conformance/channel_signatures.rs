//! Signatures of channels as callers see them: names, paths, function pointers, inference.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

// Every name that std exports, by the path that programs use.
use crate::library::sync::mpsc::{
    IntoIter, Iter, Receiver, RecvError, RecvTimeoutError, SendError, Sender, SyncSender, TryIter,
    TryRecvError, TrySendError, channel, sync_channel,
};
use crate::library::{setup, sync, sync::mpsc, thread};

#[test]
fn functions_coerce_to_function_pointers() {
    setup();
    let make: fn() -> (Sender<u8>, Receiver<u8>) = channel;
    let make_bounded: fn(usize) -> (SyncSender<u8>, Receiver<u8>) = sync_channel;
    let send: fn(&Sender<u8>, u8) -> Result<(), SendError<u8>> = Sender::send;
    let send_bounded: fn(&SyncSender<u8>, u8) -> Result<(), SendError<u8>> = SyncSender::send;
    let try_send: fn(&SyncSender<u8>, u8) -> Result<(), TrySendError<u8>> = SyncSender::try_send;
    let recv: fn(&Receiver<u8>) -> Result<u8, RecvError> = Receiver::recv;
    let try_recv: fn(&Receiver<u8>) -> Result<u8, TryRecvError> = Receiver::try_recv;
    let recv_timeout: fn(&Receiver<u8>, Duration) -> Result<u8, RecvTimeoutError> =
        Receiver::recv_timeout;
    let iter: for<'a> fn(&'a Receiver<u8>) -> Iter<'a, u8> = Receiver::iter;
    let try_iter: for<'a> fn(&'a Receiver<u8>) -> TryIter<'a, u8> = Receiver::try_iter;
    let into_iter: fn(Receiver<u8>) -> IntoIter<u8> = Receiver::into_iter;

    let (tx, rx) = make();
    assert_eq!(send(&tx, 1), Ok(()));
    assert_eq!(recv(&rx), Ok(1));
    let (tx, rx) = make_bounded(1);
    assert_eq!(send_bounded(&tx, 2), Ok(()));
    assert_eq!(try_send(&tx, 3), Err(TrySendError::Full(3)));
    assert_eq!(try_recv(&rx), Ok(2));
    assert_eq!(recv_timeout(&rx, Duration::ZERO), Err(RecvTimeoutError::Timeout));
    drop(tx);
    assert_eq!((iter(&rx).next(), try_iter(&rx).next()), (None, None));
    assert_eq!(into_iter(rx).next(), None);
}

#[test]
fn methods_can_be_passed_as_arguments() {
    setup();
    let (tx, rx) = channel();
    let senders = Vec::from_iter((0..3).map(|_| &tx).map(Sender::clone));
    let sent: Result<Vec<()>, _> = senders.iter().map(|sender| sender.send(1)).collect();
    assert_eq!(sent, Ok(vec![(); 3]));
    assert!(std::iter::from_fn(|| rx.try_recv().ok()).eq([1; 3]));
    [4, 5].into_iter().try_for_each(|number| tx.send(number)).unwrap();
    assert_eq!([&rx, &rx].map(Receiver::recv), [Ok(4), Ok(5)]);
    assert_eq!(Some(&rx).map_or(Ok(0), Receiver::try_recv), Err(TryRecvError::Empty));
}

#[test]
fn the_message_type_is_inferred() {
    setup();
    // From the first send.
    let (tx, rx) = mpsc::channel();
    tx.send(1_u64).unwrap();
    assert_eq!(rx.recv(), Ok(u64::from(true)));
    // From the type of the received message.
    let (tx, rx) = mpsc::sync_channel(1);
    tx.send([(1, 'a')].into_iter().collect()).unwrap();
    let received: BTreeMap<u8, char> = rx.recv().unwrap();
    assert_eq!(received[&1], 'a');
    // From the fields of a struct, and from a type argument.
    struct Ends {
        tx: mpsc::SyncSender<[u8; 2]>,
        rx: mpsc::Receiver<[u8; 2]>,
    }
    let (tx, rx) = sync::mpsc::sync_channel(1);
    let ends = Ends { tx, rx };
    ends.tx.send([1, 2]).unwrap();
    assert_eq!(ends.rx.recv(), Ok([1, 2]));
    let (_, rx) = mpsc::channel::<String>();
    assert!(rx.recv().is_err());
}

#[test]
fn messages_coerce_at_the_send() {
    setup();
    let (tx, rx) = mpsc::channel::<Box<dyn Fn(u8) -> u8>>();
    tx.send(Box::new(|number| number + 1)).ok().unwrap();
    assert_eq!(rx.recv().map(|add| add(1)), Ok(2));
    let vector = vec![1, 2, 3];
    let (tx, rx) = mpsc::channel::<&[u8]>();
    tx.send(&vector).unwrap();
    assert_eq!(rx.recv().map(<[u8]>::len), Ok(3));
}

#[test]
fn methods_are_found_through_smart_pointers() {
    setup();
    let (tx, rx) = channel();
    let (tx, rx) = (Arc::new(tx), Box::new(rx));
    let clone = Arc::clone(&tx);
    thread::spawn(move || clone.send(1)).join().unwrap().unwrap();
    assert_eq!(rx.recv(), Ok(1));
    // Clones the sender itself, not the pointer.
    let inner: Sender<u8> = (*tx).clone();
    inner.send(2).unwrap();
    assert_eq!(rx.into_iter().next(), Some(2));
}

#[test]
fn clone_from_replaces_a_sender() {
    setup();
    let (first, first_rx) = channel();
    let (second, second_rx) = channel();
    let mut tx = first.clone();
    tx.send(1).unwrap();
    tx.clone_from(&second);
    tx.send(2).unwrap();
    drop(first);
    assert_eq!(first_rx.into_iter().collect::<Vec<_>>(), [1]);
    assert_eq!(second_rx.try_iter().collect::<Vec<_>>(), [2]);

    let (first, first_rx) = sync_channel::<u8>(1);
    let mut tx = first.clone();
    tx.clone_from(&sync_channel(1).0);
    drop(first);
    assert_eq!(first_rx.recv(), Err(RecvError));
    assert_eq!(tx.send(1), Err(SendError(1)));
}

#[test]
fn the_rest_of_std_sync_is_reexported() {
    setup();
    let shared = sync::Arc::new(sync::Mutex::new(0));
    let barrier = sync::Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                *shared.lock().unwrap() += 1;
                barrier.wait();
            });
        }
    });
    let total: sync::MutexGuard<'_, i32> = shared.lock().unwrap();
    assert_eq!(*total, 2);
}
