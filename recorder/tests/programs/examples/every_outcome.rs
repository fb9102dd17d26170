//! One run through every method of the endpoints and every outcome of each.
//!
//! Which events it makes, on which thread and in what order does not change from run to
//! run: where a thread is to block, the other one goes on when it does. Prints one line
//! per function, and `done`.

use std::time::Duration;

use instrumented::sync::mpsc::{
    self, RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError,
};
use recorder_test_programs::spawn_blocked;

/// So long that it would be noticed.
const FOR_EVER: Duration = Duration::from_secs(3600);

fn main() {
    sends();
    blocked_sends();
    receives();
    blocked_receives();
    receives_with_timeout();
    iterators();
    endpoints();
    rendezvous();
    println!("done");
}

fn sends() {
    let (tx, rx) = mpsc::named("unbounded").channel();
    assert_eq!(tx.send(1), Ok(()));
    assert_eq!(tx.send(2), Ok(()));
    // The two messages are left in the queue.
    drop(rx);
    assert_eq!(tx.send(3), Err(SendError(3)));

    let (tx, rx) = mpsc::named("bounded").sync_channel(2);
    assert_eq!(tx.send(1), Ok(()));
    assert_eq!(tx.try_send(2), Ok(()));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    drop(rx);
    assert_eq!(tx.send(4), Err(SendError(4)));
    assert_eq!(tx.try_send(5), Err(TrySendError::Disconnected(5)));
    println!("send, try_send: transferred, full, disconnected");
}

fn blocked_sends() {
    let (tx, rx) = mpsc::named("full").sync_channel(1);
    assert_eq!(tx.send(1), Ok(()));
    let clone = tx.clone();
    let sender = spawn_blocked("sender, transferred", move || clone.send(2));
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(sender.join().expect("no panic"), Ok(()));
    let sender = spawn_blocked("sender, disconnected", move || tx.send(3));
    drop(rx);
    assert_eq!(sender.join().expect("no panic"), Err(SendError(3)));
    println!("send, blocked: transferred, disconnected");
}

fn receives() {
    let (tx, rx) = mpsc::named("receives").channel();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.send(1).expect("rx lives");
    tx.send(2).expect("rx lives");
    drop(tx);
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(rx.recv(), Err(RecvError));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    println!("recv, try_recv: transferred, empty, disconnected");
}

fn blocked_receives() {
    let (tx, rx) = mpsc::named("empty").channel();
    let receiver = spawn_blocked("receiver, transferred", move || (rx.recv(), rx));
    tx.send(1).expect("rx lives");
    let (received, rx) = receiver.join().expect("no panic");
    assert_eq!(received, Ok(1));
    let receiver = spawn_blocked("receiver, disconnected", move || rx.recv());
    drop(tx);
    assert_eq!(receiver.join().expect("no panic"), Err(RecvError));
    println!("recv, blocked: transferred, disconnected");
}

fn receives_with_timeout() {
    let (tx, rx) = mpsc::named("timeouts").channel();
    tx.send(1).expect("rx lives");
    assert_eq!(rx.recv_timeout(FOR_EVER), Ok(1));
    let soon = Duration::from_millis(2);
    assert_eq!(rx.recv_timeout(soon), Err(RecvTimeoutError::Timeout));
    let receiver = spawn_blocked("receiver, in time", move || (rx.recv_timeout(FOR_EVER), rx));
    tx.send(2).expect("rx lives");
    let (received, rx) = receiver.join().expect("no panic");
    assert_eq!(received, Ok(2));
    let receiver = spawn_blocked("receiver, left alone", move || (rx.recv_timeout(FOR_EVER), rx));
    drop(tx);
    let (received, rx) = receiver.join().expect("no panic");
    assert_eq!(received, Err(RecvTimeoutError::Disconnected));
    assert_eq!(rx.recv_timeout(FOR_EVER), Err(RecvTimeoutError::Disconnected));
    println!("recv_timeout: transferred, timed out, disconnected, blocked or not");
}

fn iterators() {
    let (tx, rx) = mpsc::named("iterators").sync_channel(8);
    (1..=4).for_each(|number| tx.send(number).expect("rx lives"));
    assert_eq!(rx.iter().take(2).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [3, 4]);
    (5..=6).for_each(|number| tx.send(number).expect("rx lives"));
    drop(tx);
    assert_eq!((&rx).into_iter().take(1).collect::<Vec<_>>(), [5]);
    assert_eq!(rx.into_iter().collect::<Vec<_>>(), [6]);
    println!("iter, try_iter, into_iter");
}

fn endpoints() {
    // No name; two with the same name; a message of no size.
    let (tx, rx) = mpsc::channel();
    tx.send(()).expect("rx lives");
    assert_eq!(rx.recv(), Ok(()));
    let twins = [1, 2].map(|number| {
        let (tx, rx) = mpsc::named("twins").channel();
        tx.send(number).expect("rx lives");
        (tx, rx)
    });
    for (expected, (tx, rx)) in (1..).zip(twins) {
        let clone = tx.clone();
        let clone_of_clone = clone.clone();
        drop(tx);
        clone_of_clone.send(expected + 10).expect("rx lives");
        drop(clone);
        assert_eq!(rx.recv(), Ok(expected));
        assert_eq!(rx.recv(), Ok(expected + 10));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        drop(clone_of_clone);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    }
    // An endpoint that travels through a channel.
    let (carrier_tx, carrier_rx) = mpsc::named("carrier").channel();
    let (tx, rx) = mpsc::named("carried").channel();
    carrier_tx.send(tx).expect("rx lives");
    let tx = carrier_rx.recv().expect("it was sent");
    tx.send("arrived").expect("rx lives");
    assert_eq!(rx.recv(), Ok("arrived"));
    println!("names, clones, drops");
}

fn rendezvous() {
    let (tx, rx) = mpsc::named("rendezvous").sync_channel(0);
    assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)));
    let clone = tx.clone();
    let sender = spawn_blocked("sender, first", move || clone.send(1));
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(sender.join().expect("no panic"), Ok(()));
    let receiver = spawn_blocked("receiver, first", move || (rx.recv(), rx));
    assert_eq!(tx.send(2), Ok(()));
    let (received, rx) = receiver.join().expect("no panic");
    assert_eq!(received, Ok(2));
    let receiver = spawn_blocked("receiver, tried", move || (rx.recv(), rx));
    assert_eq!(tx.try_send(3), Ok(()));
    let (received, rx) = receiver.join().expect("no panic");
    assert_eq!(received, Ok(3));
    let sender = spawn_blocked("sender, alone", move || tx.send(4));
    drop(rx);
    assert_eq!(sender.join().expect("no panic"), Err(SendError(4)));
    println!("rendezvous");
}
