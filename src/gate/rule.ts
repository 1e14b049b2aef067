import type { Details, Reason } from '../domain/index.ts';

/** How a rule ended. There is no third way: a rule that can't tell refuses. */
export type Judgement =
  | { readonly passed: true; readonly explanation: string }
  | { readonly passed: false; readonly reason: Reason; readonly message: string; readonly details: Details };

/** One rule: the object that enforces it is the object that explains it. */
export interface Rule<Case> {
  /** Its name in answers and documents, such as `destination-ripe`. */
  readonly name: string;
  judge(of: Case): Judgement;
}

export const pass = (explanation: string): Judgement => ({ passed: true, explanation });

export const refuse = (reason: Reason, message: string, details: Details = {}): Judgement => ({
  passed: false,
  reason,
  message,
  details,
});

export interface Outcome {
  readonly rule: string;
  readonly judgement: Judgement;
}

/** The pure decision: every rule's outcome, and approved only if each passed. */
export interface Verdict {
  readonly approved: boolean;
  readonly outcomes: readonly Outcome[];
  /** The first refusal, in the order of the rules. */
  readonly refusal: Extract<Judgement, { passed: false }> | undefined;
}

/** No rules, no approval: an empty list approves nothing. */
export function decide<Case>(rules: readonly Rule<Case>[], of: Case): Verdict {
  const outcomes = rules.map((rule) => ({ rule: rule.name, judgement: rule.judge(of) }));
  const refusal = outcomes.map((o) => o.judgement).find((j) => !j.passed);
  return {
    approved: outcomes.length > 0 && outcomes.every((o) => o.judgement.passed === true),
    outcomes,
    refusal: refusal?.passed === false ? refusal : undefined,
  };
}
