import type { Details, Reason } from '../domain/index.ts';

/**
 * How a rule ended. A rule that can't tell refuses. One that demands operators has not passed either, so that whoever knows
 * nothing of holds takes it for a refusal.
 */
export type Judgement =
  | { readonly passed: true; readonly explanation: string }
  | {
      readonly passed: false;
      readonly reason: Reason;
      readonly message: string;
      readonly details: Details;
      /** How many operators would make it pass; absent where none could. */
      readonly operators?: number;
    };

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

/** Not without so many operators: the withdrawal is held for them. */
export const hold = (operators: number, message: string, details: Details = {}): Judgement => ({
  passed: false,
  reason: 'withdrawal-held',
  message,
  details: { ...details, operators: String(operators) },
  operators,
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
  /** Not approved, yet nothing refuses it: so many operators would approve it. */
  readonly held: Held | undefined;
}

export interface Held {
  readonly operators: number;
  /** The rules that hold it, by name. */
  readonly by: readonly string[];
}

/** No rules, no approval: an empty list approves nothing. */
export function decide<Case>(rules: readonly Rule<Case>[], of: Case): Verdict {
  const outcomes = rules.map((rule) => ({ rule: rule.name, judgement: rule.judge(of) }));
  const failed = outcomes.filter((o) => o.judgement.passed !== true);
  const refusal = failed.map((o) => o.judgement).find((j) => demanded(j) === 0);
  const approved = outcomes.length > 0 && failed.length === 0;
  return {
    approved,
    outcomes,
    refusal: refusal?.passed === false ? refusal : undefined,
    held:
      approved || failed.length === 0 || refusal !== undefined
        ? undefined
        : { operators: Math.max(...failed.map((o) => demanded(o.judgement))), by: failed.map((o) => o.rule) },
  };
}

/** How many operators a judgement demands: 0 where it is no hold. */
function demanded(judgement: Judgement): number {
  const operators = judgement.passed === false ? judgement.operators : undefined;
  return operators !== undefined && operators >= 1 ? operators : 0;
}
