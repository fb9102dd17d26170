//! The conformance suite against the crate while a `tracing` subscriber receives every operation,
//! and itself uses channels to handle it.

mod library {
    use std::cell::Cell;
    use std::fmt::Debug;
    use std::sync::{LazyLock, Once};

    pub(crate) use instrumented::{sync, thread, time};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
    use tracing_subscriber::util::SubscriberInitExt;

    /// Installs the subscriber before the first test uses a channel.
    pub(crate) fn setup() {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| tracing_subscriber::registry().with(SendLengths).init());
    }

    thread_local! {
        /// Number of events and spans that the subscriber has received from this thread.
        static RECEIVED: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn received() -> usize {
        RECEIVED.get()
    }

    /// Formats the fields of everything that it receives, and sends their total length.
    struct SendLengths;

    impl SendLengths {
        fn handle(record: impl FnOnce(&mut Length)) {
            static LENGTHS: LazyLock<sync::mpsc::SyncSender<usize>> = LazyLock::new(|| {
                let (tx, rx) = sync::mpsc::sync_channel(1);
                // From the second message on there is no room, and attempts fail.
                std::mem::forget(rx);
                tx
            });
            RECEIVED.set(RECEIVED.get() + 1);
            let mut length = Length(0);
            record(&mut length);
            let _ = LENGTHS.try_send(length.0);
        }
    }

    struct Length(usize);

    impl Visit for Length {
        fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
            self.0 += format!("{value:?}").len();
        }
    }

    impl<S: Subscriber> Layer<S> for SendLengths {
        fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
            Self::handle(|length| attributes.record(length));
        }

        fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
            Self::handle(|length| values.record(length));
        }

        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            Self::handle(|length| event.record(length));
        }
    }
}

mod conformance;

/// Without this test the suite would also pass if nothing were emitted.
#[test]
fn the_suite_is_emitted() {
    library::setup();
    let (tx, rx) = library::sync::mpsc::channel();
    let before = library::received();
    tx.send(1).expect("the receiver exists");
    assert_eq!(rx.recv(), Ok(1));
    // One event each. The subscriber's own sends are not emitted.
    assert_eq!(library::received(), before + 2);
}
