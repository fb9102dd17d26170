// The queries of docs/sql.md.

/** One entry for each query and format: what was asked, and what came of it so far. */
export function readQueries(page) {
  const blocks = page.matchAll(/^## (.*?)\n|^```sql ?(\w*)\n(.*?)^```$/gms);
  let heading = '';
  const queries = [];
  for (const [, title, only, sql] of blocks) {
    if (title) heading = title;
    if (!sql) continue;
    for (const format of only ? [only] : ['pftrace', 'json']) {
      queries.push({
        subject: `docs/sql.md, .${format}: ${heading}`,
        format,
        // (as the page tells its readers)
        sql: format === 'json' ? sql.replaceAll("'debug.", "'args.") : sql,
        complaints: [],
        rows: 0,
      });
    }
  }
  return queries;
}

/** Asks an open trace all that is for its format. */
export async function runQueries(view, format, queries) {
  for (const query of queries.filter((query) => query.format === format)) {
    try {
      query.rows += (await view.query(query.sql)).length;
    } catch (error) {
      query.complaints.push(error.message);
    }
  }
}
