//! The measured work: the same functions with std's types and with those of `instrumented`.

macro_rules! work {
    ($name:ident, $library:ident) => {
        pub(crate) mod $name {
            use std::hint::black_box;
            use std::thread;
            use std::time::{Duration, Instant};

            use $library::sync::{Mutex, mpsc};

            /// Returns the time of sends and of receives that do not wait, on one thread.
            pub(crate) fn sends_then_receives(batches: u32) -> [Duration; 2] {
                let (tx, rx) = mpsc::channel();
                in_batches(batches, |number| tx.send(number).unwrap(), || rx.recv().unwrap())
            }

            /// The same on a channel with a bound that is not reached.
            pub(crate) fn sends_then_receives_bounded(batches: u32) -> [Duration; 2] {
                let (tx, rx) = mpsc::sync_channel(1_024);
                in_batches(batches, |number| tx.send(number).unwrap(), || rx.recv().unwrap())
            }

            /// Returns the total time of sends and of receives, in batches of a thousand each.
            fn in_batches(
                batches: u32,
                send: impl Fn(u64),
                receive: impl Fn() -> u64,
            ) -> [Duration; 2] {
                let (mut sends, mut receives) = (Duration::ZERO, Duration::ZERO);
                for _ in 0..batches {
                    let start = Instant::now();
                    for number in 0..1_000 {
                        send(black_box(number));
                    }
                    let sent = Instant::now();
                    for _ in 0..1_000 {
                        black_box(receive());
                    }
                    sends += sent - start;
                    receives += sent.elapsed();
                }
                [sends, receives]
            }

            /// Returns the time in which producers and a consumer pass `messages` messages.
            pub(crate) fn producers_and_consumer(producers: u64, messages: u64) -> Duration {
                let (tx, rx) = mpsc::channel();
                let start = Instant::now();
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
                start.elapsed()
            }

            /// The same with one producer and a bound.
            pub(crate) fn producer_and_consumer_bounded(bound: usize, messages: u64) -> Duration {
                let (tx, rx) = mpsc::sync_channel(bound);
                let start = Instant::now();
                thread::scope(|scope| {
                    scope.spawn(move || {
                        for number in 0..messages {
                            tx.send(number).unwrap();
                        }
                    });
                    assert_eq!(rx.iter().count() as u64, messages);
                });
                start.elapsed()
            }

            /// Returns the time in which two threads pass a message back and forth.
            pub(crate) fn ping_pong(round_trips: u64) -> Duration {
                let (to, from_there) = mpsc::channel();
                let (back, from_here) = mpsc::channel();
                thread::scope(|scope| {
                    scope.spawn(move || {
                        for number in from_there {
                            back.send(number).unwrap();
                        }
                    });
                    let start = Instant::now();
                    for number in 0..round_trips {
                        to.send(number).unwrap();
                        assert_eq!(from_here.recv(), Ok(number));
                    }
                    drop(to);
                    start.elapsed()
                })
            }

            /// Returns the time of `count` locks and unlocks of a mutex.
            pub(crate) fn locks(count: u64) -> Duration {
                let mutex = Mutex::new(0);
                let start = Instant::now();
                for number in 0..count {
                    *mutex.lock().unwrap() += black_box(number);
                }
                start.elapsed()
            }

            /// Returns the time to spawn and join `count` empty threads, one after the other.
            pub(crate) fn spawns(count: u32) -> Duration {
                let start = Instant::now();
                for _ in 0..count {
                    $library::thread::spawn(|| ()).join().unwrap();
                }
                start.elapsed()
            }

            /// Returns the time of threads with ten operations each, one after the other.
            pub(crate) fn short_threads(threads: u32) -> Duration {
                let (tx, rx) = mpsc::channel();
                let start = Instant::now();
                for _ in 0..threads {
                    let tx = tx.clone();
                    // Nine sends and the drop.
                    thread::spawn(move || (0..9).for_each(|number| tx.send(number).unwrap()))
                        .join()
                        .unwrap();
                }
                let duration = start.elapsed();
                drop(tx);
                assert_eq!(rx.iter().count(), 9 * threads as usize);
                duration
            }

            /// Runs two threads, each with `batches` batches of two thousand operations, and
            /// measures their stalls.
            pub(crate) fn flat_out(batches: u64) -> super::FlatOut {
                const CHUNK: u32 = 100;
                let work = || {
                    let (tx, rx) = mpsc::channel();
                    let mut stalls = 0;
                    let mut longest = Duration::ZERO;
                    let mut last = Instant::now();
                    let mut check_stall = || {
                        let now = Instant::now();
                        longest = longest.max(now - last);
                        stalls += u64::from(now - last > Duration::from_micros(50));
                        last = now;
                    };
                    for _ in 0..batches {
                        for _ in 0..1_000 / CHUNK {
                            (0..CHUNK).for_each(|number| tx.send(black_box(number)).unwrap());
                            check_stall();
                        }
                        for _ in 0..1_000 / CHUNK {
                            (0..CHUNK).for_each(|_| _ = black_box(rx.recv().unwrap()));
                            check_stall();
                        }
                    }
                    (stalls, longest)
                };
                let start = Instant::now();
                let (first, second) = thread::scope(|scope| {
                    let other = scope.spawn(work);
                    (work(), other.join().unwrap())
                });
                super::FlatOut {
                    operations: batches * 4_000,
                    duration: start.elapsed(),
                    stalls: first.0 + second.0,
                    longest: first.1.max(second.1),
                }
            }
        }
    };
}

/// The result of two threads working flat out.
pub(crate) struct FlatOut {
    pub(crate) operations: u64,
    pub(crate) duration: std::time::Duration,
    /// Number of chunks of a hundred operations that took more than 50 µs.
    pub(crate) stalls: u64,
    /// Maximum duration of a chunk.
    pub(crate) longest: std::time::Duration,
}

work!(plain, std);
work!(wrapped, instrumented);
