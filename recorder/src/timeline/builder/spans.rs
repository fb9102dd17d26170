//! What a thread is in for a while and does other things meanwhile: spans of the crate
//! `tracing`, and initialisers.
//!
//! Slices of a thread lie within each other. Where one is left that was not the last to be
//! entered, those within it are cut in two. A wait does not outlast what it is in, nor what it
//! seems to be around: its end was not recorded.

use std::sync::Arc;

use anyhow::Result;

use super::{Operation, Source, Stage, words};
use crate::ordering::Step;
use crate::reading::Deed;
use crate::reading::catalog::Index;
use crate::timeline::item::{Category, On, Slice};

/// What a thread has entered and not left.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    begin: u64,
    what: What,
    on: Option<On>,
    site: Option<usize>,
    /// When the recording first paused meanwhile.
    paused: Option<u64>,
}

#[derive(Clone, Debug)]
enum What {
    /// A span, by its number, and its fields.
    Span(u64, Option<Arc<str>>),
    /// The initialiser of a primitive.
    Initializer,
}

impl Frame {
    pub(super) fn initializer(step: &Step, operation: &Operation) -> Self {
        let Operation { on, site, .. } = *operation;
        Frame { begin: step.time, what: What::Initializer, on, site, paused: None }
    }

    pub(super) fn initializes(&self, primitive: usize) -> bool {
        matches!(self.what, What::Initializer) && self.on == Some(On::Primitive(primitive))
    }

    fn slice(&self, thread: usize, end: Option<u64>) -> Slice {
        let (category, words, verb, operation) = match &self.what {
            What::Span(_, fields) => (Category::Span, fields.clone(), "", "span"),
            What::Initializer => (Category::Primitive, None, "initialize", "initialize"),
        };
        Slice {
            // Where something is missing, an end can seem to be before the begin.
            end: end.map(|end| end.max(self.begin)),
            category,
            operation,
            on: self.on,
            site: self.site,
            words,
            ..Slice::instant(thread, self.begin, verb)
        }
    }
}

impl Stage<'_> {
    /// What the program tells the crate `tracing`.
    pub(super) fn traced(&mut self, step: &Step) -> Result<()> {
        let site = |callsite: Option<Index>| {
            self.recording.entities.callsites[callsite?.get()].site.map(Index::get)
        };
        match step.deed {
            Deed::SpanEntered { callsite, span } => {
                let site = site(callsite);
                let on = callsite.map(Index::get).map(On::Callsite);
                let what = What::Span(span, words(step));
                self.enter(step, Frame { begin: step.time, what, on, site, paused: None })
            }
            Deed::SpanExited { span } => {
                let is =
                    |frame: &Frame| matches!(frame.what, What::Span(number, _) if number == span);
                let place = self.threads[step.thread].frames.iter().rposition(is);
                place.map_or(Ok(()), |place| self.leave(step.thread, place, step.time, None))
            }
            Deed::Logged { callsite } => self.slice(Slice {
                category: Category::Log,
                on: callsite.map(Index::get).map(On::Callsite),
                site: site(callsite),
                words: words(step),
                ..Slice::instant(step.thread, step.time, "log")
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn enter(&mut self, step: &Step, frame: Frame) -> Result<()> {
        self.end_wait(step.thread)?;
        self.threads[step.thread].frames.push(frame);
        Ok(())
    }

    /// The thread leaves this frame; what it has entered since goes on.
    pub(super) fn leave(
        &mut self,
        thread: usize,
        place: usize,
        time: u64,
        source: Option<&Source>,
    ) -> Result<()> {
        self.end_wait(thread)?;
        let mut within = self.threads[thread].frames.split_off(place + 1);
        for frame in within.iter().rev() {
            self.slice(frame.slice(thread, Some(frame.paused.unwrap_or(time).min(time))))?;
        }
        if let Some(frame) = self.threads[thread].frames.pop() {
            self.frames_last(thread, frame.begin);
            let arrow = source.and_then(Source::from);
            self.slice(Slice { arrow, ..frame.slice(thread, Some(time)) })?;
        }
        // That one was left while the recording paused is the likelier.
        within.retain(|frame| frame.paused.is_none());
        within.iter_mut().for_each(|frame| frame.begin = frame.begin.max(time));
        self.threads[thread].frames.extend(within);
        Ok(())
    }

    /// The thread leaves all that it has entered.
    pub(super) fn close_frames(&mut self, thread: usize, time: u64) -> Result<()> {
        self.end_wait(thread)?;
        while let Some(frame) = self.threads[thread].frames.pop() {
            self.slice(frame.slice(thread, Some(frame.paused.unwrap_or(time).min(time))))?;
        }
        Ok(())
    }

    /// What was entered in this process may have been left while the recording paused.
    pub(super) fn frames_outlast(&mut self, process: usize, paused: u64) {
        for (thread, facts) in self.threads.iter_mut().zip(&self.recording.entities.threads) {
            if facts.process == process {
                for frame in &mut thread.frames {
                    frame.paused.get_or_insert(paused);
                }
            }
        }
    }

    /// What the thread is in has lasted since this time: something in it has.
    pub(super) fn frames_last(&mut self, thread: usize, since: u64) {
        for frame in &mut self.threads[thread].frames {
            frame.paused.take_if(|paused| *paused >= since);
        }
    }

    /// What was not left when the recording is over.
    pub(super) fn end_frames(&mut self) -> Result<()> {
        for thread in 0..self.threads.len() {
            for frame in std::mem::take(&mut self.threads[thread].frames) {
                self.slice(frame.slice(thread, frame.paused))?;
            }
        }
        Ok(())
    }
}
