//! What a thread is in for a while and does other things meanwhile: spans of the crate `tracing`,
//! and initializers.
//!
//! Slices of a thread lie within each other. Where a span is left that was not the last to be
//! entered, those within it are cut in two. The halves that follow begin one after the other: of
//! slices that begin at the same time, a trace that is sorted by time takes the first to enclose the
//! second, and the inner ones are written first.

use std::sync::Arc;

use super::{ThreadTrack, TimelineBuilder};
use crate::reading::catalog::{
    CallsiteIndex, PlaceIndex, PrimitiveIndex, Target, ThreadIndex, readable,
};
use crate::reading::{self, Event, Nanos};
use crate::replay::{Completed, Wait};
use crate::timeline::item::{Flow, Item, Slice, SliceKind};

/// What a thread has entered and not left.
#[derive(Clone, Debug)]
pub(super) struct OpenSpan {
    begin: Nanos,
    kind: OpenKind,
    target: Option<Target>,
    place: Option<PlaceIndex>,
    /// When the recording first paused since: it may have been left.
    paused: Option<Nanos>,
}

#[derive(Clone, Debug)]
enum OpenKind {
    /// A span, with its number and its fields.
    Span(u64, Option<Arc<str>>),
    Initializer,
}

impl OpenSpan {
    /// It may have been left while the recording paused.
    pub(super) fn outlast(&mut self, paused: Nanos) {
        self.paused.get_or_insert(paused);
    }

    fn slice(&self, thread: ThreadIndex, end: Option<Nanos>) -> Slice {
        let (kind, text) = match &self.kind {
            OpenKind::Span(_, fields) => (SliceKind::Span, fields.clone()),
            OpenKind::Initializer => (SliceKind::Initializer, None),
        };
        Slice {
            // Where events are missing, an end can seem to be before the begin.
            end: end.map(|end| end.max(self.begin)),
            target: self.target,
            place: self.place,
            text,
            ..Slice::instant(thread, self.begin, kind)
        }
    }

    /// The slice of one that was left at `time`, or while the recording paused before.
    fn closed(&self, thread: ThreadIndex, time: Nanos) -> Slice {
        self.slice(thread, Some(self.paused.unwrap_or(time).min(time)))
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

impl<S, E> TimelineBuilder<'_, S>
where
    S: FnMut(&Item) -> Result<(), E>,
    E: From<reading::Error>,
{
    /// A thread enters or leaves a span, or logs.
    pub(super) fn traced(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        event: &Event,
        text: &str,
    ) -> Result<(), E> {
        let place = |callsite: Option<CallsiteIndex>| self.catalog.callsites[callsite?].place;
        let text = (!text.is_empty()).then(|| readable(text).into());
        match *event {
            Event::SpanEntered { callsite, span } => {
                let (target, place) = (callsite.map(Target::Callsite), place(callsite));
                let kind = OpenKind::Span(span, text);
                self.enter(thread, OpenSpan { begin: time, kind, target, place, paused: None });
                Ok(())
            }
            Event::SpanExited { span } => {
                let is_it = |open: &OpenSpan| matches!(open.kind, OpenKind::Span(number, _) if number == span);
                let position = self.threads[thread].spans.iter().rposition(is_it);
                position.map_or(Ok(()), |position| self.leave(thread, position, time, None))
            }
            Event::Logged { callsite } => self.slice(Slice {
                target: callsite.map(Target::Callsite),
                place: place(callsite),
                text,
                ..Slice::instant(thread, time, SliceKind::Log)
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn enter_initializer(&mut self, started: &Completed<'_>, primitive: PrimitiveIndex) {
        let open = OpenSpan {
            begin: started.time,
            kind: OpenKind::Initializer,
            target: Some(Target::Primitive(primitive)),
            place: started.operation.place,
            paused: None,
        };
        self.enter(started.thread, open);
    }

    fn enter(&mut self, thread: ThreadIndex, open: OpenSpan) {
        let track = &mut self.threads[thread];
        let begin = track.first_free(open.begin);
        if begin > open.begin {
            track.show_until(begin);
        }
        track.spans.push(OpenSpan { begin, ..open });
    }

    pub(super) fn leave_initializer(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        primitive: PrimitiveIndex,
        flow: Option<Flow>,
    ) -> Result<(), E> {
        let target = Some(Target::Primitive(primitive));
        let is_it =
            |open: &OpenSpan| matches!(open.kind, OpenKind::Initializer) && open.target == target;
        let Some(position) = self.threads[thread].spans.iter().rposition(is_it) else {
            return Ok(());
        };
        self.leave(thread, position, time, flow)?;
        self.threads[thread].show_until(time);
        Ok(())
    }

    /// The thread leaves this span; what it has entered since goes on.
    fn leave(
        &mut self,
        thread: ThreadIndex,
        position: usize,
        time: Nanos,
        flow: Option<Flow>,
    ) -> Result<(), E> {
        let mut within = self.threads[thread].spans.split_off(position + 1);
        for open in within.iter().rev() {
            self.span(open.closed(thread, time))?;
        }
        let track = &mut self.threads[thread];
        if let Some(open) = track.spans.pop() {
            track.spans_last_since(open.begin);
            self.span(Slice { flow, ..open.slice(thread, Some(time)) })?;
        }
        // One that may have been left while the recording paused most likely was.
        within.retain(|open| open.paused.is_none());
        let mut next = time;
        for open in &mut within {
            open.begin = open.begin.max(next);
            next = open.begin.after();
        }
        let track = &mut self.threads[thread];
        if within.len() > 1 {
            track.show_until(next.before());
        }
        track.spans.extend(within);
        Ok(())
    }

    /// The thread leaves all that it has entered.
    pub(super) fn close_spans(&mut self, thread: ThreadIndex, time: Nanos) -> Result<(), E> {
        while let Some(open) = self.threads[thread].spans.pop() {
            self.span(open.closed(thread, time))?;
        }
        Ok(())
    }

    fn span(&mut self, slice: Slice) -> Result<(), E> {
        self.threads[slice.thread].last_until(slice.end.unwrap_or(slice.begin));
        self.slice(slice)
    }

    /// A wait has ended. The spans around it have lasted at least as long.
    pub(super) fn wait_ended(&mut self, thread: ThreadIndex, wait: &Wait, end: Option<Nanos>) {
        let track = &mut self.threads[thread];
        track.last_until(end.unwrap_or(wait.begin));
        track.spans_last_since(wait.begin);
    }

    /// Reports the spans that are open when the recording is over.
    pub(super) fn end_spans(&mut self) -> Result<(), E> {
        for thread in self.catalog.threads.keys() {
            for open in std::mem::take(&mut self.threads[thread].spans) {
                self.span(open.slice(thread, open.paused))?;
            }
        }
        Ok(())
    }
}
