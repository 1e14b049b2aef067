/** One thing that was looked at; where it is wrong, `mend` says what to do. */
export interface Diagnosis {
  readonly what: string;
  readonly found: string;
  readonly mend?: string | undefined;
  /** It is not wrong, and could be better. */
  readonly hint?: boolean | undefined;
}
