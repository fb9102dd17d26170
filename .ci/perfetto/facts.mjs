// What a trace shows, asked of the UI's trace processor: the same plain lists whatever
// the format, times relative to the trace's first slice.

const ARGUMENTS =
  ['channel', 'endpoint', 'message', 'value', 'primitive', 'kind', 'level', 'target', 'fields',
    'text', 'operation', 'site', 'latency_ns', 'waited_ns', 'timeout_ns'];

// (the importer files arguments under `args.` from JSON and `debug.` from protobuf)
const value = (name) =>
  `coalesce(extract_arg(s.arg_set_id, 'args.${name}'),
            extract_arg(s.arg_set_id, 'debug.${name}'))`;
const argument = (name) => `${value(name)} as ${name}`;

const PROBLEMS = `
  select name, idx, severity, value from stats
  where value > 0 and (severity in ('error', 'data_loss') or severity = 'info' and
    (name glob '*_errors' or name glob '*_without_*' or name glob '*_skipped_*'))`;

const BAD_DURATIONS = 'select id, name, ts, dur from slice where dur < -1';

// (what gives a lock's track its name in JSON has no arguments, and no time of its own)
const ORIGIN = `
  select min(ts) as ts from slice where category != 'lock' or arg_set_id is not null`;

const THREADS = `
  select distinct utid, tid, thread.name from slice
  join thread_track on thread_track.id = track_id join thread using (utid)`;

const SLICES = `
  select s.id, thread.name as thread, s.name, s.category, s.ts, s.dur,
    ${ARGUMENTS.map(argument).join(', ')}
  from slice s join thread_track k on k.id = s.track_id join thread using (utid)
  where s.category != 'state'`;

// (only in .pftrace; a wait is a state, whose own name says what the thread waits for)
const STATES = `
  select s.id, thread.name as thread, utid, ifnull(${value('state')}, s.name) as name,
    s.category = 'state' as unnamed, s.ts, s.dur, k.name as track
  from slice s join thread_track k on k.id = s.track_id join thread using (utid)
  where k.parent_id is null and k.name is not null and s.depth = 0 order by utid, s.ts`;

const FLOWS = `select slice_out, slice_in from flow
  join slice on slice.id = slice_out where category != 'finding'`;
// From what shows a finding to what it is about.
const LINKS = `select finding.ts as ts, finding.name as finding, slice_in from flow
  join slice finding on finding.id = slice_out where finding.category = 'finding'`;
const EVIDENCE = `select count(*) as n from slice
  where category = 'finding' and parent_id is not null`;

const HOLD_ARGUMENTS = ['primitive', 'thread', 'turn', 'others_waited_ns', 'site'];

// Each format has its own place for what belongs to a channel or a lock and to no thread.
const TRACKS = {
  json: {
    // (what gives a lock's track its name has no arguments)
    holds: `
      select s.ts, s.dur, s.name, ${HOLD_ARGUMENTS.map(argument).join(', ')}
      from slice s join process_track k on k.id = s.track_id
      where s.category = 'lock' and s.arg_set_id is not null
        and k.name = extract_arg(s.arg_set_id, 'args.primitive')`,
    inFlight: `
      select s.ts, s.dur, ${argument('channel')}, ${argument('message')},
        s.name = extract_arg(s.arg_set_id, 'args.channel') || ' never received' as lost
      from slice s join process_track k on k.id = s.track_id
      where s.category = 'message' and s.name in (
        extract_arg(s.arg_set_id, 'args.channel') || ' in flight',
        extract_arg(s.arg_set_id, 'args.channel') || ' never received')`,
    // (the importer appends the argument's name to the track's, here a space and nothing)
    counters: `
      select c.id, c.ts, c.value, kind.name as kind,
        substr(k.name, 1, instr(k.name, ' ' || kind.name) - 1) as channel
      from counter c join process_counter_track k on k.id = c.track_id
      join (select 'queue depth' as name union all select 'live senders') kind
        on k.name glob '* ' || kind.name || ' ' or k.name glob '* ' || kind.name || ', * '
      order by c.ts, c.id`,
  },
  pftrace: {
    holds: `
      select s.ts, s.dur, s.name, ${HOLD_ARGUMENTS.map(argument).join(', ')}
      from slice s join track lane on lane.id = s.track_id
      join track locks on locks.id = lane.parent_id
      where s.category = 'lock' and locks.name = 'locks'
        and lane.name = extract_arg(s.arg_set_id, 'debug.primitive')`,
    inFlight: `
      select s.ts, s.dur, channel.name as channel, ${argument('message')},
        s.name glob '* (never received)' as lost
      from slice s join track lane on lane.id = s.track_id
      join track channel on channel.id = lane.parent_id
      join track channels on channels.id = channel.parent_id
      where lane.name = 'in flight' and channels.name = 'channels'`,
    counters: `
      select c.id, c.ts, c.value,
        iif(k.name glob 'queue depth: max *', 'queue depth', k.name) as kind,
        channel.name as channel
      from counter c join track k on k.id = c.track_id
      join track channel on channel.id = k.parent_id
      join track channels on channels.id = channel.parent_id
      where (k.name glob 'queue depth: max *' or k.name = 'live senders')
        and channels.name = 'channels'
      order by c.ts, c.id`,
  },
};

/** Collects the facts of an open trace. */
export async function collectFacts(view, format) {
  const [{ ts: origin }] = await view.query(ORIGIN);
  const rows = async (sql) =>
    (await view.query(sql)).map((row) => 'ts' in row ? { ...row, ts: row.ts - origin } : row);

  const slices = await rows(SLICES);
  const byId = new Map(slices.map((slice) => [slice.id, slice]));
  const flows = await rows(FLOWS);
  return {
    problems: await rows(PROBLEMS),
    importErrors: await view.importErrors(),
    pageErrors: view.errors,
    badDurations: await rows(BAD_DURATIONS),
    threads: await rows(THREADS),
    slices,
    states: await rows(STATES),
    // An end that is on no thread's track is undefined.
    flows: flows.map((flow) => ({ from: byId.get(flow.slice_out), to: byId.get(flow.slice_in) })),
    links: (await rows(LINKS)).map(({ slice_in, ...link }) => ({ ...link, to: byId.get(slice_in) })),
    evidence: (await view.query(EVIDENCE))[0].n,
    inFlight: await rows(TRACKS[format].inFlight),
    holds: await rows(TRACKS[format].holds),
    counters: await rows(TRACKS[format].counters),
    rows: await view.rows(),
  };
}
