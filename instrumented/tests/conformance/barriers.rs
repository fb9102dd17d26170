//! Barriers: no thread passes before all have arrived, and one of them is the leader.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::library::sync::Barrier;
use crate::library::{setup, thread};

#[test]
fn each_round_has_one_leader() {
    setup();
    const THREADS: usize = 4;
    const ROUNDS: usize = 50;
    let barrier = Barrier::new(THREADS);
    let (leaders, arrived) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    if barrier.wait().is_leader() {
                        leaders.fetch_add(1, Ordering::SeqCst);
                    }
                    assert!(arrived.load(Ordering::SeqCst) >= (round + 1) * THREADS);
                    barrier.wait();
                    assert_eq!(leaders.load(Ordering::SeqCst), round + 1);
                    barrier.wait();
                }
            });
        }
    });
}

#[test]
fn a_barrier_of_one_or_none_never_blocks() {
    setup();
    static ONE: Barrier = Barrier::new(1);
    assert!((0..3).all(|_| ONE.wait().is_leader()));
    assert!(Barrier::new(0).wait().is_leader());
}

#[test]
fn barriers_are_formatted_as_in_std() {
    setup();
    let barrier = Barrier::new(1);
    assert_eq!(format!("{barrier:?}"), "Barrier { .. }");
    assert_eq!(format!("{:?}", barrier.wait()), "BarrierWaitResult { is_leader: true }");
    let result: std::sync::BarrierWaitResult = barrier.wait();
    assert!(result.is_leader());
}
