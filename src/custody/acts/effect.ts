import type {
  ActId,
  ClockReading,
  Digest,
  FreezeScope,
  OperatorName,
  OperatorVerb,
  TransactionId,
  WallMs,
} from '../../domain/index.ts';
import type { Policy } from '../../gate/policy.ts';
import type { LeafDraft } from '../../journal/leaf.ts';
import type { Facts, LookupKey, RowKey } from '../../store/facts.ts';
import type { TableName } from '../../store/tables.ts';
import type { PermitRequest, Write } from '../../store/verdict.ts';
import type { Station } from '../station.ts';

/** What effects stand on. */
export interface EffectParts {
  readonly station: Station;
  readonly readClock: () => ClockReading;
  /** When the station was founded, by the wall clock: its journal's first entry. */
  readonly foundedAt: () => WallMs;
  /**
   * What this installation says of a policy before it takes effect: in sentences, what people should know (a wallet whose signer is
   * not configured). Throws `Malformed` where the station could not run on it.
   */
  readonly fitting: (policy: Policy) => readonly string[];
}

/**
 * One kind of operators' act: a file of `effects/`. It says what the operators approve, how many must, and what happens then. Whose
 * signature it is, how many there are, ripening, lapsing and expiry are the machinery's (`desk.ts`, `settlement.ts`).
 */
export interface Effect {
  readonly verb: OperatorVerb;
  /** How its subjects look, for people: `suspend:NAME`. */
  readonly form: string;
  /** What has to come with an act: nothing, why it is done (`parseWhy`, UTF-8), or a document of at most so many bytes. */
  readonly payload: 'none' | 'why' | { readonly most: number };
  /**
   * Turns what an act is opened with into what is kept of it and `ask` reads, where that takes more than reading: throws `Malformed`
   * for what does not verify. Not asked for what an open act keeps already.
   */
  receive?(subject: string, payload: Uint8Array, parts: EffectParts): Promise<Uint8Array>;
  /**
   * What the subject asks for; undefined where it is another effect's. Throws `Malformed` for a subject of this form that
   * is wrong, `Refusal` for what cannot be asked. Called before and outside every decision: it may read the store.
   */
  ask(subject: string, payload: Uint8Array, parts: EffectParts): Ask | undefined;
}

/** What one act asks for. Everything below is pure, given the facts. */
export interface Ask {
  /** Everything of the facts that the methods below read. */
  readonly rows: readonly RowKey[];
  readonly lookups?: readonly LookupKey[];
  /** It only tightens: it needs no policy in force to rest on. */
  readonly tightens: boolean;
  /** It may be signed and take effect while the clock is suspect. */
  readonly whileSuspect: boolean;
  /** The recovery quorum may carry it, too. */
  readonly recovery: boolean;
  /** A freeze on any of these stops it. */
  readonly stoppedBy: readonly FreezeScope[];
  /** Names a person, so that leaves get a commitment to it in the subject's place. */
  readonly personal: boolean;
  /**
   * The bytes that the act's digest is of, as things stand: the operators sign their digest, and the act lapses when they
   * change. Throws `Refusal` where there is nothing (any more) to act on.
   */
  approved(facts: Facts): Uint8Array;
  /** What it does, in one English sentence for operators. Every value in it is of a closed character set (S10). */
  describe(facts: Facts): string;
  /** What else people should read before they sign: a line each. Asked by `prepare` alone; may take a while. */
  details?(): Promise<readonly string[]>;
  /** How many operators in good standing have to sign. */
  signatures(facts: Facts): number;
  /** How long it ripens, ms of witnessed time; undefined: it acts at once. */
  delay(facts: Facts): number | undefined;
  /**
   * What happens. Its leaves follow the machinery's own: positions in `writes` and in histories count from `by.position`.
   * Throws `Refusal` where it cannot happen, and then the act lapses.
   */
  apply(facts: Facts, by: TakenBy): Applied;
}

/** Who did it, by which act. */
export interface TakenBy {
  readonly act: ActId;
  /** Those whose signatures count. */
  readonly operators: readonly OperatorName[];
  /** Index of the effect's first leaf within the verdict's leaves. */
  readonly position: number;
}

export interface Applied {
  readonly writes: readonly Write[];
  readonly removals?: readonly (readonly [TableName, ...string[]])[];
  readonly leaves: readonly LeafDraft[];
  readonly permit?: PermitRequest;
  /** The policy that takes effect. */
  readonly policy?: { readonly hash: Digest; readonly document: string };
  /** Done once it is durable, in the same turn: what lives in memory (a policy, a tamper mark). */
  readonly after?: () => void;
  /** Where the effect permits a transaction: for the device. */
  readonly permitted?: TransactionId;
}

/** For an effect that reads why it is done out of its payload. */
export function whyOf(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}
