//! Serves the page and the pieces of a run on the loopback interface.
//!
//! Every address begins with a name that cannot be guessed, and requests of other pages, and under
//! other names of this machine, are refused.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::Serialize;
use tracing::info;

use super::source::{SourceLine, SourceReader};
use super::{policy, served};
use crate::http::{Request, Response, server};
use crate::reading::{Nanos, Recording};
use crate::report::Report;
use crate::report::page::PageReport;
use crate::window::{KindList, RunDocument, Store};

/// What is served, and where it is put.
#[derive(Clone, Debug)]
pub struct Feeder {
    /// The pieces of the run.
    pub store: Arc<Store>,
    name: String,
    sources: Arc<Mutex<Option<SourceFinder>>>,
}

/// Finds the lines of source of places.
#[derive(Debug)]
struct SourceFinder {
    reader: SourceReader,
    /// By place.
    lines: Vec<Option<SourceLine>>,
}

impl Feeder {
    /// Serves a run of this name, of which nothing is known yet, with lines of source if there is
    /// a reader of them.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn new(name: &str, is_live: bool, sources: Option<SourceReader>) -> Result<Self> {
        let store = Store::new(is_live).context("cannot write temporary files")?;
        let sources = sources.map(|reader| SourceFinder { reader, lines: Vec::new() });
        Ok(Feeder {
            store: Arc::new(store),
            name: name.to_owned(),
            sources: Arc::new(Mutex::new(sources)),
        })
    }

    /// Replaces the description of the run.
    pub fn set_run(&self, recording: &Recording, kinds: &KindList) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(finder) = &mut *sources {
            let places = recording.catalog.places.iter().skip(finder.lines.len());
            finder.lines.extend(places.map(SourceLine::of));
        }
        let document = RunDocument::new(recording, kinds, &self.name);
        self.store.set_run(json(&document), recording.catalog.end);
    }

    /// Replaces the report.
    pub fn set_report(&self, report: &Report<'_>) {
        self.store.set_report(json(&PageReport::new(report)));
    }

    /// All of the run is there; it ends at `end`.
    pub fn set_done(&self, end: Nanos) {
        self.store.set_done(end);
    }

    /// Starts to serve on this port, until this process ends; 0 is any that is free. Returns the address
    /// to open in a browser.
    ///
    /// # Errors
    /// The port is in use, or there is no room for a thread.
    pub fn serve(&self, port: u16) -> Result<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("cannot listen on port {port} of 127.0.0.1"))?;
        let host = format!("127.0.0.1:{}", listener.local_addr()?.port());
        let random = || getrandom::u64().context("no random number");
        let folder = format!("/{:016x}{:016x}/", random()?, random()?);
        let address = format!("http://{host}{folder}");
        info!(host, "serving the page");
        let (feeder, policy) = (self.clone(), policy());
        server::start(listener, move |request| {
            if !request.is_from(&host) {
                return Response::refusal("403 Forbidden");
            }
            let path = request.path().strip_prefix(&*folder);
            let response = path.and_then(|path| feeder.respond(path, request, &policy));
            response.unwrap_or_else(|| Response::refusal("404 Not Found"))
        })
        .context("cannot start a thread")?;
        Ok(address)
    }

    /// The response to a request for this path below the folder; `None` if there is nothing.
    fn respond(&self, path: &str, request: &Request, policy: &str) -> Option<Response> {
        const JSON: &str = "application/json";
        const BYTES: &str = "application/octet-stream";
        let store = &self.store;
        let response = match path.split('/').collect::<Vec<_>>()[..] {
            [""] => {
                let page = Response::ok("text/html; charset=utf-8", served(&self.name).into());
                page.with_header("Content-Security-Policy", policy.to_owned())
                    .with_header("Referrer-Policy", "no-referrer".to_owned())
            }
            ["run.json"] => Response::ok(JSON, store.run().to_vec()),
            ["report.json"] => Response::ok(JSON, store.report()?.to_vec()),
            ["index"] => {
                let since = request.query().and_then(|query| query.strip_prefix("since="));
                let since = since.map_or(Some(0), |since| since.parse().ok())?;
                Response::ok(JSON, json(&store.index(since)))
            }
            ["chunks", range] => {
                let (first, last) = parse_range(range)?;
                let first = usize::try_from(first).ok()?;
                let last = usize::try_from(last).ok()?;
                Response::ok(BYTES, store.chunks(first, last).ok()?)
            }
            ["tiles", level, range] => {
                let (first, last) = parse_range(range)?;
                Response::ok(BYTES, store.tiles_of(level.parse().ok()?, first, last).ok()?)
            }
            ["source", place] => {
                let place: usize = place.parse().ok()?;
                let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
                let SourceFinder { reader, lines } = sources.as_mut()?;
                Response::ok(JSON, json(&reader.around(lines.get(place)?.as_ref()?)?))
            }
            _ => return None,
        };
        Some(response)
    }
}

/// The first and the last of some numbers: `3-7`. A client does not need more than a few hundred.
fn parse_range(range: &str) -> Option<(u64, u64)> {
    const MAX_COUNT: u64 = 4096;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last && last - first < MAX_COUNT).then_some((first, last))
}

/// A document as JSON. All documents have string keys and plain values, which cannot fail.
fn json(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_limited() {
        assert_eq!(parse_range("3-7"), Some((3, 7)));
        assert_eq!(parse_range("3-3"), Some((3, 3)));
        for wrong in ["", "3", "7-3", "a-b", "-", "0-4096", "0-18446744073709551616"] {
            assert_eq!(parse_range(wrong), None, "{wrong}");
        }
    }
}
