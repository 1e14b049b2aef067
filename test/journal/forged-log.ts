import { createPrivateKey, createPublicKey } from 'node:crypto';
import { toHex } from '../../src/domain/index.ts';
import { signCheckpoint } from '../../src/journal/checkpoint.ts';
import { leafHash } from '../../src/journal/hash.ts';
import { encodeLeaf, type LeafKind, parseLeaf } from '../../src/journal/leaf.ts';
import { appendLeaves, inclusionProof, rootAt } from '../../src/journal/merkle.ts';
import { formatVerifierKey, noteSigner, noteVerifier } from '../../src/journal/note.ts';

/** A leaf, its commitments opened, ready to be told otherwise. */
export interface LooseLeaf {
  index: number;
  kind: LeafKind;
  station: string;
  w: number;
  time: string;
  fields: Record<string, string>;
  personal: Record<string, string>;
  /** Personal members whose openings are kept back. */
  erased: string[];
}

interface LooseEvidence {
  type: string;
  attestations: Record<string, string>[];
}

export interface LooseReceipt {
  type: string;
  checkpoint: string;
  leaves: {
    index: number;
    leaf: string;
    proof: string[];
    openings: { field: string; salt: string; value: string }[];
  }[];
  intent: string;
  evidence: LooseEvidence;
  destination: { intent: string; evidence: LooseEvidence };
  factors: {
    credential: string;
    class: string;
    cose_key: string;
    intent: string;
    evidence: LooseEvidence;
    voucher: string;
  }[];
  policies: string[];
  transactions: { id: string; wallet: string; unsigned: string; psbt: string; signed: string }[];
}

/** A test key, from a seed that anyone can read here. */
const testKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), new Uint8Array(32).fill(7)]),
  format: 'der',
  type: 'pkcs8',
});

/** A receipt's leaves, opened. */
export function forgeable(receipt: LooseReceipt): LooseLeaf[] {
  return receipt.leaves.map(({ index, leaf, openings }): LooseLeaf => {
    const { fields, ...rest } = parseLeaf(new TextEncoder().encode(leaf));
    const personal = Object.fromEntries(openings.map(({ field, value }) => [field, value]));
    const plain = Object.entries(fields).filter(([name]) => !(name in personal));
    return { ...rest, index, fields: Object.fromEntries(plain), personal, erased: [] };
  });
}

/**
 * The receipt that a lying log would give: the leaves of a genuine one, changed, in a tree that was made and signed anew, so that
 * only what the leaves say can give it away.
 */
export function forge(
  genuine: LooseReceipt,
  change: (leaves: LooseLeaf[], receipt: LooseReceipt) => void,
  origin = genuine.checkpoint.split('\n')[0] ?? '',
): { bytes: Uint8Array; verifierKey: string } {
  const receipt = structuredClone(genuine);
  const verifierKey = formatVerifierKey(noteVerifier(origin, createPublicKey(testKey)));
  const leaves = forgeable(receipt);
  const founded = leaves[0];
  if (founded?.kind === 'station-founded') founded.fields['journal_key'] = verifierKey;
  change(leaves, receipt);

  const size = Math.max(...leaves.map((l) => l.index)) + 2;
  const encoded = new Map(
    leaves.map(({ index, kind, fields, personal, ...context }) => [
      index,
      encodeLeaf({ kind, fields, personal }, context, () => new Uint8Array(32).fill(index)),
    ]),
  );
  const bytesAt = (index: number): Uint8Array =>
    encoded.get(index)?.bytes ?? new TextEncoder().encode(`entry ${index}`);
  const hashes = Array.from({ length: size }, (_, index) => leafHash(bytesAt(index)));
  const nodes = new Map<string, Uint8Array>();
  const { nodes: made } = appendLeaves(0, hashes, () => new Uint8Array(32));
  for (const { level, index, hash } of made) nodes.set(`${level}/${index}`, hash);
  const read = (level: number, index: number): Uint8Array => nodes.get(`${level}/${index}`) ?? new Uint8Array();

  receipt.checkpoint = signCheckpoint(
    { origin, size, root: rootAt(size, read), extensions: [] },
    noteSigner(origin, testKey),
  );
  receipt.leaves = leaves.map(({ index, erased }) => ({
    index,
    leaf: new TextDecoder().decode(bytesAt(index)),
    proof: inclusionProof(index, size, read).map(toHex),
    openings: (encoded.get(index)?.openings ?? [])
      .filter(({ field }) => !erased.includes(field))
      .map(({ field, salt, value }) => ({ field, salt: toHex(salt), value })),
  }));
  return { bytes: new TextEncoder().encode(JSON.stringify(receipt)), verifierKey };
}
