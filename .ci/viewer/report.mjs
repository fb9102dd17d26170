// Prints each check and its result, and the failed ones again at the end.

/** Complaints that are printed of one check. */
const MAX_COMPLAINTS = 6;

const show = (complaint) =>
  typeof complaint === 'string' ? complaint : JSON.stringify(complaint);

export class Report {
  passed = 0;
  failures = [];

  /** Records a check. It has passed if there is nothing to complain about. */
  check(subject, name, complaints) {
    if (complaints.length === 0) {
      this.passed += 1;
      console.log(`ok   ${subject}: ${name}`);
      return;
    }
    const lines = complaints.slice(0, MAX_COMPLAINTS).map(show);
    const more = complaints.length - lines.length;
    if (more > 0) lines.push(`… and ${more} more`);
    const text = [`FAIL ${subject}: ${name}`, ...lines.map((line) => `       ${line}`)].join('\n');
    console.log(text);
    this.failures.push(text);
  }

  /** As `check`; an exception is a complaint, too. */
  async attempt(subject, name, complaintsOf) {
    try {
      this.check(subject, name, (await complaintsOf()) ?? []);
    } catch (error) {
      this.check(subject, name, [error.message]);
    }
  }

  /** Returns the exit status. */
  finish() {
    if (this.failures.length > 0) console.log(`\nFailed:\n${this.failures.join('\n')}`);
    console.log(`${this.passed} passed, ${this.failures.length} failed`);
    return this.failures.length > 0 || this.passed === 0 ? 1 : 0;
  }
}

/** Returns complaints about what is not as expected. */
export function differences(expected, found, what = '') {
  const complaints = [];
  const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
  for (const key of keys) {
    const [wanted, is] = [JSON.stringify(expected[key]), JSON.stringify(found[key])];
    if (wanted !== is) complaints.push(`${what}${key}: ${is}, expected ${wanted}`);
  }
  return complaints;
}
