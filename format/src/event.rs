//! The table of events, and the encoder and decoder that are generated from it.

use crate::field::Field;
use crate::operation::{OperationKind, operation_words};
use crate::{Error, text};

/// Maximum length of a text in a record, in bytes. The encoder truncates longer texts.
pub const MAX_TEXT: usize = 480;

/// Maximum length of a record in bytes. Every block has room for it.
pub const MAX_RECORD: usize = 1024;

/// The bound of a channel without a bound.
pub const UNBOUNDED: u64 = u64::MAX;

/// The `signal` of a process whose exit status is not known.
pub const UNKNOWN_STATUS: u32 = u32::MAX;

/// The `syscall` of a thread that is in no system call, or in an unknown one: -1 as a two's
/// complement number.
pub const NO_SYSCALL: u32 = u32::MAX;

/// The code of [`Event::SelectArm`]. Its record has the three words of an operation, with the
/// `arm` in the place of the site, so that it can be packed like one.
pub const SELECT_ARM_CODE: u8 = 138;

/// Maximum number of callers in [`Event::Callers`].
pub const MAX_CALLERS: usize = 32;

/// Number of bits of a record's time.
pub const TIME_BITS: u32 = 56;

/// One decoded record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Ticks of the process's clock, modulo 2⁵⁶.
    pub time: u64,
    /// What happened.
    pub event: Event<'a>,
    /// Length of the record in bytes.
    pub length: usize,
}

macro_rules! events {
    ($(
        $(#[$doc:meta])*
        $code:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
    )*) => {
        /// An event: what a record holds besides its time.
        ///
        /// The fields of a record follow in the order in which they are listed here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event<'a> {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nCode ", stringify!($code), ".")]
                $name { $($(#[$field_doc])* $field: $type,)* },
            )*
            /// An operation, or its start or end.
            ///
            /// The code is that of the [`OperationKind`].
            Operation {
                /// The call, the phase and the outcome.
                kind: OperationKind,
                /// The number of its subject: an endpoint of a channel, a primitive, a thread, or
                /// 0. [`Call::subject`](crate::Call::subject) returns which of them.
                endpoint: u32,
                /// The place of the call: a [`Event::Site`] of the same block, or 0.
                site: u32,
                /// A word with the meaning that [`OperationKind::detail_kind`] returns.
                detail: u64,
            },
        }

        impl<'a> Event<'a> {
            /// Writes the record to the start of `out`. Returns its length in bytes, a multiple
            /// of 8.
            ///
            /// `time` is in ticks and is taken modulo 2⁵⁶. Texts of more than [`MAX_TEXT`] bytes
            /// are truncated.
            ///
            /// # Panics
            /// If `out` is too short. [`MAX_RECORD`] bytes are always enough.
            pub fn encode(&self, time: u64, out: &mut [u8]) -> usize {
                match *self {
                    $(Event::$name { $($field),* } => {
                        let end = (time << 8 | $code).put(out, 0);
                        $(let end = $field.put(out, end);)*
                        let padded = end.next_multiple_of(8);
                        out[end..padded].fill(0);
                        padded
                    })*
                    Event::Operation { kind, endpoint, site, detail } => {
                        operation_words(time, kind, endpoint, site, detail)
                            .into_iter()
                            .fold(0, |at, word| word.put(out, at))
                    }
                }
            }

            /// The name of the event in the text form.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Event::$name { .. } => stringify!($name),)*
                    Event::Operation { kind, .. } => kind.name(),
                }
            }

            fn decode_fields(code: u8, bytes: &'a [u8]) -> Result<(Self, usize), Error> {
                let end = 8;
                match code {
                    $($code => {
                        $(let ($field, end) = <$type>::take(bytes, end)?;)*
                        Ok((Event::$name { $($field),* }, end))
                    })*
                    _ => {
                        let kind = OperationKind::from_code(code).ok_or(Error::Malformed {
                            offset: 0,
                            what: "no event has this code",
                        })?;
                        let (endpoint, end) = u32::take(bytes, end)?;
                        let (site, end) = u32::take(bytes, end)?;
                        let (detail, end) = u64::take(bytes, end)?;
                        Ok((Event::Operation { kind, endpoint, site, detail }, end))
                    }
                }
            }

            /// Appends the text form of the event without the time: `name key=value …`.
            pub(crate) fn print(&self, out: &mut String) {
                out.push_str(self.name());
                match *self {
                    $(Event::$name { $($field),* } => {
                        $(text::key(stringify!($field), out); $field.print(out);)*
                    })*
                    Event::Operation { endpoint, site, detail, .. } => {
                        text::key("endpoint", out);
                        endpoint.print(out);
                        text::key("site", out);
                        site.print(out);
                        text::key("detail", out);
                        detail.print(out);
                    }
                }
            }

            /// Reads the text form.
            pub(crate) fn parse(name: &str, fields: &'a text::Fields) -> Result<Self, String> {
                let event = match name {
                    $(stringify!($name) => Event::$name {
                        $($field: fields.get(stringify!($field))?,)*
                    },)*
                    _ => Event::Operation {
                        kind: OperationKind::from_name(name)
                            .ok_or_else(|| format!("no event is called {name:?}"))?,
                        endpoint: fields.get("endpoint")?,
                        site: fields.get("site")?,
                        detail: fields.get("detail")?,
                    },
                };
                Ok(event)
            }
        }
    };
}

events! {
    /// The process starts to record. The first record of the process, in a block of thread 0.
    1 ProcessStarted {
        /// The process id.
        pid: u32,
        /// The process id of its parent.
        parent: u32,
        /// The process's clock in ticks, all 64 bits, at the instant of the other two times.
        ticks: u64,
        /// The monotonic clock in nanoseconds.
        monotonic_ns: u64,
        /// The wall clock in nanoseconds since 1970.
        wall_ns: u64,
        /// The path of the executable.
        executable: &'a str,
        /// The command line, with a space between two arguments.
        arguments: &'a str,
    }
    /// The process has ended. Thread 0; written by the recorder.
    2 ProcessEnded {
        /// The monotonic clock in nanoseconds.
        monotonic_ns: u64,
        /// The exit code, or 0 if a signal ended the process or the status is not known.
        code: u32,
        /// The signal that ended the process, or 0; [`UNKNOWN_STATUS`] if the status is not known.
        signal: u32,
    }
    /// The record's time on the monotonic clock.
    3 Clock {
        /// The monotonic clock in nanoseconds.
        monotonic_ns: u64,
    }
    /// The thread records for the first time. The first record of each thread.
    4 ThreadStarted {
        /// The operating system's id of the thread.
        os_id: u64,
        /// The name of the thread, or empty.
        name: &'a str,
    }
    /// The thread has run its thread-local destructors.
    5 ThreadEnded {}
    /// A place in the source. Later records of the same block refer to it by its number.
    6 Site {
        /// The number of the place in this block.
        site: u32,
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// The path of the source file, as it was passed to the compiler.
        file: &'a str,
    }
    /// A channel and its first two endpoints are made.
    7 ChannelCreated {
        /// The channel.
        channel: u32,
        /// Its first sender.
        sender: u32,
        /// Its first receiver.
        receiver: u32,
        /// The place where it is made.
        site: u32,
        /// Maximum number of messages that it holds: 0 for a rendezvous channel, [`UNBOUNDED`]
        /// for no limit.
        bound: u64,
        /// The type of its messages, as the compiler prints it.
        message_type: &'a str,
        /// The name that the program has given it, or empty.
        name: &'a str,
    }
    /// A sender is cloned.
    8 SenderCloned {
        /// The new endpoint.
        sender: u32,
        /// The endpoint that is cloned.
        from: u32,
        /// The place of the call.
        site: u32,
    }
    /// A sender is dropped.
    9 SenderDropped {
        /// The endpoint.
        endpoint: u32,
    }
    /// A receiver is dropped. The messages that are still queued are lost only when it was the
    /// last receiver of its channel.
    10 ReceiverDropped {
        /// The endpoint.
        endpoint: u32,
    }
    /// Recording pauses: from here on the operations of the process are not recorded.
    11 Paused {}
    /// Recording resumes: from here on operations are recorded again.
    12 Resumed {}
    /// A flight recorder has discarded the first blocks of a thread; or, for thread 0, all blocks of
    /// threads that have ended. Its time is that of the last event that was discarded of the process,
    /// or 0 if that is not known. Thread 0; written by the recorder, which keeps the facts of discarded blocks that later records refer to. They
    /// follow as further records of thread 0: channels, clones, drops, spawns, primitives,
    /// callsites, tasks and names. A `Returned` or `TaskResumed` between this record and the next
    /// `Forgotten` is about this thread.
    13 Forgotten {
        /// The thread.
        thread: u32,
        /// The operating system's id of the thread.
        os_id: u64,
        /// The number of its first block that was not discarded.
        sequence: u64,
        /// The name of the thread, or empty.
        name: &'a str,
    }
    /// The thread panics. The panic may still be caught.
    14 Panicked {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// The path of the source file, as it was passed to the compiler.
        file: &'a str,
        /// The message, or empty if the payload is not a text.
        message: &'a str,
    }
    /// The function that the thread was spawned with has returned or panicked. The thread-local
    /// destructors run after this.
    15 Returned {
        /// 1 if it has panicked, otherwise 0.
        panicked: u32,
    }
    /// A synchronisation primitive is used for the first time.
    128 PrimitiveSeen {
        /// The primitive.
        primitive: u32,
        /// The code of its [`PrimitiveKind`](crate::PrimitiveKind).
        kind: u32,
        /// The place where it was made.
        site: u32,
        /// The number of threads that a `Barrier` waits for; otherwise 0.
        size: u64,
        /// The type of the value in it, as the compiler prints it, or empty.
        value_type: &'a str,
    }
    /// The program names an endpoint.
    129 EndpointNamed {
        /// The endpoint.
        endpoint: u32,
        /// Its name.
        name: &'a str,
    }
    /// The program names a synchronisation primitive.
    130 PrimitiveNamed {
        /// The primitive.
        primitive: u32,
        /// Its name.
        name: &'a str,
    }
    /// The value of the message that this thread sends next.
    131 Value {
        /// The [id](crate::MessageId) of the message.
        message: u64,
        /// The value as text. It ends in `…` if it was truncated.
        value: &'a str,
    }
    /// A callsite of the crate `tracing`, which opens spans or logs, is used for the first
    /// time.
    132 Callsite {
        /// The callsite.
        callsite: u32,
        /// The level: 1 error, 2 warn, 3 info, 4 debug, 5 trace.
        level: u32,
        /// The place of the callsite. Its column is 0, because `tracing` has no columns.
        site: u32,
        /// The target: the part of the program that it belongs to.
        target: &'a str,
        /// The name of the span, or empty for a callsite that logs.
        name: &'a str,
    }
    /// The thread enters a span of the crate `tracing`.
    133 SpanEntered {
        /// The callsite of the span.
        callsite: u32,
        /// The number of the span.
        span: u64,
        /// The fields of the span: `key=value key=value`.
        fields: &'a str,
    }
    /// The thread leaves a span.
    134 SpanExited {
        /// The number of the span.
        span: u64,
    }
    /// The thread logs with the crate `tracing`.
    135 Logged {
        /// The callsite.
        callsite: u32,
        /// The message and the fields.
        message: &'a str,
    }
    /// The machine that the process runs on. Thread 0.
    136 Host {
        /// The name of the machine.
        name: &'a str,
    }
    /// A receiver is cloned.
    137 ReceiverCloned {
        /// The new endpoint.
        receiver: u32,
        /// The endpoint that is cloned.
        from: u32,
        /// The place of the call.
        site: u32,
    }
    /// An arm of the select that starts next in this thread. The records of the arms come
    /// directly before the first record of the select, in the order of the arms.
    138 SelectArm {
        /// The endpoint.
        endpoint: u32,
        /// The code of its [`Arm`](crate::Arm): whether it receives or sends.
        arm: u32,
        /// The [id](crate::MessageId) of the message that the arm would send; 0 if it receives.
        message: u64,
    }
    /// A task is spawned: an actor that is not a thread, such as a future in an executor.
    139 TaskSpawned {
        /// The task. Tasks are numbered from 1 in their process.
        task: u32,
        /// The task that spawned it, or 0 if it was not spawned by a task.
        by: u32,
        /// The place of the call.
        site: u32,
        /// The name of the task, or empty.
        name: &'a str,
    }
    /// The thread starts to run a task: from here on its records are those of the task. Inside of
    /// another task, the records are those of the inner task until it is suspended or ends.
    140 TaskResumed {
        /// The task.
        task: u32,
    }
    /// The thread stops running a task, which is not finished.
    141 TaskSuspended {
        /// The task.
        task: u32,
    }
    /// A task is finished or was dropped. If the thread was running it, it stops running it.
    142 TaskEnded {
        /// The task.
        task: u32,
    }
    /// The start of an observation of the process: of all its threads at an instant. A
    /// `ThreadObserved` with the same `monotonic_ns` follows for each of them. Thread 0; written
    /// by the recorder.
    143 ThreadsCounted {
        /// The monotonic clock in nanoseconds.
        monotonic_ns: u64,
        /// The number of threads of the process.
        threads: u32,
    }
    /// A thread, as the operating system reports it at an instant. The thread may have recorded
    /// nothing. Thread 0; written by the recorder.
    144 ThreadObserved {
        /// The operating system's id of the thread.
        os_id: u64,
        /// The monotonic clock in nanoseconds: that of the observation.
        monotonic_ns: u64,
        /// The code of its [`ThreadState`](crate::ThreadState).
        state: u32,
        /// The number of the system call that the thread is in, or [`NO_SYSCALL`].
        syscall: u32,
        /// Time that the thread has run on a processor so far, in nanoseconds; 0 if not known.
        on_cpu_ns: u64,
        /// Time that the thread has been ready to run and waited for a processor so far, in
        /// nanoseconds; 0 if not known.
        ready_ns: u64,
        /// The monotonic clock in nanoseconds when the operating system started the thread,
        /// rounded down to 10 ms; 0 if not known.
        started_ns: u64,
        /// The operating system's name of the thread, or empty.
        name: &'a str,
        /// What the thread does, for people, such as the system call that it is in and the file
        /// that the call is about; or empty.
        detail: &'a str,
    }
    /// The executable file of the process, as it was when the recording ended. Thread 0; written
    /// by the recorder, if it could read the file.
    145 Executable {
        /// [XXH64](crate::checksum) of the content with seed 0.
        hash: u64,
        /// The length in bytes.
        bytes: u64,
        /// The path, as in [`ProcessStarted`](Event::ProcessStarted).
        path: &'a str,
    }
    /// The latest panic of the thread was caught, before its next event. Not recorded for a panic
    /// that ends the thread.
    146 PanicCaught {}
    /// The command that was recorded has ended: a process of the recording, or one that started
    /// them. Thread 0 of a process; written by the recorder.
    147 RunEnded {
        /// The monotonic clock in nanoseconds.
        monotonic_ns: u64,
        /// The exit code, or 0 if a signal ended the command.
        code: u32,
        /// The signal that ended it, or 0.
        signal: u32,
        /// The code of the [`EndCause`](crate::EndCause).
        cause: u32,
    }
    /// The calls that led to the place of the next [`Site`](Event::Site) of this block, which is in
    /// a dependency of the program.
    148 Callers {
        /// Return addresses, the innermost first, as offsets from the start of the executable in
        /// memory. Zeros follow the last one.
        callers: [u32; MAX_CALLERS],
    }
    /// A function that a caller is in, from the executable's debug information. If functions are
    /// inlined there, a record for each follows, the innermost first. Thread 0; written by the
    /// recorder.
    149 CallerResolved {
        /// The return address, as in [`Callers`](Event::Callers).
        caller: u32,
        /// The line of the call, from 1; 0 if it is not known.
        line: u32,
        /// The path of the source file, or empty.
        file: &'a str,
        /// The function, or empty.
        function: &'a str,
    }
    /// In a run whose [schedule is controlled](crate::control): the scheduler lets this thread go on
    /// instead of the one before. Threads go on one at a time, so these events of all threads order
    /// the operations of the process, and are its schedule.
    150 Scheduled {
        /// The number of the choice, from 0. A choice that lets the same thread go on is counted and
        /// not recorded.
        step: u64,
    }
    /// In a run whose schedule is controlled, if [all choices are recorded](crate::control::CHOICES):
    /// the scheduler lets this thread go on, or go on further. What the thread records up to its next
    /// choice belongs to this one.
    151 Chosen {
        /// The number of the choice, from 0.
        step: u64,
        /// The threads that could go on: a bit for each of the threads 0 to 63, the lowest for 0.
        candidates: u64,
    }
}

/// Reads the record at the start of `bytes`.
///
/// # Errors
/// [`Error::Truncated`] if the record does not end within `bytes`, or [`Error::Malformed`] if
/// `bytes` do not start with a record. Offsets count from the start of `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Record<'_>, Error> {
    let (first, _) = u64::take(bytes, 0)?;
    let (event, end) = Event::decode_fields(first as u8, bytes)?;
    let length = end.next_multiple_of(8);
    let padding = bytes.get(end..length).ok_or(Error::Truncated { offset: 0 })?;
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Error::Malformed { offset: end as u64, what: "padding is not zero" });
    }
    Ok(Record { time: first >> 8, event, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlockHeader, FILE_HEADER_BYTES, MessageId};

    /// One of each event, with distinct numbers and with `text` in all texts.
    fn samples(text: &str) -> Vec<Event<'_>> {
        let mut samples = vec![
            Event::ProcessStarted {
                pid: 1,
                parent: 2,
                ticks: 3,
                monotonic_ns: 4,
                wall_ns: u64::MAX,
                executable: text,
                arguments: text,
            },
            Event::ProcessEnded { monotonic_ns: 1, code: 2, signal: u32::MAX },
            Event::Clock { monotonic_ns: u64::MAX },
            Event::ThreadStarted { os_id: 1, name: text },
            Event::ThreadEnded {},
            Event::Site { site: 1, line: 2, column: 3, file: text },
            Event::ChannelCreated {
                channel: 1,
                sender: 2,
                receiver: 3,
                site: 4,
                bound: UNBOUNDED,
                message_type: text,
                name: text,
            },
            Event::SenderCloned { sender: 1, from: 2, site: 3 },
            Event::SenderDropped { endpoint: 1 },
            Event::ReceiverDropped { endpoint: 2 },
            Event::Paused {},
            Event::Resumed {},
            Event::Forgotten { thread: 1, os_id: 2, sequence: 3, name: text },
            Event::Panicked { line: 1, column: 2, file: text, message: text },
            Event::Returned { panicked: 1 },
        ];
        samples.extend(OperationKind::ALL.iter().map(|&kind| Event::Operation {
            kind,
            endpoint: 1,
            site: u32::MAX,
            detail: MessageId::new(3, 4).0,
        }));
        samples.extend([
            Event::PrimitiveSeen { primitive: 1, kind: 2, site: 3, size: 4, value_type: text },
            Event::EndpointNamed { endpoint: 1, name: text },
            Event::PrimitiveNamed { primitive: 1, name: text },
            Event::Value { message: 1, value: text },
            Event::Callsite { callsite: 1, level: 2, site: 3, target: text, name: text },
            Event::SpanEntered { callsite: 1, span: 2, fields: text },
            Event::SpanExited { span: 1 },
            Event::Logged { callsite: 1, message: text },
            Event::Host { name: text },
            Event::ReceiverCloned { receiver: 1, from: 2, site: 3 },
            Event::SelectArm { endpoint: 1, arm: 2, message: 3 },
            Event::TaskSpawned { task: 1, by: 2, site: 3, name: text },
            Event::TaskResumed { task: 1 },
            Event::TaskSuspended { task: 2 },
            Event::TaskEnded { task: 3 },
            Event::ThreadsCounted { monotonic_ns: 1, threads: 2 },
            Event::ThreadObserved {
                os_id: 1,
                monotonic_ns: 2,
                state: 3,
                syscall: NO_SYSCALL,
                on_cpu_ns: 4,
                ready_ns: 5,
                started_ns: 6,
                name: text,
                detail: text,
            },
            Event::Executable { hash: u64::MAX, bytes: 1, path: text },
            Event::PanicCaught {},
            Event::RunEnded { monotonic_ns: 1, code: 2, signal: 3, cause: 4 },
            Event::Callers { callers: std::array::from_fn(|index| index as u32 % 18) },
            Event::CallerResolved { caller: 1, line: 2, file: text, function: text },
            Event::Scheduled { step: u64::MAX },
            Event::Chosen { step: u64::MAX, candidates: 6 },
        ]);
        samples.sort_by_key(|event| encode(0, event)[0]);
        samples
    }

    /// The record of an event, written over bytes that are not zero.
    fn encode(time: u64, event: &Event<'_>) -> Vec<u8> {
        let mut bytes = [0xaa; MAX_RECORD];
        let length = event.encode(time, &mut bytes);
        assert!(
            bytes[length..].iter().all(|&byte| byte == 0xaa),
            "{event:?} was written beyond its end"
        );
        bytes[..length].to_vec()
    }

    #[test]
    fn the_samples_hold_every_event() {
        // Zeros are valid fields of every event, so only unknown codes are refused.
        let known = (0..=u8::MAX).filter(|&code| {
            let mut bytes = [0; MAX_RECORD];
            bytes[0] = code;
            decode(&bytes).is_ok()
        });
        let sampled = samples("").iter().map(|event| encode(0, event)[0]).collect::<Vec<_>>();
        assert_eq!(known.collect::<Vec<_>>(), sampled);
    }

    #[test]
    fn a_select_arm_has_the_words_of_an_operation() {
        let bytes = encode(5, &Event::SelectArm { endpoint: 1, arm: 2, message: 3 });
        let words = [5 << 8 | u64::from(SELECT_ARM_CODE), 2 << 32 | 1, 3];
        assert_eq!(bytes, words.map(u64::to_le_bytes).as_flattened());
    }

    #[test]
    fn every_event_survives_encoding() {
        for text in ["", "a", "seven c", "eight ch", "\"\\\n\0\u{7f}é🦀"] {
            for event in samples(text) {
                let bytes = encode(5, &event);
                assert_eq!(bytes.len() % 8, 0);
                assert_eq!(decode(&bytes), Ok(Record { time: 5, event, length: bytes.len() }));
            }
        }
    }

    #[test]
    fn every_event_survives_the_text_form() {
        for text in ["", "a b=c", "\"\\\r\n\0\u{7f}\u{85}\u{2028}é🦀", "\\u{61}"] {
            for event in samples(text) {
                let line = text::event(5, &event);
                let whole = format!(
                    "{}\n{}\n{line}",
                    text::heading(),
                    text::block(&BlockHeader::default())
                );
                let bytes = text::parse(&whole).unwrap();
                let record = decode(&bytes[FILE_HEADER_BYTES + BlockHeader::BYTES..]).unwrap();
                assert_eq!((record.time, record.event), (5, event), "{line}");
                assert!(line.starts_with(&format!("5 {}", event.name())), "{line}");
            }
        }
    }

    #[test]
    fn no_event_exceeds_the_maximum_record() {
        let long = "x".repeat(MAX_TEXT + 1);
        let lengths = samples(&long).into_iter().map(|event| encode(0, &event).len());
        // Two texts with their lengths, and the numbers of `ThreadObserved`.
        assert_eq!(lengths.max(), Some(8 + 48 + 2 * (4 + MAX_TEXT)));
    }

    #[test]
    fn every_event_that_ends_early_is_truncated() {
        for event in samples("text") {
            let bytes = encode(5, &event);
            for length in 0..bytes.len() {
                let found = decode(&bytes[..length]);
                assert_eq!(found, Err(Error::Truncated { offset: 0 }), "{event:?} to {length}");
            }
        }
    }

    #[test]
    fn bytes_after_a_record_are_ignored() {
        for event in samples("text") {
            let mut bytes = encode(5, &event);
            let length = bytes.len();
            bytes.extend([0xff; 9]);
            assert_eq!(decode(&bytes), Ok(Record { time: 5, event, length }));
        }
    }

    #[test]
    fn a_time_wraps_around() {
        for event in samples("text") {
            for (time, kept) in [(1 << TIME_BITS, 0), (u64::MAX, (1 << TIME_BITS) - 1)] {
                let bytes = encode(time, &event);
                assert_eq!(decode(&bytes).unwrap().time, kept);
                assert_eq!(bytes, encode(kept, &event));
            }
        }
    }

    #[test]
    #[should_panic = "out of range"]
    fn encoding_into_a_short_buffer_panics() {
        Event::ThreadEnded {}.encode(0, &mut [0; 7]);
    }
}
