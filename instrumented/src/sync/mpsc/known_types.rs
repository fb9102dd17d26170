//! Formats messages of known types, without any bound on the message type.
//!
//! The messages of a channel may be of any type, including types without `Debug` and types that
//! borrow. The type is therefore looked up in a table, by the [`TypeId`] that it has with all
//! lifetimes replaced by `'static`. A tuple cannot be taken apart without a bound on its type, so
//! the table contains the tuples of two known types, of three of the most common ones, and of
//! three and four of one type.
#![allow(unsafe_code)]

use std::any::TypeId;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::mem::{offset_of, transmute};
use std::ptr;

/// The layout of the known type `T`.
pub(super) struct KnownType<T> {
    /// The layout of `T`: ensured by [`find`](Self::find), the only constructor.
    layout: &'static Layout,
    message: PhantomData<fn(&T)>,
}

impl<T> Clone for KnownType<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for KnownType<T> {}

impl<T> KnownType<T> {
    /// Looks up `T`. Returns `None` if it is not a known type.
    pub(super) fn find() -> Option<Self> {
        let id = type_id::<T>();
        let layout = SINGLES
            .iter()
            .chain(PAIRS.as_flattened())
            .chain(TRIPLES.as_flattened().as_flattened())
            .chain(UNIFORM_TUPLES.as_flattened())
            .find(|layout| layout.id == id)?;
        Some(KnownType { layout, message: PhantomData })
    }

    /// Writes the message as its `Debug` implementation does.
    pub(super) fn fmt(self, message: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fmt_part = |part: &Part, f: &mut fmt::Formatter<'_>| {
            let place = ptr::from_ref(message).wrapping_byte_add(part.offset.into());
            // SAFETY: `layout` is the layout of `T`, except for lifetimes, which do not affect
            // offsets. So a value of the type `part.kind` is at this offset within `message`,
            // which is borrowed during the call.
            unsafe { part.kind.fmt(place.cast(), f) }
        };
        match self.layout.parts {
            [Some(part), None, ..] => fmt_part(&part, f),
            parts => {
                let mut tuple = f.debug_tuple("");
                for part in parts.iter().flatten() {
                    tuple.field(&fmt::from_fn(|f| fmt_part(part, f)));
                }
                tuple.finish()
            }
        }
    }
}

/// Returns the [`TypeId`] of `T` with all lifetimes replaced by `'static`.
fn type_id<T>() -> TypeId {
    trait Identified {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T> Identified for PhantomData<T> {
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let identified: &dyn Identified = &PhantomData::<T>;
    // SAFETY: only the lifetime bound of the trait object changes, which affects neither the
    // pointer nor the vtable. The only method that requires the bound accesses no value and
    // stores no reference: it returns a constant, which does not depend on lifetimes.
    let identified: &(dyn Identified + 'static) = unsafe { transmute(identified) };
    identified.id()
}

/// A known type, and its parts.
#[derive(Clone, Copy)]
struct Layout {
    id: TypeId,
    /// The value itself, or the fields of a tuple.
    parts: [Option<Part>; 4],
}

#[derive(Clone, Copy)]
struct Part {
    /// Offset within the message, in bytes.
    offset: u8,
    kind: Kind,
}

/// A type that can be formatted.
trait Known: 'static {
    const KIND: Kind;
}

/// Calls a function with the product of lists of types: `product!(make [] [[A, B] [C, D]])` is
/// `[[make::<A, C>(), make::<A, D>()], [make::<B, C>(), make::<B, D>()]]`.
macro_rules! product {
    ($make:ident [$($chosen:ty),*] []) => { $make::<$($chosen),*>() };
    ($make:ident $chosen:tt [$types:tt $($more:tt)*]) => {
        product!(@each $make $chosen $types [$($more)*])
    };
    (@each $make:ident $chosen:tt [$($type:ty),*] $more:tt) => {
        [$(product!(@with $type, $make $chosen $more)),*]
    };
    (@with $type:ty, $make:ident [$($chosen:ty),*] $more:tt) => {
        product!($make [$($chosen,)* $type] $more)
    };
}

macro_rules! kinds {
    ($($kind:ident $type:ty $(as $borrowed:ty)?;)*) => {
        /// Names a type that can be formatted.
        #[derive(Clone, Copy)]
        enum Kind {
            $($kind,)*
        }

        impl Kind {
            /// Formats the value at `place`.
            ///
            /// # Safety
            /// At `place` there must be a value of the named type, with any lifetimes, that can
            /// be borrowed for this call.
            unsafe fn fmt(self, place: *const (), f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Kind::$kind => {
                        // SAFETY: the caller guarantees that the value is there and can be
                        // borrowed. The reference, with all lifetimes in it, does not outlive
                        // this call.
                        let value = unsafe { &*place.cast::<kinds!(@ $type $(, $borrowed)?)>() };
                        Debug::fmt(value, f)
                    })*
                }
            }
        }

        $(impl Known for $type {
            const KIND: Kind = Kind::$kind;
        })*

        static SINGLES: [Layout; [$(Kind::$kind),*].len()] = [$(single::<$type>()),*];
        static PAIRS: [[Layout; SINGLES.len()]; SINGLES.len()] =
            product!(pair [] [[$($type),*] [$($type),*]]);
        /// Tuples of three and four of one type.
        static UNIFORM_TUPLES: [[Layout; 2]; SINGLES.len()] =
            [$([triple::<$type, $type, $type>(), quadruple::<$type, $type, $type, $type>()]),*];
    };
    (@ $type:ty) => { $type };
    (@ $type:ty, $borrowed:ty) => { $borrowed };
}

kinds! {
    I8 i8;
    I16 i16;
    I32 i32;
    I64 i64;
    I128 i128;
    Isize isize;
    U8 u8;
    U16 u16;
    U32 u32;
    U64 u64;
    U128 u128;
    Usize usize;
    F32 f32;
    F64 f64;
    Bool bool;
    Char char;
    Unit ();
    String String;
    Str &'static str as &str;
}

macro_rules! triples {
    ($types:tt) => { product!(triple [] [$types $types $types]) };
}

static TRIPLES: [[[Layout; 8]; 8]; 8] =
    triples!([i32, u32, u64, usize, f64, bool, String, &'static str]);

const fn part<A: Known>(offset: usize) -> Option<Part> {
    assert!(offset <= u8::MAX as usize, "a tuple is too large");
    Some(Part { offset: offset as u8, kind: A::KIND })
}

const fn single<A: Known>() -> Layout {
    Layout { id: TypeId::of::<A>(), parts: [part::<A>(0), None, None, None] }
}

const fn pair<A: Known, B: Known>() -> Layout {
    let [a, b] = [offset_of!((A, B), 0), offset_of!((A, B), 1)];
    Layout { id: TypeId::of::<(A, B)>(), parts: [part::<A>(a), part::<B>(b), None, None] }
}

const fn triple<A: Known, B: Known, C: Known>() -> Layout {
    let a = part::<A>(offset_of!((A, B, C), 0));
    let b = part::<B>(offset_of!((A, B, C), 1));
    let c = part::<C>(offset_of!((A, B, C), 2));
    Layout { id: TypeId::of::<(A, B, C)>(), parts: [a, b, c, None] }
}

const fn quadruple<A: Known, B: Known, C: Known, D: Known>() -> Layout {
    let a = part::<A>(offset_of!((A, B, C, D), 0));
    let b = part::<B>(offset_of!((A, B, C, D), 1));
    let c = part::<C>(offset_of!((A, B, C, D), 2));
    let d = part::<D>(offset_of!((A, B, C, D), 3));
    Layout { id: TypeId::of::<(A, B, C, D)>(), parts: [a, b, c, d] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Formats the message if its type is known, and checks the result against its `Debug`.
    fn formatted<T: Debug>(message: T) -> Option<String> {
        let known = KnownType::find()?;
        let text = fmt::from_fn(|f| known.fmt(&message, f)).to_string();
        assert_eq!(text, format!("{message:?}"));
        Some(text)
    }

    #[test]
    fn every_single_type_is_known() {
        for is_known in [
            formatted(i8::MIN).is_some(),
            formatted(i16::MIN).is_some(),
            formatted(i32::MIN).is_some(),
            formatted(i64::MIN).is_some(),
            formatted(i128::MIN).is_some(),
            formatted(isize::MIN).is_some(),
            formatted(u8::MAX).is_some(),
            formatted(u16::MAX).is_some(),
            formatted(u32::MAX).is_some(),
            formatted(u64::MAX).is_some(),
            formatted(u128::MAX).is_some(),
            formatted(usize::MAX).is_some(),
            formatted(1.5_f32).is_some(),
            formatted(-1e300).is_some(),
            formatted(true).is_some(),
            formatted('é').is_some(),
            formatted(()).is_some(),
        ] {
            assert!(is_known);
        }
        assert_eq!(formatted("a\n").as_deref(), Some("\"a\\n\""));
        assert_eq!(formatted(String::from("b")).as_deref(), Some("\"b\""));
    }

    #[test]
    fn tuples_are_formatted_with_their_fields() {
        let text = String::from;
        assert_eq!(formatted((1_u8, 2_u128)).as_deref(), Some("(1, 2)"));
        assert_eq!(formatted(((), 'x')).as_deref(), Some("((), 'x')"));
        assert_eq!(formatted((text("a"), 1_i16)).as_deref(), Some("(\"a\", 1)"));
        assert_eq!(formatted((1_u32, text("b"), true)).as_deref(), Some("(1, \"b\", true)"));
        assert_eq!(formatted((1_i8, 2_i8, 3_i8)).as_deref(), Some("(1, 2, 3)"));
        assert_eq!(formatted((1_usize, 0.5, text("c"))).as_deref(), Some("(1, 0.5, \"c\")"));
        assert_eq!(formatted(('a', 'b', 'c', 'd')).as_deref(), Some("('a', 'b', 'c', 'd')"));
    }

    #[test]
    fn types_that_borrow_are_known() {
        let text = String::from("borrowed for a moment");
        assert_eq!(formatted(text.as_str()).as_deref(), Some("\"borrowed for a moment\""));
        assert!(formatted((text.as_str(), 1_u8)).is_some());
        assert!(formatted((1, 2, text.as_str())).is_some());
    }

    #[test]
    fn other_types_are_not_known() {
        #[derive(Debug)]
        struct Job;
        struct Opaque<'a>(#[expect(dead_code, reason = "it has no `Debug`")] &'a str);
        assert!(KnownType::<Opaque<'_>>::find().is_none());
        assert_eq!(formatted(Job), None);
        assert!(KnownType::<&i32>::find().is_none());
        assert!(KnownType::<&String>::find().is_none());
        assert_eq!(formatted((1, Job)), None);
        assert_eq!(formatted((1, 2, 3, "four")), None);
        assert_eq!(formatted((1, 2, 3, 4, 5)), None);
        assert_eq!(formatted([1]), None);
    }
}
