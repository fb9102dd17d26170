//! Looks into messages of types that are known here, without any bound on the type.
//!
//! A channel's messages may be of any type, also one that cannot be shown and one that
//! borrows. So the type is identified: by the [`TypeId`] that it has if all lifetimes in it
//! are `'static`, which is one of a table. A tuple cannot be taken apart without a bound, so
//! the table has those of two known types, of three of the most common ones, and of three and
//! four of one type.
#![allow(unsafe_code)]

use std::any::TypeId;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::mem::{offset_of, transmute};
use std::ptr;

/// How messages of the type `T` are shown, if it is one that is known here.
pub(super) struct Peek<T> {
    /// That of `T`: only [`new`](Self::new) makes one.
    shape: &'static Shape,
    message: PhantomData<fn(&T)>,
}

impl<T> Clone for Peek<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Peek<T> {}

impl<T> Peek<T> {
    /// `None` if the type is not known.
    pub(super) fn new() -> Option<Self> {
        let id = id_of::<T>();
        let shape = ALONE
            .iter()
            .chain(PAIRS.as_flattened())
            .chain(TRIPLES.as_flattened().as_flattened())
            .chain(ALIKE.as_flattened())
            .find(|shape| shape.id == id)?;
        Some(Peek { shape, message: PhantomData })
    }

    /// Writes the message as its `Debug` does.
    pub(super) fn fmt(self, message: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |part: &Part, f: &mut fmt::Formatter<'_>| {
            let place = ptr::from_ref(message).wrapping_byte_add(part.offset.into());
            // SAFETY: `T` is the type of `shape`, but for lifetimes, which do not change where
            // anything is: so a value of `part.kind` is at this offset within `message`.
            unsafe { part.kind.fmt(place.cast(), f) }
        };
        match self.shape.parts {
            [Some(part), None, ..] => show(&part, f),
            parts => {
                let mut tuple = f.debug_tuple("");
                for part in parts.iter().flatten() {
                    tuple.field(&fmt::from_fn(|f| show(part, f)));
                }
                tuple.finish()
            }
        }
    }
}

/// The [`TypeId`] of the type that `T` is if all lifetimes in it are `'static`.
fn id_of<T>() -> TypeId {
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
    // SAFETY: only the bound on the lifetime changes, and with it neither the pointer nor its
    // table of methods. The one method that needs the bound looks at no value and keeps
    // nothing: it gives a constant, in which there are no lifetimes.
    let identified: &(dyn Identified + 'static) = unsafe { transmute(identified) };
    identified.id()
}

/// A type: of what it consists, and where that is.
#[derive(Clone, Copy)]
struct Shape {
    id: TypeId,
    /// One, or those of a tuple.
    parts: [Option<Part>; 4],
}

#[derive(Clone, Copy)]
struct Part {
    offset: u8,
    kind: Kind,
}

/// A type that can be shown.
trait Known: 'static {
    const KIND: Kind;
}

/// `product!(make [] [[A, B] [C, D]])` is `[[make::<A, C>(), make::<A, D>()], [make::<B, C>(), …]]`.
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
        /// Which type that can be shown.
        #[derive(Clone, Copy)]
        enum Kind {
            $($kind,)*
        }

        impl Kind {
            /// # Safety
            /// At `place` is a value of the type that this names, with whatever lifetimes, and
            /// it can be borrowed for this call.
            unsafe fn fmt(self, place: *const (), f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Kind::$kind => {
                        // SAFETY: the caller's promise. The borrow, and with it every lifetime
                        // in what it gives, ends with this call, which only reads.
                        let value = unsafe { &*place.cast::<kinds!(@ $type $(, $borrowed)?)>() };
                        Debug::fmt(value, f)
                    })*
                }
            }
        }

        $(impl Known for $type {
            const KIND: Kind = Kind::$kind;
        })*

        static ALONE: [Shape; [$(Kind::$kind),*].len()] = [$(alone::<$type>()),*];
        static PAIRS: [[Shape; ALONE.len()]; ALONE.len()] =
            product!(two [] [[$($type),*] [$($type),*]]);
        /// Tuples of three and four of one type.
        static ALIKE: [[Shape; 2]; ALONE.len()] =
            [$([three::<$type, $type, $type>(), four::<$type, $type, $type, $type>()]),*];
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
    ($types:tt) => { product!(three [] [$types $types $types]) };
}

static TRIPLES: [[[Shape; 8]; 8]; 8] =
    triples!([i32, u32, u64, usize, f64, bool, String, &'static str]);

const fn part<A: Known>(offset: usize) -> Option<Part> {
    assert!(offset <= u8::MAX as usize, "a tuple is too long");
    Some(Part { offset: offset as u8, kind: A::KIND })
}

const fn alone<A: Known>() -> Shape {
    Shape { id: TypeId::of::<A>(), parts: [part::<A>(0), None, None, None] }
}

const fn two<A: Known, B: Known>() -> Shape {
    let [a, b] = [offset_of!((A, B), 0), offset_of!((A, B), 1)];
    Shape { id: TypeId::of::<(A, B)>(), parts: [part::<A>(a), part::<B>(b), None, None] }
}

const fn three<A: Known, B: Known, C: Known>() -> Shape {
    let a = part::<A>(offset_of!((A, B, C), 0));
    let b = part::<B>(offset_of!((A, B, C), 1));
    let c = part::<C>(offset_of!((A, B, C), 2));
    Shape { id: TypeId::of::<(A, B, C)>(), parts: [a, b, c, None] }
}

const fn four<A: Known, B: Known, C: Known, D: Known>() -> Shape {
    let a = part::<A>(offset_of!((A, B, C, D), 0));
    let b = part::<B>(offset_of!((A, B, C, D), 1));
    let c = part::<C>(offset_of!((A, B, C, D), 2));
    let d = part::<D>(offset_of!((A, B, C, D), 3));
    Shape { id: TypeId::of::<(A, B, C, D)>(), parts: [a, b, c, d] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the message looks like here; checks that its `Debug` does not differ.
    fn shown<T: Debug>(message: T) -> Option<String> {
        let peek = Peek::new()?;
        let shown = fmt::from_fn(|f| peek.fmt(&message, f)).to_string();
        assert_eq!(shown, format!("{message:?}"));
        Some(shown)
    }

    #[test]
    fn every_type_alone() {
        for is_shown in [
            shown(i8::MIN).is_some(),
            shown(i16::MIN).is_some(),
            shown(i32::MIN).is_some(),
            shown(i64::MIN).is_some(),
            shown(i128::MIN).is_some(),
            shown(isize::MIN).is_some(),
            shown(u8::MAX).is_some(),
            shown(u16::MAX).is_some(),
            shown(u32::MAX).is_some(),
            shown(u64::MAX).is_some(),
            shown(u128::MAX).is_some(),
            shown(usize::MAX).is_some(),
            shown(1.5_f32).is_some(),
            shown(-1e300).is_some(),
            shown(true).is_some(),
            shown('é').is_some(),
            shown(()).is_some(),
        ] {
            assert!(is_shown);
        }
        assert_eq!(
            shown(
                "a
"
            )
            .as_deref(),
            Some("\"a\\n\"")
        );
        assert_eq!(shown(String::from("b")).as_deref(), Some("\"b\""));
    }

    #[test]
    fn tuples() {
        let text = String::from;
        assert_eq!(shown((1_u8, 2_u128)).as_deref(), Some("(1, 2)"));
        assert_eq!(shown(((), 'x')).as_deref(), Some("((), 'x')"));
        assert_eq!(shown((text("a"), 1_i16)).as_deref(), Some("(\"a\", 1)"));
        assert_eq!(shown((1_u32, text("b"), true)).as_deref(), Some("(1, \"b\", true)"));
        assert_eq!(shown((1_i8, 2_i8, 3_i8)).as_deref(), Some("(1, 2, 3)"));
        assert_eq!(shown((1_usize, 0.5, text("c"))).as_deref(), Some("(1, 0.5, \"c\")"));
        assert_eq!(shown(('a', 'b', 'c', 'd')).as_deref(), Some("('a', 'b', 'c', 'd')"));
    }

    #[test]
    fn types_that_borrow() {
        let text = String::from("borrowed for a moment");
        assert_eq!(shown(text.as_str()).as_deref(), Some("\"borrowed for a moment\""));
        assert!(shown((text.as_str(), 1_u8)).is_some());
        assert!(shown((1, 2, text.as_str())).is_some());
    }

    #[test]
    fn types_that_are_not_known() {
        #[derive(Debug)]
        struct Job;
        struct Opaque<'a>(#[expect(dead_code, reason = "not even this can be shown")] &'a str);
        assert!(Peek::<Opaque<'_>>::new().is_none());
        assert_eq!(shown(Job), None);
        assert!(Peek::<&i32>::new().is_none());
        assert!(Peek::<&String>::new().is_none());
        assert_eq!(shown((1, Job)), None);
        assert_eq!(shown((1, 2, 3, "four")), None);
        assert_eq!(shown((1, 2, 3, 4, 5)), None);
        assert_eq!(shown([1]), None);
    }
}
