//! Channels in the destructors of thread-locals.

use std::cell::RefCell;
use std::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use crate::library::{setup, sync::mpsc, thread};

/// Runs a closure when the thread-locals of its thread are destroyed.
#[derive(Default)]
struct AtExit {
    work: Option<Box<dyn FnOnce()>>,
}

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            work();
        }
    }
}

thread_local! {
    static AT_EXIT: RefCell<AtExit> = RefCell::default();
    static HELD: RefCell<Option<mpsc::Sender<u32>>> = const { RefCell::new(None) };
    static HELD_RECEIVER: RefCell<Option<mpsc::Receiver<SendsOnDrop>>> =
        const { RefCell::new(None) };
}

/// When a thread registers the destructor of [`AT_EXIT`]: before or after its first use of a
/// channel, or without any. On Linux destructors run in the reverse order of their registration.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Registration {
    Before,
    After,
    Alone,
}

/// Runs `work` at the end of a new thread, once for each order of registration.
fn at_exit(work: impl FnOnce() + Clone + Send + 'static) {
    for registration in [Registration::Before, Registration::After, Registration::Alone] {
        println!("with {registration:?}");
        let work = work.clone();
        let thread = thread::spawn(move || {
            if registration == Registration::After {
                use_channels();
            }
            AT_EXIT.with_borrow_mut(|at_exit| at_exit.work = Some(Box::new(work)));
            if registration == Registration::Before {
                use_channels();
            }
        });
        thread.join().unwrap();
    }
}

/// Performs every operation once, including those that wait.
fn use_channels() {
    let (tx, rx) = mpsc::sync_channel(0);
    let (far, near) = mpsc::channel();
    let partner = thread::spawn(move || {
        assert_eq!(rx.recv(), Ok(1));
        far.send(2).unwrap();
        drop(far);
        rx.recv_timeout(Duration::MAX).unwrap()
    });
    tx.send(1).unwrap();
    assert_eq!(near.recv(), Ok(2));
    assert_eq!(near.recv_timeout(Duration::MAX), Err(RecvTimeoutError::Disconnected));
    tx.send(3).unwrap();
    assert_eq!(partner.join().unwrap(), 3);
}

#[test]
fn a_destructor_may_send() {
    setup();
    let (tx, rx) = mpsc::channel();
    let (bounded, other) = mpsc::sync_channel(6);
    at_exit(move || {
        tx.send(1).unwrap();
        bounded.send(2).unwrap();
        bounded.clone().try_send(3).unwrap();
    });
    assert_eq!(rx.iter().collect::<Vec<_>>(), [1; 3]);
    assert_eq!(other.recv(), Ok(2));
    assert_eq!(other.iter().count(), 5);
}

#[test]
fn a_destructor_may_receive() {
    setup();
    let (back, result) = mpsc::channel();
    at_exit(move || {
        let (tx, rx) = mpsc::channel();
        tx.send(4).unwrap();
        let received = (rx.recv(), rx.try_recv());
        drop(tx);
        back.send((received, rx.recv(), rx.recv_timeout(Duration::ZERO))).unwrap();
    });
    let expected =
        ((Ok(4), Err(TryRecvError::Empty)), Err(RecvError), Err(RecvTimeoutError::Disconnected));
    assert_eq!(result.iter().collect::<Vec<_>>(), [expected; 3]);
}

#[test]
fn a_destructor_may_wait() {
    setup();
    for bound in [0, 1] {
        let (question, asked) = mpsc::sync_channel(bound);
        let server = thread::spawn(move || {
            let mut served = 0;
            for reply in asked {
                let reply: mpsc::SyncSender<u32> = reply;
                reply.send(served).unwrap();
                served += 1;
            }
            served
        });
        at_exit(move || {
            let (reply, answer) = mpsc::sync_channel(bound);
            question.send(reply).unwrap();
            assert!(answer.recv().unwrap() < 3);
            assert_eq!(answer.recv(), Err(RecvError));
        });
        // A panic in a destructor of a thread-local would have ended the process. It remains to
        // check that all three destructors ran.
        assert_eq!(server.join().unwrap(), 3);
    }
}

#[test]
fn a_destructor_may_use_every_operation() {
    setup();
    let (back, done) = mpsc::channel();
    at_exit(move || {
        use_channels();
        back.send(()).unwrap();
    });
    assert_eq!(done.iter().count(), 3);
}

#[test]
fn a_sender_in_a_thread_local_is_dropped_with_the_thread() {
    setup();
    let (tx, rx) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        HELD.set(Some(tx));
        HELD.with_borrow(|held| held.as_ref().unwrap().send(1).unwrap());
        released.recv().unwrap_err();
    });
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    drop(release);
    assert_eq!(rx.recv(), Err(RecvError));
    thread.join().unwrap();
}

/// A message that sends a message when it is dropped.
struct SendsOnDrop(mpsc::Sender<u32>);

impl Drop for SendsOnDrop {
    fn drop(&mut self) {
        self.0.send(7).expect("a receiver");
    }
}

#[test]
fn a_receiver_in_a_thread_local_is_dropped_with_the_thread() {
    setup();
    let (tx, rx) = mpsc::channel();
    let (tx_on_drop, rx_on_drop) = mpsc::channel();
    (0..40).for_each(|_| assert!(tx.send(SendsOnDrop(tx_on_drop.clone())).is_ok()));
    drop(tx_on_drop);
    let thread = thread::spawn(move || HELD_RECEIVER.set(Some(rx)));
    assert_eq!(rx_on_drop.iter().collect::<Vec<_>>(), [7; 40]);
    thread.join().unwrap();
    assert!(HELD_RECEIVER.with_borrow(Option::is_none));
    drop(tx);
}
