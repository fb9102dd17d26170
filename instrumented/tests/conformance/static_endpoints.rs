//! Endpoints in statics, most of which are never dropped.

use std::sync::{LazyLock, Mutex, OnceLock};

use crate::library::{setup, sync::mpsc, thread};

#[test]
fn a_sender_in_a_once_lock_is_shared_by_threads() {
    setup();
    static TX: OnceLock<mpsc::SyncSender<usize>> = OnceLock::new();
    let (tx, rx) = mpsc::sync_channel(2);
    TX.set(tx).unwrap();
    let senders = [1, 2, 3, 4].map(|number| {
        thread::spawn(move || {
            let tx = TX.get().unwrap();
            (0..100).for_each(|_| tx.send(number).unwrap());
        })
    });
    assert_eq!(rx.iter().take(400).sum::<usize>(), 1_000);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    assert_eq!(rx.try_recv(), Err(mpsc::TryRecvError::Empty));
}

#[test]
fn a_sender_can_be_taken_out_of_a_static() {
    setup();
    static TX: Mutex<Option<mpsc::Sender<usize>>> = Mutex::new(None);
    for _ in 0..3 {
        let (tx, rx) = mpsc::channel();
        // The sender of the previous round has been taken out.
        *TX.lock().unwrap() = Some(tx);
        let senders = [(); 4].map(|()| {
            thread::spawn(|| {
                let tx = TX.lock().unwrap().clone().unwrap();
                (0..50).for_each(|index| tx.send(index).unwrap());
            })
        });
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        drop(TX.lock().unwrap().take());
        assert_eq!(rx.into_iter().count(), 200);
    }
}

#[test]
fn both_ends_can_be_created_on_first_use() {
    setup();
    type Ends = (mpsc::Sender<usize>, Mutex<mpsc::Receiver<usize>>);
    static ENDS: LazyLock<Ends> = LazyLock::new(|| {
        let (tx, rx) = mpsc::channel();
        (tx, Mutex::new(rx))
    });
    let workers = [(); 4].map(|()| {
        thread::spawn(|| {
            let (tx, rx) = &*ENDS;
            (0..200)
                .map(|index| {
                    tx.send(index).unwrap();
                    // Not necessarily its own message, but there is one for each receive.
                    rx.lock().unwrap().recv().unwrap()
                })
                .sum::<usize>()
        })
    });
    let sums = workers.map(|worker| worker.join().unwrap());
    assert_eq!(sums.iter().sum::<usize>(), 4 * 199 * 200 / 2);
}

#[test]
fn a_leaked_channel_stays_connected() {
    setup();
    let (tx, rx) = mpsc::sync_channel(0);
    let (tx, rx): (&'static _, &'static mut _) = (Box::leak(Box::new(tx)), Box::leak(Box::new(rx)));
    let sender = thread::spawn(move || (0..10).for_each(|index| tx.send(index).unwrap()));
    let receiver = thread::spawn(move || rx.iter().take(10).sum::<u32>());
    sender.join().unwrap();
    assert_eq!(receiver.join().unwrap(), 45);
}
