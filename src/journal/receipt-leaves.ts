import { type Flat, parseInstant } from '../domain/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { leafHash } from './hash.ts';
import { commitment, type Leaf, type LeafKind, parseLeaf } from './leaf.ts';
import { verifyInclusion } from './proof.ts';
import type { ReceiptLeaf } from './receipt-document.ts';
import { ReceiptError } from './receipt-error.ts';

/** A leaf of a receipt that is in the tree of its checkpoint. */
export interface ProvenLeaf extends Leaf {
  readonly index: number;
  /** What its commitments open to. */
  readonly opened: Flat;
}

const utf8 = new TextEncoder();

/** The leaves of the receipt, each in the tree of the checkpoint, its openings opened. */
export class ProvenLeaves {
  readonly all: readonly ProvenLeaf[];

  constructor(leaves: readonly ReceiptLeaf[], checkpoint: Checkpoint) {
    // The log of a restored station has its generation behind its id; earlier leaves are of earlier generations.
    const [, id = ''] = /([^/]+)(?:\/[1-9][0-9]{0,5})?$/.exec(checkpoint.origin) ?? [];
    let before = { index: -1, w: 0 };
    this.all = leaves.map((entry) => {
      const leaf = prove(entry, checkpoint);
      if (leaf.station.split('/')[0] !== id) throw unproven(`leaf ${leaf.index} is of the station ${leaf.station}`);
      if (leaf.index <= before.index || leaf.w < before.w) throw unproven(`leaf ${leaf.index} is out of order`);
      before = leaf;
      return leaf;
    });
  }

  of(kind: LeafKind, fits: (leaf: ProvenLeaf) => boolean): ProvenLeaf[] {
    return this.all.filter((leaf) => leaf.kind === kind && fits(leaf));
  }

  /** The one leaf of its kind that fits. */
  one(kind: LeafKind, what: string, fits: (leaf: ProvenLeaf) => boolean): ProvenLeaf {
    const [leaf, another] = this.of(kind, fits);
    if (leaf === undefined || another !== undefined) {
      throw new ReceiptError('leaf-missing', `${leaf === undefined ? 'no' : 'more than one'} ${kind} leaf for ${what}`);
    }
    return leaf;
  }
}

function prove({ index, leaf: text, proof, openings }: ReceiptLeaf, { size, root }: Checkpoint): ProvenLeaf {
  const bytes = utf8.encode(text);
  let leaf: Leaf;
  try {
    verifyInclusion({ leaf: leafHash(bytes), index, size, root, proof: proof.map(fromHex) });
    leaf = parseLeaf(bytes);
    parseInstant(leaf.time, 'time');
  } catch (error) {
    throw unproven(`leaf ${index}: ${saidOf(error)}`, error);
  }
  const opened: Record<string, string> = Object.create(null);
  for (const { field, salt, value } of openings) {
    if (field in opened || leaf.fields[field] !== commitment({ field, salt: fromHex(salt), value })) {
      throw new ReceiptError('opening-wrong', `leaf ${index}: its ${field} is not what was committed to`);
    }
    opened[field] = value;
  }
  return { ...leaf, index, opened };
}

/** What a personal member says; throws where its opening was left out or erased. */
export function openedOf(leaf: ProvenLeaf, field: string): string {
  const value = leaf.opened[field];
  if (value === undefined) throw new ReceiptError('opening-wrong', `leaf ${leaf.index}: its ${field} is not opened`);
  return value;
}

/** Witnessed time: the acknowledgement's W and delay (the policy in force may have wanted longer, never less). */
export function ripeAt(ripening: ProvenLeaf, at: ProvenLeaf): boolean {
  const [w0, d0] = [ripening.fields['w0'], ripening.fields['d0']].map((n) =>
    /^(0|[1-9][0-9]{0,15})$/.test(n ?? '') ? Number(n) : Number.NaN,
  );
  return ripening.index < at.index && at.w >= (w0 ?? Number.NaN) + (d0 ?? Number.NaN);
}

/** W₀ and d₀ that a leaf recorded of the `nth` of `count` things whose ripeness it relied on. */
export function recordedRipeness(
  leaf: ProvenLeaf,
  of: 'factors' | 'attested_by' | 'destinations',
  nth: number,
  count: number,
): readonly [w0: string, d0: string] {
  const [w0, d0] = ['w0', 'd0'].map((name) => {
    const all = (leaf.fields[`${of}_${name}`] ?? '-').split(' ');
    return all.length === count ? all[nth] : undefined;
  });
  if (w0 === undefined || d0 === undefined)
    throw new ReceiptError('leaf-missing', `leaf ${leaf.index} does not record what its ${of} ripened since`);
  return [w0, d0];
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function unproven(message: string, cause?: unknown): ReceiptError {
  return new ReceiptError('leaf-unproven', message, cause === undefined ? undefined : { cause });
}

export function saidOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
