/** What the page shows if it cannot show a run. It never stays blank. */

import type { Model } from '../data/model';

interface FailureProps {
  readonly title: string;
  readonly text: string;
  readonly advice?: string;
}

export function Failure({ title, text, advice }: FailureProps) {
  return (
    <section class="failure" role="alert">
      <h2>{title}</h2>
      <p>{text}</p>
      {advice ? <p>{advice}</p> : null}
    </section>
  );
}

/** Shown instead of the tabs while nothing is recorded. */
export function Nothing({ model }: { model: Model }) {
  const { live, done } = model.index;
  if (!done) {
    return (
      <Failure
        title={live ? 'Waiting for the program' : 'Reading the recording'}
        text="Nothing has been recorded yet. The page shows the first events when they come."
      />
    );
  }
  return (
    <Failure
      title="Nothing was recorded"
      text="The recording has no events: the program used no channels, locks or threads that are recorded."
      advice="Check that the program was built by recorder, or depends on the library, and that it came as far as its first channel."
    />
  );
}
