import { domainTag, sha256, toHex } from './digest.ts';
import type { Digest, FactorId, NoticeId } from './ids.ts';
import { type Branded, nameParser } from './ids.ts';
import type { WallMs, WitnessedMs } from './time.ts';

/** An operator's name in policy: 1 to 32 characters of a-z 0-9 . _ -. */
export type OperatorName = Branded<string, 'OperatorName'>;
/** An act's id: `actId` of the first signature under it. */
export type ActId = Branded<string, 'ActId'>;

export const parseOperatorName = nameParser<OperatorName>(
  /^[a-z0-9][a-z0-9._-]{0,31}$/,
  '1 to 32 characters of a-z 0-9 . _ -',
);
export const parseActId = nameParser<ActId>(/^[0-9a-f]{64}$/, '64 lowercase hex digits');

/**
 * formats.md, "Act id". Two operators may have prepared in the same second, and then sign the same intent: a signature is one
 * operator's over one intent, once.
 */
export function actId(intent: Digest, operator: OperatorName): ActId {
  return toHex(sha256(domainTag('portcullis/act/v1'), new TextEncoder().encode(`${intent} ${operator}`))) as ActId;
}

/** What an operator's intent may ask for (`portcullis/operator/v1`, `verb`). */
export const operatorVerbs = [
  'approve',
  'refuse',
  'freeze',
  'thaw',
  'policy',
  'operators',
  'admit',
  'import',
  'epoch',
  'clock',
  'transfer',
  'void',
  'restored',
] as const;
export type OperatorVerb = (typeof operatorVerbs)[number];

/**
 * `OPEN`: waits for its quorum. `ANNOUNCING → RIPENING`: has it, and loosens. `DONE`: took effect. `REFUSED`: an operator said no.
 * `LAPSED`: the policy that it was decided on is no longer in force, or its subject changed. `EXPIRED`: no quorum in time.
 */
export const actStates = ['OPEN', 'ANNOUNCING', 'RIPENING', 'DONE', 'REFUSED', 'LAPSED', 'EXPIRED'] as const;
export type ActState = (typeof actStates)[number];

/** Something that operators do, from the first signature to its effect. */
export interface ActRecord {
  readonly id: ActId;
  readonly verb: OperatorVerb;
  /** What it is about, such as `wallet:hot-1`, `withdrawal:w-1`; each verb has its own. */
  readonly subject: string;
  /** SHA-256 of what is approved. */
  readonly digest: Digest;
  /** Hash of the policy that it was decided on. */
  readonly base: Digest;
  /** What `digest` is of, where the station has to keep it: a policy document, unsigned bytes, a reason. */
  readonly payload: Uint8Array;
  readonly state: ActState;
  /** Who signed, each once, in the order in which they did. */
  readonly operators: readonly string[];
  /** Their intents and assertions as they came (formats.md, "Operators' evidence"). */
  readonly evidence: Uint8Array;
  readonly w0: WitnessedMs | null;
  readonly d0: number | null;
  readonly notice: NoticeId | null;
  readonly openedAt: WallMs;
  /** Without its quorum by then, it is void. */
  readonly expiresAt: WallMs;
  readonly history: readonly string[];
}

/** What the station remembers of an operator beyond policy. No row: never seen, and in good standing. */
export interface OperatorRecord {
  readonly name: OperatorName;
  /** The credential that `signCount` counts for: policy may give the name another key. */
  readonly credential: FactorId;
  readonly signCount: number;
  readonly backupState: boolean;
  readonly suspended: boolean;
  /** Who suspended, why, and since when; empty and 0 where nobody did. */
  readonly by: string;
  readonly why: string;
  readonly since: WallMs;
  readonly history: readonly string[];
}
