//! Whether a crate uses std, from the first lines of its source.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

/// Whether the crate with this root uses std: it is not `no_std`, or it names std itself.
///
/// `holds` says whether a predicate such as `test` or `feature = "std"` holds for this compilation.
/// A source that cannot be read as Rust counts as one that uses std: the compiler will say what is
/// wrong.
pub(super) fn uses_std(source: &str, holds: &mut dyn FnMut(&str, Option<&str>) -> bool) -> bool {
    let is_no_std = match syn::parse_str::<InnerAttributes>(source) {
        Ok(InnerAttributes(attributes)) => {
            attributes.iter().any(|attribute| is_no_std(&attribute.meta, holds))
        }
        Err(_) => false,
    };
    !is_no_std || names_std(source)
}

/// Whether a line that is no comment contains `extern crate std`.
fn names_std(source: &str) -> bool {
    source.lines().any(|line| {
        let code = line.split("//").next().unwrap_or_default();
        let words: Vec<_> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.windows(3).any(|words| words == ["extern", "crate", "std"])
    })
}

/// The attributes at the start of a file.
struct InnerAttributes(Vec<Attribute>);

impl Parse for InnerAttributes {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_inner)?;
        // The rest is of no interest.
        input.step(|cursor| {
            let mut rest = *cursor;
            while let Some((_, next)) = rest.token_tree() {
                rest = next;
            }
            Ok(((), rest))
        })?;
        Ok(InnerAttributes(attributes))
    }
}

/// Whether an attribute is `no_std` or `no_core`, possibly by way of `cfg_attr`.
fn is_no_std(meta: &Meta, holds: &mut dyn FnMut(&str, Option<&str>) -> bool) -> bool {
    if meta.path().is_ident("no_std") || meta.path().is_ident("no_core") {
        return true;
    }
    if !meta.path().is_ident("cfg_attr") {
        return false;
    }
    let Some(parts) = parts(meta) else { return false };
    let mut parts = parts.iter();
    parts.next().is_some_and(|predicate| evaluate(predicate, holds))
        && parts.any(|attribute| is_no_std(attribute, holds))
}

/// Whether a predicate of `cfg` holds.
fn evaluate(predicate: &Meta, holds: &mut dyn FnMut(&str, Option<&str>) -> bool) -> bool {
    let Some(name) = predicate.path().get_ident().map(ToString::to_string) else { return false };
    match predicate {
        Meta::Path(_) => holds(&name, None),
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) => holds(&name, Some(&value.value())),
            _ => false,
        },
        Meta::List(_) => {
            let Some(parts) = parts(predicate) else { return false };
            match name.as_str() {
                "all" => parts.iter().all(|part| evaluate(part, holds)),
                "any" => parts.iter().any(|part| evaluate(part, holds)),
                "not" => !parts.iter().any(|part| evaluate(part, holds)),
                _ => false,
            }
        }
    }
}

/// The parts in the parentheses of `name(part, part)`.
fn parts(meta: &Meta) -> Option<Punctuated<Meta, Token![,]>> {
    let list = meta.require_list().ok()?;
    list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(source: &str, cfgs: &[&str]) -> bool {
        uses_std(source, &mut |name, value| {
            let cfg = value.map_or(name.to_owned(), |value| format!("{name}={value}"));
            cfgs.contains(&cfg.as_str())
        })
    }

    #[test]
    fn a_crate_uses_std_unless_it_says_otherwise() {
        assert!(uses("", &[]));
        assert!(uses("//! Docs: #![no_std]\n#![allow(unused)]\nfn main() {}", &[]));
        assert!(uses("mod a { #![no_std] }", &[]));
        assert!(!uses("//! Docs\n/* more */\n#![no_std]\npub fn f() {}", &[]));
        assert!(!uses("#![feature(no_core)]\n#![no_core]", &[]));
        assert!(uses("not Rust at all \"", &[]));
    }

    #[test]
    fn conditions_are_evaluated() {
        let unless_std = "#![cfg_attr(not(feature = \"std\"), no_std)]";
        assert!(!uses(unless_std, &[]));
        assert!(uses(unless_std, &["feature=std"]));
        let complex = "#![cfg_attr(all(any(unix, windows), not(any(test, feature = \"std\"))), \
                       allow(x), no_std)]";
        assert!(!uses(complex, &["unix"]));
        assert!(uses(complex, &["unix", "test"]));
        assert!(uses(complex, &[]));
        assert!(!uses("#![cfg_attr(a, cfg_attr(b, no_std))]", &["a", "b"]));
        assert!(uses("#![cfg_attr(a, cfg_attr(b, no_std))]", &["a"]));
    }

    #[test]
    fn a_crate_without_std_may_name_it() {
        assert!(uses("#![no_std]\n#[cfg(feature = \"std\")]\nextern crate std;", &[]));
        assert!(uses("#![no_std]\n#[macro_use] extern  crate\tstd as alloc_std;", &[]));
        assert!(!uses("#![no_std]\n// extern crate std;\nextern crate alloc;", &[]));
        assert!(!uses("#![no_std]\nextern crate std_detect;", &[]));
    }
}
