/** The texts of a plan's filters, each written once for all requests that it fits. */

/** A filter without its values. */
export interface Template {
  /** The text around its values. */
  readonly pieces: readonly string[];
  /** Between two pieces, the number of the parameter that stands there. */
  readonly numbers: readonly number[];
  /** Of each parameter, the place of its value among those of a request. */
  readonly places: readonly number[];
  /** With a question mark for each value. It is one object, so a caller's map of statements compares no text. */
  readonly questioned: string;
}

/** Where the answers to the questions that were asked so far have led. */
export interface Step {
  /** Where to go on from here: when it is false, true, or a question of each row. */
  readonly next: (Step | undefined)[];
  template: Template | undefined;
}

export interface Templates {
  /** Where the search for a text begins; `way` is how it is to be written. */
  readonly start: (way: string) => Step;
  /** Puts a text where the search for it ended. */
  readonly keep: (step: Step, template: Template) => Template;
}

/** Texts that are kept; once there are so many, all are written anew. */
const mostTemplates = 200;

export function createTemplates(): Templates {
  const starts = new Map<string, Step>();
  let kept = 0;
  return {
    start: (way) => {
      if (kept >= mostTemplates) {
        starts.clear();
        kept = 0;
      }
      const known = starts.get(way);
      if (known !== undefined) return known;
      const made = newStep();
      starts.set(way, made);
      return made;
    },
    keep: (step, template) => {
      kept += 1;
      step.template = template;
      return template;
    },
  };
}

export function stepAfter({ next }: Step, verdict: boolean | undefined): Step {
  const answer = verdict === undefined ? 2 : Number(verdict);
  return (next[answer] ??= newStep());
}

function newStep(): Step {
  return { next: [undefined, undefined, undefined], template: undefined };
}
