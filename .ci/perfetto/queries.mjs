// The queries of docs/sql.md.

/** One entry for each query and format: what was asked, and what came of it so far. */
export function readQueries(page) {
  const blocks = page.matchAll(/^## (.*?)\n|^```sql ?(\w*)\n(.*?)^```$/gms);
  let heading = '';
  let end = 0;
  const queries = [];
  for (const { index, 0: { length }, 1: title, 2: only, 3: sql } of blocks) {
    const before = page.slice(end, index);
    end = index + length;
    if (title) heading = title;
    if (!sql) continue;
    for (const format of only ? [only] : ['pftrace', 'json']) {
      queries.push({
        subject: `docs/sql.md, .${format}: ${heading}`,
        format,
        // (as the page tells its readers)
        sql: format === 'json' ? sql.replaceAll("'debug.", "'args.") : sql,
        isSameWithFewer: /with and without `--max-events`/i.test(before),
        complaints: [],
        rows: 0,
      });
    }
  }
  return queries;
}

/** What an open trace answers to the queries whose answers do not depend on the number of events. */
export async function commonAnswers(view, format, queries) {
  const answers = new Map();
  for (const { subject, sql } of queries.filter((it) => it.format === format && it.isSameWithFewer)) {
    answers.set(subject, (await view.query(sql)).map((row) => JSON.stringify(row)));
  }
  return answers;
}

/** What two traces of one run answer differently, of which one has so many events at most. */
export function differentAnswers(whole, fewer) {
  const different = whole.size > 0 ? [] : ['there is no query to ask'];
  for (const [subject, expected] of whole) {
    const found = fewer.get(subject);
    if (expected.length === 0) different.push(`${subject}: no rows`);
    different.push(...expected.filter((row) => !found.includes(row)),
      ...found.filter((row) => !expected.includes(row)));
  }
  return different;
}

/** Asks an open trace all that is for its format. */
export async function runQueries(view, format, queries, recording) {
  for (const query of queries.filter((query) => query.format === format)) {
    try {
      const rows = await view.query(query.sql);
      query.rows += rows.length;
      // What adds up messages has all of them.
      for (const [column, expected] of [['sends', recording.sent], ['receives', recording.received]]) {
        const sum = rows.reduce((sum, row) => sum + (row[column] ?? 0), 0);
        if (rows.some((row) => column in row) && sum !== expected) {
          query.complaints.push(`${sum} ${column}, expected ${expected}`);
        }
      }
    } catch (error) {
      query.complaints.push(error.message);
    }
  }
}
