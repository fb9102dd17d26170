//! What a thread is in for a while and does other things meanwhile: spans of the crate `tracing`,
//! and initializers.
//!
//! Slices of a thread lie within each other. Where a span is left that was not the last to be
//! entered, those within it are cut in two. The halves that follow begin one after the other: of
//! slices that begin at the same time, a trace that is sorted by time takes the first to enclose the
//! second, and the inner ones are written first.

use super::{ItemSink, ThreadTrack, TimelineBuilder};
use crate::reading::catalog::{CallsiteIndex, PrimitiveIndex, Target, ThreadIndex};
use crate::reading::{Event, Nanos};
use crate::replay::{self, Wait};
use crate::timeline::item::{Flow, Slice, SliceKind};

/// What a thread has entered and not left.
#[derive(Clone, Debug)]
pub(super) struct OpenSpan {
    /// Its slice, whose end is not known yet.
    slice: Slice,
    /// The number of a span. An initializer has none.
    number: Option<u64>,
    /// When the recording first paused since: it may have been left.
    pub(super) paused: Option<Nanos>,
}

impl OpenSpan {
    fn until(&self, end: Option<Nanos>) -> Slice {
        // Where events are missing, an end can seem to be before the start.
        Slice { end: end.map(|end| end.max(self.slice.begin)), ..self.slice.clone() }
    }

    /// The slice of one that was left at `time`, or while the recording paused before.
    fn closed(&self, time: Nanos) -> Slice {
        self.until(Some(self.paused.unwrap_or(time).min(time)))
    }
}

impl ThreadTrack {
    fn last_until(&mut self, end: Nanos) {
        self.lasted_until = self.lasted_until.max(end);
    }

    /// The spans that the thread is in have lasted since this time: something in them has.
    fn spans_last_since(&mut self, since: Nanos) {
        for open in &mut self.spans {
            open.paused.take_if(|paused| *paused >= since);
        }
    }
}

impl<S: ItemSink> TimelineBuilder<'_, S> {
    /// A thread enters or leaves a span, or logs.
    pub(super) fn traced(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        event: &Event,
        text: &str,
    ) -> Result<(), S::Error> {
        let slice = |callsite: Option<CallsiteIndex>, kind| Slice {
            target: callsite.map(Target::Callsite),
            place: callsite.and_then(|callsite| self.catalog.callsites[callsite].place),
            text: replay::text(text),
            ..Slice::instant(thread, time, kind)
        };
        match *event {
            Event::SpanEntered { callsite, span } => {
                self.enter(slice(callsite, SliceKind::Span), Some(span));
                Ok(())
            }
            Event::SpanExited { span } => {
                let is_it = |open: &OpenSpan| open.number == Some(span);
                let position = self.tracks.threads[thread].spans.iter().rposition(is_it);
                position.map_or(Ok(()), |position| self.leave(thread, position, time, None))
            }
            Event::Logged { callsite } => self.slice(slice(callsite, SliceKind::Log)),
            _ => Ok(()),
        }
    }

    /// A thread enters a span with this number, or an initializer.
    pub(super) fn enter(&mut self, slice: Slice, number: Option<u64>) {
        let track = &mut self.tracks.threads[slice.thread];
        let begin = track.first_free(slice.begin);
        if begin > slice.begin {
            track.show_until(begin);
        }
        track.spans.push(OpenSpan { slice: Slice { begin, ..slice }, number, paused: None });
    }

    pub(super) fn leave_initializer(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        primitive: PrimitiveIndex,
        flow: Option<Flow>,
    ) -> Result<(), S::Error> {
        let target = Some(Target::Primitive(primitive));
        let is_it = |open: &OpenSpan| open.number.is_none() && open.slice.target == target;
        let Some(position) = self.tracks.threads[thread].spans.iter().rposition(is_it) else {
            return Ok(());
        };
        self.leave(thread, position, time, flow)?;
        self.tracks.threads[thread].show_until(time);
        Ok(())
    }

    /// The thread leaves this span; what it has entered since goes on.
    fn leave(
        &mut self,
        thread: ThreadIndex,
        position: usize,
        time: Nanos,
        flow: Option<Flow>,
    ) -> Result<(), S::Error> {
        let mut within = self.tracks.threads[thread].spans.split_off(position + 1);
        for open in within.iter().rev() {
            self.span(open.closed(time))?;
        }
        let track = &mut self.tracks.threads[thread];
        if let Some(mut open) = track.spans.pop() {
            if flow.is_some() {
                // Where events are missing, it can be over before a slice with length has room for it.
                // Its arrow starts when it was over.
                open.slice.begin = open.slice.begin.min(time);
            }
            track.spans_last_since(open.slice.begin);
            self.span(Slice { flow, ..open.until(Some(time)) })?;
        }
        // One that may have been left while the recording paused most likely was.
        within.retain(|open| open.paused.is_none());
        let mut next = time;
        for open in &mut within {
            open.slice.begin = open.slice.begin.max(next);
            next = open.slice.begin.after();
        }
        let track = &mut self.tracks.threads[thread];
        if within.len() > 1 {
            track.show_until(next.before());
        }
        track.spans.extend(within);
        Ok(())
    }

    /// The thread leaves all that it has entered.
    pub(super) fn close_spans(&mut self, thread: ThreadIndex, time: Nanos) -> Result<(), S::Error> {
        while let Some(open) = self.tracks.threads[thread].spans.pop() {
            self.span(open.closed(time))?;
        }
        Ok(())
    }

    fn span(&mut self, slice: Slice) -> Result<(), S::Error> {
        self.tracks.threads[slice.thread].last_until(slice.end.unwrap_or(slice.begin));
        self.slice(slice)
    }

    /// A wait has ended. The spans around it have lasted at least as long.
    pub(super) fn wait_ended(&mut self, thread: ThreadIndex, wait: &Wait, end: Option<Nanos>) {
        let track = &mut self.tracks.threads[thread];
        track.last_until(end.unwrap_or(wait.begin));
        track.spans_last_since(wait.begin);
    }

    /// Reports the spans that are open when the recording is over.
    pub(super) fn end_spans(&mut self) -> Result<(), S::Error> {
        for thread in self.catalog.threads.keys() {
            for open in std::mem::take(&mut self.tracks.threads[thread].spans) {
                self.span(open.until(open.paused))?;
            }
        }
        Ok(())
    }
}
