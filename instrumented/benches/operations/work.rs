//! The work: the same functions with std's channels, locks and threads and with ours.

macro_rules! work {
    ($name:ident, $library:ident) => {
        pub(crate) mod $name {
            use std::hint::black_box;
            use std::thread;
            use std::time::{Duration, Instant};

            use $library::sync::{Mutex, mpsc};

            /// How long a thread took for sends and for receives that do not wait.
            pub(crate) fn alone(batches: u32) -> [Duration; 2] {
                let (tx, rx) = mpsc::channel();
                in_batches(batches, |number| tx.send(number).unwrap(), || rx.recv().unwrap())
            }

            /// The same, on a channel with a bound that is not reached.
            pub(crate) fn alone_bounded(batches: u32) -> [Duration; 2] {
                let (tx, rx) = mpsc::sync_channel(1_024);
                in_batches(batches, |number| tx.send(number).unwrap(), || rx.recv().unwrap())
            }

            /// How long batches of a thousand sends, and then of as many receives, took in all.
            fn in_batches(
                batches: u32,
                send: impl Fn(u64),
                receive: impl Fn() -> u64,
            ) -> [Duration; 2] {
                let (mut sends, mut receives) = (Duration::ZERO, Duration::ZERO);
                for _ in 0..batches {
                    let begun = Instant::now();
                    for number in 0..1_000 {
                        send(black_box(number));
                    }
                    let sent = Instant::now();
                    for _ in 0..1_000 {
                        black_box(receive());
                    }
                    sends += sent - begun;
                    receives += sent.elapsed();
                }
                [sends, receives]
            }

            /// How long some producers and a consumer took for `messages` messages.
            pub(crate) fn together(producers: u64, messages: u64) -> Duration {
                let (tx, rx) = mpsc::channel();
                let begun = Instant::now();
                thread::scope(|scope| {
                    for _ in 0..producers {
                        let tx = tx.clone();
                        scope.spawn(move || {
                            for number in 0..messages / producers {
                                tx.send(number).unwrap();
                            }
                        });
                    }
                    drop(tx);
                    assert_eq!(rx.iter().count() as u64, messages);
                });
                begun.elapsed()
            }

            /// The same with one producer and a bound.
            pub(crate) fn together_bounded(bound: usize, messages: u64) -> Duration {
                let (tx, rx) = mpsc::sync_channel(bound);
                let begun = Instant::now();
                thread::scope(|scope| {
                    scope.spawn(move || {
                        for number in 0..messages {
                            tx.send(number).unwrap();
                        }
                    });
                    assert_eq!(rx.iter().count() as u64, messages);
                });
                begun.elapsed()
            }

            /// How long two threads took to send a message to and fro.
            pub(crate) fn ping_pong(round_trips: u64) -> Duration {
                let (to, from_there) = mpsc::channel();
                let (back, from_here) = mpsc::channel();
                thread::scope(|scope| {
                    scope.spawn(move || {
                        for number in from_there {
                            back.send(number).unwrap();
                        }
                    });
                    let begun = Instant::now();
                    for number in 0..round_trips {
                        to.send(number).unwrap();
                        assert_eq!(from_here.recv(), Ok(number));
                    }
                    drop(to);
                    begun.elapsed()
                })
            }

            /// How long a mutex took to be locked and unlocked so many times.
            pub(crate) fn locks(count: u64) -> Duration {
                let mutex = Mutex::new(0);
                let begun = Instant::now();
                for number in 0..count {
                    *mutex.lock().unwrap() += black_box(number);
                }
                begun.elapsed()
            }

            /// How long threads that do nothing took to be made and joined.
            pub(crate) fn spawns(count: u32) -> Duration {
                let begun = Instant::now();
                for _ in 0..count {
                    $library::thread::spawn(|| ()).join().unwrap();
                }
                begun.elapsed()
            }

            /// How long threads that do ten operations each took, one after the other.
            pub(crate) fn short_threads(threads: u32) -> Duration {
                let (tx, rx) = mpsc::channel();
                let begun = Instant::now();
                for _ in 0..threads {
                    let tx = tx.clone();
                    // Nine, and the drop.
                    thread::spawn(move || (0..9).for_each(|number| tx.send(number).unwrap()))
                        .join()
                        .unwrap();
                }
                let took = begun.elapsed();
                drop(tx);
                assert_eq!(rx.iter().count(), 9 * threads as usize);
                took
            }

            /// Two threads at work for so many batches of two thousand operations each,
            /// and how long they were held up.
            pub(crate) fn flat_out(batches: u64) -> super::FlatOut {
                const CHUNK: u32 = 100;
                let at_work = || {
                    let (tx, rx) = mpsc::channel();
                    let mut stalls = 0;
                    let mut longest = Duration::ZERO;
                    let mut last = Instant::now();
                    let mut look = || {
                        let now = Instant::now();
                        longest = longest.max(now - last);
                        stalls += u64::from(now - last > Duration::from_micros(50));
                        last = now;
                    };
                    for _ in 0..batches {
                        for _ in 0..1_000 / CHUNK {
                            (0..CHUNK).for_each(|number| tx.send(black_box(number)).unwrap());
                            look();
                        }
                        for _ in 0..1_000 / CHUNK {
                            (0..CHUNK).for_each(|_| _ = black_box(rx.recv().unwrap()));
                            look();
                        }
                    }
                    (stalls, longest)
                };
                let begun = Instant::now();
                let (one, other) = thread::scope(|scope| {
                    let other = scope.spawn(at_work);
                    (at_work(), other.join().unwrap())
                });
                super::FlatOut {
                    operations: batches * 4_000,
                    took: begun.elapsed(),
                    stalls: one.0 + other.0,
                    longest: one.1.max(other.1),
                }
            }
        }
    };
}

/// How two threads fared that worked flat out.
pub(crate) struct FlatOut {
    pub(crate) operations: u64,
    pub(crate) took: std::time::Duration,
    /// Chunks of a hundred operations that took over 50 µs.
    pub(crate) stalls: u64,
    /// The longest that a chunk took.
    pub(crate) longest: std::time::Duration,
}

work!(raw, std);
work!(ours, instrumented);
