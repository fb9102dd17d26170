//! The numbers of fields, and some values, of `perfetto_trace.proto` (Perfetto v52): a module for
//! each message.

pub(super) mod packet {
    pub(in crate::export::perfetto) const TIMESTAMP: u32 = 8;
    pub(in crate::export::perfetto) const SEQUENCE_ID: u32 = 10;
    pub(in crate::export::perfetto) const TRACK_EVENT: u32 = 11;
    pub(in crate::export::perfetto) const INTERNED_DATA: u32 = 12;
    pub(in crate::export::perfetto) const SEQUENCE_FLAGS: u32 = 13;
    pub(in crate::export::perfetto) const TRACE_PACKET_DEFAULTS: u32 = 59;
    pub(in crate::export::perfetto) const TRACK_DESCRIPTOR: u32 = 60;
}

pub(super) mod trace_packet_defaults {
    pub(in crate::export::perfetto) const TRACK_EVENT_DEFAULTS: u32 = 11;
}

pub(super) mod track_event_defaults {
    pub(in crate::export::perfetto) const TRACK_UUID: u32 = 11;
    pub(in crate::export::perfetto) const EXTRA_COUNTER_TRACK_UUIDS: u32 = 31;
}

pub(super) mod track_event {
    pub(in crate::export::perfetto) const CATEGORY_IIDS: u32 = 3;
    pub(in crate::export::perfetto) const DEBUG_ANNOTATIONS: u32 = 4;
    pub(in crate::export::perfetto) const LEGACY_EVENT: u32 = 6;
    pub(in crate::export::perfetto) const TYPE: u32 = 9;
    pub(in crate::export::perfetto) const NAME_IID: u32 = 10;
    pub(in crate::export::perfetto) const TRACK_UUID: u32 = 11;
    pub(in crate::export::perfetto) const EXTRA_COUNTER_VALUES: u32 = 12;
    pub(in crate::export::perfetto) const NAME: u32 = 23;
    pub(in crate::export::perfetto) const COUNTER_VALUE: u32 = 30;
    pub(in crate::export::perfetto) const EXTRA_COUNTER_TRACK_UUIDS: u32 = 31;
    pub(in crate::export::perfetto) const FLOW_IDS: u32 = 47;
    pub(in crate::export::perfetto) const TERMINATING_FLOW_IDS: u32 = 48;
    pub(in crate::export::perfetto) const CORRELATION_ID: u32 = 52;
    pub(in crate::export::perfetto) const CORRELATION_ID_STR_IID: u32 = 54;
    pub(in crate::export::perfetto) const SLICE_BEGIN: u64 = 1;
    pub(in crate::export::perfetto) const SLICE_END: u64 = 2;
    pub(in crate::export::perfetto) const INSTANT: u64 = 3;
    pub(in crate::export::perfetto) const COUNTER: u64 = 4;
}

pub(super) mod legacy_event {
    pub(in crate::export::perfetto) const PHASE: u32 = 2;
    pub(in crate::export::perfetto) const UNSCOPED_ID: u32 = 6;
    pub(in crate::export::perfetto) const BIND_TO_ENCLOSING: u32 = 12;
    pub(in crate::export::perfetto) const FLOW_BEGIN: u64 = b's' as u64;
    pub(in crate::export::perfetto) const FLOW_END: u64 = b'f' as u64;
}

pub(super) mod interned_data {
    pub(in crate::export::perfetto) const EVENT_CATEGORIES: u32 = 1;
    pub(in crate::export::perfetto) const EVENT_NAMES: u32 = 2;
    pub(in crate::export::perfetto) const DEBUG_ANNOTATION_NAMES: u32 = 3;
    pub(in crate::export::perfetto) const DEBUG_ANNOTATION_STRING_VALUES: u32 = 29;
    pub(in crate::export::perfetto) const CORRELATION_ID_STR: u32 = 43;
}

pub(super) mod track_descriptor {
    pub(in crate::export::perfetto) const UUID: u32 = 1;
    pub(in crate::export::perfetto) const NAME: u32 = 2;
    pub(in crate::export::perfetto) const PROCESS: u32 = 3;
    pub(in crate::export::perfetto) const THREAD: u32 = 4;
    pub(in crate::export::perfetto) const PARENT_UUID: u32 = 5;
    pub(in crate::export::perfetto) const COUNTER: u32 = 8;
    pub(in crate::export::perfetto) const CHILD_ORDERING: u32 = 11;
    pub(in crate::export::perfetto) const SIBLING_ORDER_RANK: u32 = 12;
    pub(in crate::export::perfetto) const DESCRIPTION: u32 = 14;
    /// Since v57; older versions ignore it, and the next.
    pub(in crate::export::perfetto) const PROCESS_ORDERING: u32 = 19;
    pub(in crate::export::perfetto) const THREAD_ORDERING: u32 = 20;
    /// Of `CHILD_ORDERING`.
    pub(in crate::export::perfetto) const EXPLICIT: u64 = 3;
    /// Of `PROCESS_ORDERING` and `THREAD_ORDERING`.
    pub(in crate::export::perfetto) const ORDERED_BY_RANK: u64 = 1;
}

pub(super) mod debug_annotation {
    pub(in crate::export::perfetto) const NAME_IID: u32 = 1;
    pub(in crate::export::perfetto) const UINT_VALUE: u32 = 3;
    pub(in crate::export::perfetto) const STRING_VALUE: u32 = 6;
    pub(in crate::export::perfetto) const STRING_VALUE_IID: u32 = 17;
}

pub(super) mod process_descriptor {
    pub(in crate::export::perfetto) const PID: u32 = 1;
    pub(in crate::export::perfetto) const CMDLINE: u32 = 2;
    pub(in crate::export::perfetto) const PROCESS_NAME: u32 = 6;
    pub(in crate::export::perfetto) const PROCESS_LABELS: u32 = 8;
}

pub(super) mod thread_descriptor {
    pub(in crate::export::perfetto) const PID: u32 = 1;
    pub(in crate::export::perfetto) const TID: u32 = 2;
    pub(in crate::export::perfetto) const THREAD_NAME: u32 = 5;
}

pub(super) mod counter_descriptor {
    pub(in crate::export::perfetto) const UNIT_NAME: u32 = 6;
}
