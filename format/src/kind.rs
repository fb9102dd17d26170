//! Fields of events that hold one of a few codes.

macro_rules! kinds {
    ($(#[$doc:meta])* $type:ident {
        $($(#[$kind_doc:meta])* $code:literal $name:ident,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $type {
            $(
                $(#[$kind_doc])*
                #[doc = concat!("\n\nCode ", stringify!($code), ".")]
                $name = $code,
            )*
        }

        impl $type {
            /// All kinds, in the order of their codes.
            pub const ALL: &[$type] = &[$($type::$name),*];

            /// The kind with this code.
            pub fn from_code(code: u32) -> Option<Self> {
                match code {
                    $($code => Some($type::$name),)*
                    _ => None,
                }
            }

            /// The name of the kind.
            pub fn name(self) -> &'static str {
                match self { $($type::$name => stringify!($name),)* }
            }
        }
    };
}

kinds! {
    /// A kind of synchronisation primitive: the `kind` of
    /// [`Event::PrimitiveSeen`](crate::Event::PrimitiveSeen). Its name is that of the type in the
    /// standard library.
    PrimitiveKind {
        /// `Mutex`
        1 Mutex,
        /// `RwLock`
        2 RwLock,
        /// `Condvar`
        3 Condvar,
        /// `Barrier`
        4 Barrier,
        /// `Once`
        5 Once,
        /// `OnceLock`
        6 OnceLock,
        /// `LazyLock`
        7 LazyLock,
    }
}

kinds! {
    /// The operation of an arm of a select: the `arm` of
    /// [`Event::SelectArm`](crate::Event::SelectArm).
    Arm {
        /// The arm receives a message.
        0 Receive,
        /// The arm sends a message.
        1 Send,
    }
}

kinds! {
    /// The state of a thread in the operating system: the `state` of
    /// [`Event::ThreadObserved`](crate::Event::ThreadObserved).
    ThreadState {
        /// Not known, or none of the others.
        0 Unknown,
        /// It runs, or is ready to run.
        1 Running,
        /// It sleeps and can be interrupted.
        2 Sleeping,
        /// It sleeps and cannot be interrupted, usually for input or output.
        3 Uninterruptible,
        /// It is stopped by a signal or a debugger.
        4 Stopped,
        /// It has ended.
        5 Ended,
    }
}

kinds! {
    /// Why the recorder, or its user, ended a program: the `cause` of
    /// [`Event::RunEnded`](crate::Event::RunEnded).
    EndCause {
        /// The program ended by itself, or for a reason that the recorder does not know.
        0 Itself,
        /// Its time was over.
        1 TimedOut,
        /// It hung.
        2 Hung,
        /// The recorder received a signal, such as Ctrl-C, that was for the program, too.
        3 Interrupted,
    }
}

kinds! {
    /// How a process chooses the thread that goes on: the word
    /// [`STRATEGY`](crate::control::STRATEGY).
    Strategy {
        /// The thread that went on before goes on, as long as it can; then the one with the lowest
        /// number that can, and only then one whose timeout expires.
        1 Stay,
        /// Any thread, with equal probability; one whose timeout would have to expire less often.
        2 Random,
        /// Probabilistic concurrency testing: the thread with the highest priority. Priorities are
        /// random, and change at random choices, one less than the depth (Burckhardt et al., *A
        /// Randomized Scheduler with Probabilistic Guarantees of Finding Bugs*, ASPLOS 2010).
        3 Priorities,
        /// The interleavings of the selected operations of an [`EarlierRun`](crate::EarlierRun) with
        /// about equal probability (Zhao et al., *Selectively Uniform Concurrency Testing*, ASPLOS
        /// 2025).
        4 Uniform,
        /// The order of the operations of an [`EarlierRun`](crate::EarlierRun), as far as possible.
        5 Follow,
    }
}

kinds! {
    /// Why no thread of a process with a controlled schedule goes on: the word
    /// [`STOPPED`](crate::control::STOPPED).
    Stop {
        /// Every thread waits for another one, without a timeout.
        1 Deadlock,
        /// The maximum number of choices is reached.
        2 StepLimit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! assert_consistent {
        ($type:ty) => {
            let by_code: Vec<_> = (0..100).filter_map(<$type>::from_code).collect();
            assert_eq!(by_code, <$type>::ALL);
            for &kind in <$type>::ALL {
                assert_eq!(<$type>::from_code(kind as u32), Some(kind));
                assert_eq!(kind.name(), format!("{kind:?}"));
            }
        };
    }

    #[test]
    fn codes_and_names_agree() {
        assert_consistent!(PrimitiveKind);
        assert_consistent!(Arm);
        assert_consistent!(ThreadState);
        assert_consistent!(EndCause);
        assert_consistent!(Strategy);
        assert_consistent!(Stop);
    }
}
