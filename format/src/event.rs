//! The table of events, and the encoder and decoder that follow from it.

use crate::field::Field;
use crate::operation::{OperationKind, operation_words};
use crate::{Error, text};

/// The longest text in a record, in bytes; the encoder cuts longer ones.
pub const MAX_TEXT: usize = 480;

/// The longest record, in bytes. It fits into the smallest block.
pub const MAX_RECORD: usize = 1024;

/// The bound of a channel that has none.
pub const UNBOUNDED: u64 = u64::MAX;

/// How many bits of a time a record holds.
pub const TIME_BITS: u32 = 56;

/// One decoded record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Ticks of the process's clock, modulo 2⁵⁶.
    pub time: u64,
    /// What happened.
    pub event: Event<'a>,
    /// How many bytes the record takes.
    pub length: usize,
}

macro_rules! events {
    ($(
        $(#[$doc:meta])*
        $code:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
    )*) => {
        /// What a record tells. A record's code is the number before the event's name
        /// in this crate's table, `Operation`'s is its kind's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event<'a> {
            $($(#[$doc])* $name { $($(#[$field_doc])* $field: $type,)* },)*
            /// An operation, or one end of it.
            Operation {
                /// Which call, how far, with what outcome.
                kind: OperationKind,
                /// What it was on, of the kind that [`Call::subject`](crate::Call::subject)
                /// says: a channel's endpoint, a primitive, a thread, or 0.
                endpoint: u32,
                /// Where it was called: a [`Event::Site`] of the same block, or 0.
                site: u32,
                /// A word whose meaning [`OperationKind::detail`] tells; 0 if there is none.
                detail: u64,
            },
        }

        impl<'a> Event<'a> {
            /// Writes the record to the start of `out`; gives its length, a multiple of 8.
            ///
            /// `time` is taken modulo 2⁵⁶; texts over [`MAX_TEXT`] bytes are cut.
            ///
            /// # Panics
            /// If `out` is too short; [`MAX_RECORD`] bytes are always enough.
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

            /// The event's name in the text form.
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

            /// Appends `name key=value …`, the event's text form without its time.
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

            /// Reads the text form back.
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
    /// The process began to record. The first record of its thread 0.
    1 ProcessStarted {
        /// The operating system's number for the process.
        pid: u32,
        /// The process that started it.
        parent: u32,
        /// The clock, all 64 bits, at the instant of the other two times.
        ticks: u64,
        /// The monotonic clock, in nanoseconds.
        monotonic_ns: u64,
        /// The wall clock, in nanoseconds since 1970.
        wall_ns: u64,
        /// The path of the executable.
        executable: &'a str,
        /// The command line, arguments separated by spaces.
        arguments: &'a str,
    }
    /// The recorder saw the process end. A record of the process's thread 0.
    2 ProcessEnded {
        /// The monotonic clock, in nanoseconds.
        monotonic_ns: u64,
        /// The exit code; 0 where a signal ended it or the status is not known.
        code: u32,
        /// The signal that ended it, or 0.
        signal: u32,
    }
    /// The record's time, on the monotonic clock as well.
    3 Clock {
        /// The monotonic clock, in nanoseconds.
        monotonic_ns: u64,
    }
    /// A thread is seen for the first time. The first record of each thread.
    4 ThreadStarted {
        /// The operating system's number for the thread.
        os_id: u64,
        /// The thread's name, or nothing.
        name: &'a str,
    }
    /// A thread has run its thread-local destructors.
    5 ThreadEnded {}
    /// A place in the source that later records of this block refer to.
    6 Site {
        /// The number by which this block refers to it.
        site: u32,
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// The source file, as the compiler was given it.
        file: &'a str,
    }
    /// A constructor made a channel and its two first endpoints.
    7 ChannelCreated {
        /// The channel.
        channel: u32,
        /// Its first sender.
        sender: u32,
        /// Its receiver.
        receiver: u32,
        /// Where it was made.
        site: u32,
        /// How many messages it holds: 0 is a rendezvous, [`UNBOUNDED`] any number.
        bound: u64,
        /// The message type, as the compiler writes it.
        message_type: &'a str,
        /// The name that the program gave it, or nothing.
        name: &'a str,
    }
    /// A sender was cloned.
    8 SenderCloned {
        /// The new endpoint.
        sender: u32,
        /// The endpoint that was cloned.
        from: u32,
        /// Where.
        site: u32,
    }
    /// A sender was dropped.
    9 SenderDropped {
        /// The endpoint.
        endpoint: u32,
    }
    /// A receiver was dropped, and with it every message that was still queued.
    10 ReceiverDropped {
        /// The endpoint.
        endpoint: u32,
    }
    /// From now on the process's operations are left out.
    11 Paused {}
    /// From now on they are recorded again.
    12 Resumed {}
    /// A flight recorder has forgotten this thread's blocks up to one, and tells what is
    /// still known of it. A record of the process's thread 0, whose channels, clones, drops,
    /// spawns, primitives, callsites and names are those of blocks that were forgotten. A
    /// `Returned` after this record is this thread's.
    13 Forgotten {
        /// The thread.
        thread: u32,
        /// The operating system's number for it.
        os_id: u64,
        /// The first of its blocks that was not forgotten.
        sequence: u64,
        /// The thread's name, or nothing.
        name: &'a str,
    }
    /// The thread panics, where and with what message. It may still be caught.
    14 Panicked {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// The source file, as the compiler was given it.
        file: &'a str,
        /// The message, or nothing where it is no text.
        message: &'a str,
    }
    /// The function that the thread was spawned with is over. Its thread-local destructors
    /// are still to run.
    15 Returned {
        /// 1 if it has panicked, else 0.
        panicked: u32,
    }
    /// A synchronisation primitive is used for the first time.
    128 PrimitiveSeen {
        /// The primitive.
        primitive: u32,
        /// What it is: a [`PrimitiveKind`](crate::PrimitiveKind).
        kind: u32,
        /// Where it was made.
        site: u32,
        /// For a `Barrier`, how many threads it waits for; else 0.
        size: u64,
        /// The type of what it holds, as the compiler writes it, or nothing.
        value_type: &'a str,
    }
    /// The program has named an endpoint.
    129 EndpointNamed {
        /// The endpoint.
        endpoint: u32,
        /// Its name.
        name: &'a str,
    }
    /// The program has named a synchronisation primitive.
    130 PrimitiveNamed {
        /// The primitive.
        primitive: u32,
        /// Its name.
        name: &'a str,
    }
    /// What the message is that this thread is about to send.
    131 Value {
        /// The message ([`MessageId`](crate::MessageId)).
        message: u64,
        /// It, as text; ends in `…` where that was cut.
        value: &'a str,
    }
    /// A place of the program that opens spans of the crate `tracing`, or logs with it, is
    /// used for the first time.
    132 Callsite {
        /// The callsite.
        callsite: u32,
        /// 1 is an error, 2 a warning, 3 information, 4 for debugging, 5 a trace.
        level: u32,
        /// Where it is. `tracing` knows no column: it is 0.
        site: u32,
        /// What part of the program it says it is of.
        target: &'a str,
        /// The span's name; for what logs, nothing.
        name: &'a str,
    }
    /// The thread enters a span of the crate `tracing`.
    133 SpanEntered {
        /// Where the span was made.
        callsite: u32,
        /// The span's number.
        span: u64,
        /// Its fields: `key=value key=value`.
        fields: &'a str,
    }
    /// The thread leaves a span.
    134 SpanExited {
        /// The span's number.
        span: u64,
    }
    /// The program has logged something with the crate `tracing`.
    135 Logged {
        /// Where.
        callsite: u32,
        /// Message and fields.
        message: &'a str,
    }
    /// On what machine the process runs. A record of the process's thread 0.
    136 Host {
        /// The machine's name.
        name: &'a str,
    }
}

/// Reads the record at the start of `bytes`.
///
/// # Errors
/// [`Error::Truncated`] if it does not end within `bytes`, [`Error::Malformed`] if it
/// is none; offsets count from the start of `bytes`.
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

    /// One of every event, with no two numbers alike and `text` wherever one stands.
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
        ]);
        samples
    }

    /// The record of an event, written over what is not zero.
    fn encode(time: u64, event: &Event<'_>) -> Vec<u8> {
        let mut bytes = [0xaa; MAX_RECORD];
        let length = event.encode(time, &mut bytes);
        assert!(bytes[length..].iter().all(|&byte| byte == 0xaa), "{event:?} writes past its end");
        bytes[..length].to_vec()
    }

    #[test]
    fn the_samples_are_every_event() {
        // Zeros are good fields for every event, so only an unknown code is refused.
        let known = (0..=u8::MAX).filter(|&code| {
            let mut bytes = [0; MAX_RECORD];
            bytes[0] = code;
            decode(&bytes).is_ok()
        });
        let sampled = samples("").iter().map(|event| encode(0, event)[0]).collect::<Vec<_>>();
        assert_eq!(known.collect::<Vec<_>>(), sampled);
    }

    #[test]
    fn every_event_comes_back_from_bytes() {
        for text in ["", "a", "seven c", "eight ch", "\"\\\n\0\u{7f}é🦀"] {
            for event in samples(text) {
                let bytes = encode(5, &event);
                assert_eq!(bytes.len() % 8, 0);
                assert_eq!(decode(&bytes), Ok(Record { time: 5, event, length: bytes.len() }));
            }
        }
    }

    #[test]
    fn every_event_comes_back_from_text() {
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
    fn no_event_is_longer_than_a_record() {
        let long = "x".repeat(MAX_TEXT + 1);
        let lengths = samples(&long).into_iter().map(|event| encode(0, &event).len());
        // Two texts with their lengths, and the numbers of a process's start.
        assert_eq!(lengths.max(), Some(8 + 8 + 24 + 2 * (4 + MAX_TEXT)));
    }

    #[test]
    fn every_event_that_is_cut_is_truncated() {
        for event in samples("text") {
            let bytes = encode(5, &event);
            for length in 0..bytes.len() {
                let found = decode(&bytes[..length]);
                assert_eq!(found, Err(Error::Truncated { offset: 0 }), "{event:?} to {length}");
            }
        }
    }

    #[test]
    fn what_follows_a_record_is_not_looked_at() {
        for event in samples("text") {
            let mut bytes = encode(5, &event);
            let length = bytes.len();
            bytes.extend([0xff; 9]);
            assert_eq!(decode(&bytes), Ok(Record { time: 5, event, length }));
        }
    }

    #[test]
    fn a_time_is_taken_modulo_its_bits() {
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
    fn a_buffer_that_is_too_short_is_a_panic() {
        Event::ThreadEnded {}.encode(0, &mut [0; 7]);
    }
}
