/** What can be wrong with a station's database. */
export const findingTags = [
  'schema-altered',
  'station-missing',
  'leaf-missing',
  'leaf-altered',
  'leaf-malformed',
  'leaf-foreign',
  'leaf-moved',
  'leaf-backdated',
  'time-reversed',
  'node-missing',
  'node-altered',
  'node-extra',
  'head-differs',
  'root-differs',
  'tile-missing',
  'tile-malformed',
  'cosignature-invalid',
  'opening-wrong',
  'policy-missing',
  'policy-altered',
  'row-forged',
  'row-malformed',
  'row-untold',
  'row-missing',
  'row-older',
  'row-contradicts',
  'log-key-differs',
  'checkpoint-invalid',
  'station-behind',
  'journal-forked',
] as const;

/** One thing that is wrong: what, where, and a sentence about it. */
export interface Finding {
  readonly tag: (typeof findingTags)[number];
  readonly where: string;
  readonly message: string;
}

/** Takes findings as they are made: there may be as many as rows. */
export type Found = (finding: Finding) => void;
