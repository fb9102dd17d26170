//! Operations in words.

use format::{Call, Outcome, Phase};

use super::order::{Action, Object, Operation, Order};

impl Order {
    /// An operation without its subject: `receive #7 from jobs`.
    pub fn infinitive(&self, operation: &Operation) -> String {
        let object = self.object_name(operation.object);
        let kind = match operation.action {
            Action::DropSender => return format!("drop a sender of {object}"),
            Action::DropReceiver => return format!("drop the receiver of {object}"),
            Action::Panic { .. } => return "panic".to_owned(),
            Action::Call(kind) => kind,
        };
        let call = kind.call();
        let message = match operation.message {
            0 => "a message".to_owned(),
            number => format!("#{number}"),
        };
        match kind.outcome() {
            Outcome::Full => return format!("find {object} full"),
            Outcome::Empty => return format!("find {object} empty"),
            Outcome::Held => return format!("find {object} locked"),
            Outcome::Disconnected => return format!("find {object} disconnected"),
            Outcome::TimedOut => return format!("give up waiting for {object}"),
            _ => {}
        }
        let begins = kind.phase() == Phase::Begin;
        let done = match call {
            Call::Send | Call::TrySend => format!("send {message} to {object}"),
            Call::Recv | Call::TryRecv | Call::RecvTimeout if begins => {
                format!("receive from {object}")
            }
            Call::Recv | Call::TryRecv | Call::RecvTimeout => {
                format!("receive {message} from {object}")
            }
            Call::Select => "select".to_owned(),
            Call::Lock | Call::TryLock => format!("lock {object}"),
            Call::Unlock => format!("unlock {object}"),
            Call::Read | Call::TryRead => format!("lock {object} for reading"),
            Call::ReadUnlock | Call::WriteUnlock => format!("unlock {object}"),
            Call::Write | Call::TryWrite => format!("lock {object} for writing"),
            Call::Downgrade => format!("downgrade the lock of {object}"),
            Call::CondvarWait | Call::CondvarWaitTimeout | Call::BarrierWait if begins => {
                return format!("wait at {object}");
            }
            Call::CondvarWait | Call::CondvarWaitTimeout => format!("wake up at {object}"),
            Call::NotifyOne => format!("notify one thread at {object}"),
            Call::NotifyAll => format!("notify all threads at {object}"),
            Call::BarrierWait => format!("pass {object}"),
            Call::Initialize if begins => return format!("wait for {object}"),
            Call::Initialize => format!("find {object} initialised"),
            Call::Initializer => format!("initialise {object}"),
            Call::Spawn => format!("spawn {object}"),
            Call::Join => format!("join {object}"),
            Call::Scope => "end the scope".to_owned(),
            Call::Park | Call::ParkTimeout if begins => return "park".to_owned(),
            Call::Park | Call::ParkTimeout => "wake up from park".to_owned(),
            Call::Unpark => format!("unpark {object}"),
            Call::Sleep if begins => return "sleep".to_owned(),
            Call::Sleep => "wake up from sleep".to_owned(),
            Call::YieldNow => "yield".to_owned(),
        };
        if begins { format!("wait to {done}") } else { done }
    }

    /// The same in the third person: `receives #7 from jobs`.
    pub fn present(&self, operation: &Operation) -> String {
        third_person(&self.infinitive(operation))
    }

    /// The wait in which the thread with this identity is at the end: `it waits to lock jobs at
    /// src/main.rs:40`.
    pub(super) fn last_wait(&self, identity: u64) -> Option<String> {
        let operation = self.waiting().find(|it| self.identity(it.thread) == identity)?;
        Some(format!("it {}{}", self.present(operation), self.at(operation)))
    }

    /// ` at src/main.rs:40`, or nothing if the place is not known.
    pub fn at(&self, operation: &Operation) -> String {
        self.file_and_line(operation).map_or(String::new(), |place| format!(" at {place}"))
    }

    /// `src/main.rs:40`.
    pub fn file_and_line(&self, operation: &Operation) -> Option<String> {
        let place = self.place_of(operation)?;
        let file = match format::fetched_package(&place.file) {
            Some((package, file)) => format!("{package}/{file}"),
            None => place.file.clone(),
        };
        Some(format!("{file}:{}", place.line))
    }

    /// The name of an object.
    pub fn object_name(&self, object: Object) -> String {
        match object {
            Object::Channel(number) => {
                self.channels.get(&number).map(|channel| quoted(&channel.label))
            }
            Object::Primitive(number) => {
                self.primitives.get(&number).map(|primitive| quoted(&primitive.label))
            }
            Object::Thread(number) => Some(self.thread_name(number)),
            Object::Nothing => None,
        }
        .unwrap_or_else(|| "something".to_owned())
    }
}

/// A label that contains a space is hard to read without quotation marks.
fn quoted(label: &str) -> String {
    if label.contains(' ') { format!("\"{label}\"") } else { label.to_owned() }
}

/// `receive #7` becomes `receives #7`.
fn third_person(infinitive: &str) -> String {
    let (verb, rest) = infinitive.split_once(' ').unwrap_or((infinitive, ""));
    let verb = match verb.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if verb.ends_with('s') => format!("{verb}es"),
        None => format!("{verb}s"),
    };
    format!("{verb} {rest}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_put_into_the_third_person() {
        for (infinitive, third) in [
            ("receive #7 from jobs", "receives #7 from jobs"),
            ("pass a barrier", "passes a barrier"),
            ("notify one thread", "notifies one thread"),
            ("panic", "panics"),
        ] {
            assert_eq!(third_person(infinitive), third);
        }
    }
}
