//! The suite against the crate while a subscriber is told of every operation, and uses
//! channels itself for that.

mod library {
    use std::fmt::Debug;
    use std::sync::{LazyLock, Once};

    pub(crate) use instrumented::{sync, thread};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
    use tracing_subscriber::util::SubscriberInitExt;

    /// Before the first test's first channel.
    pub(crate) fn begin() {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| tracing_subscriber::registry().with(Sends).init());
    }

    /// Looks at all that it is told, and sends something.
    struct Sends;

    impl Sends {
        fn look(record: impl FnOnce(&mut Looks)) {
            static TOLD: LazyLock<sync::mpsc::SyncSender<usize>> = LazyLock::new(|| {
                let (tx, rx) = sync::mpsc::sync_channel(1);
                // Once there is no room, attempts fail.
                std::mem::forget(rx);
                tx
            });
            let mut looks = Looks(0);
            record(&mut looks);
            let _ = TOLD.try_send(looks.0);
        }
    }

    struct Looks(usize);

    impl Visit for Looks {
        fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
            self.0 += format!("{value:?}").len();
        }
    }

    impl<S: Subscriber> Layer<S> for Sends {
        fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
            Self::look(|looks| attributes.record(looks));
        }

        fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
            Self::look(|looks| values.record(looks));
        }

        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            Self::look(|looks| event.record(looks));
        }
    }
}

mod suite;
