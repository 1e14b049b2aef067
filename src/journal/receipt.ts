import {
  type DestinationIntent,
  type Digest,
  digestOf,
  parseImportedDestination,
  parseIntent,
  paymentSet,
  type Sealed,
  transactionId,
  type WalletId,
  type WithdrawalIntent,
} from '../domain/index.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { parseVerifierKey } from './note.ts';
import { parseReceipt, type ReceiptDocument } from './receipt-document.ts';
import { ReceiptError, type ReceiptReason } from './receipt-error.ts';
import { intentOf, ofItsTime, ReceiptFactors } from './receipt-factors.ts';
import { held, operatorsApprovals, paidAfter, spendingLeaf } from './receipt-hold.ts';
import {
  fromHex,
  openedOf,
  type ProvenLeaf,
  ProvenLeaves,
  recordedRipeness,
  ripeAt,
  saidOf,
  unproven,
} from './receipt-leaves.ts';

/** One thing that a receipt proves: which leaves say so, and a sentence about it. */
export interface ReceiptFact {
  readonly what:
    | 'log'
    | 'station'
    | 'restored'
    | 'approved'
    | 'attested'
    | 'held'
    | 'released'
    | 'ripe'
    | 'enrolled'
    | 'permitted'
    | 'signed'
    | 'ended';
  readonly leaves: readonly number[];
  readonly sentence: string;
}

const utf8 = new TextEncoder();

/**
 * What a receipt (formats.md, "Receipt") proves to someone who has nothing but the log's public key (C2SP verifier key, got from
 * elsewhere). Pure. Throws `ReceiptError` unless every part of it fits every other. It says what the log held at the
 * checkpoint's size, not that nothing was added since.
 */
export function verifyReceipt(bytes: Uint8Array, logVerifierKey: string): readonly ReceiptFact[] {
  const receipt = parseReceipt(bytes);
  const checkpoint = openLog(receipt.checkpoint, logVerifierKey);
  const proven = new ProvenLeaves(receipt.leaves, checkpoint);
  const intent = intentOf(() => parseIntent(utf8.encode(receipt.intent), 'portcullis/withdrawal/v1'));
  const founded = station(proven, checkpoint, logVerifierKey);
  const authorized = authorization(proven, intent);
  const documents = policies(receipt, proven);
  const policyOf = (leaf: ProvenLeaf): string => documents.get(leaf.fields['policy'] ?? '') ?? '';
  const factors = new ReceiptFactors(receipt, proven, openedOf(authorized, 'account'), policyOf);
  const releases = operatorsApprovals(proven, authorized);
  const approvals = attested(receipt, factors, authorized, intent);
  const listed = destination(receipt, proven, factors, authorized);
  const enrolled = factors
    .enrolments()
    .map(({ leaf, sentence }): ReceiptFact => ({ what: 'enrolled', leaves: [leaf.index], sentence }));
  return [
    {
      what: 'log',
      leaves: [],
      sentence: `The log ${checkpoint.origin} had ${checkpoint.size} entries and signed them.`,
    },
    founded,
    ...restores(proven),
    approved(authorized, intent),
    ...approvals,
    ...held(authorized, releases),
    listed.fact,
    ...enrolled,
    ...transactions(receipt, proven, { authorized, releases }, listed.ripening, intent),
    ...ended(proven, authorized),
  ];
}

function openLog(note: string, key: string): Checkpoint {
  try {
    return openCheckpoint(note, [parseVerifierKey(key)]);
  } catch (error) {
    throw new ReceiptError('checkpoint-invalid', saidOf(error), { cause: error });
  }
}

function station(proven: ProvenLeaves, { origin }: Checkpoint, key: string): ReceiptFact {
  const leaf = proven.one('station-founded', 'the station', () => true);
  const later = [...proven.of('journal-key-added', () => true), ...proven.of('station-restored', () => true)];
  const named = [leaf, ...later].map(({ fields }) => fields['journal_key']);
  if (leaf.index !== 0 || !named.includes(key)) throw unproven('the log names another key');
  const simulated = leaf.fields['time_source'] === 'simulated';
  if (simulated !== origin.startsWith('portcullis/simulated/')) throw unproven('origin and time source disagree');
  const time = simulated ? 'simulated time: it guards nothing of worth' : 'its machine’s time';
  return { what: 'station', leaves: [0], sentence: `The station ${leaf.station} was founded on ${time}.` };
}

/** What the former log had after the backup is not in this one. */
function restores(proven: ProvenLeaves): ReceiptFact[] {
  return proven
    .of('station-restored', () => true)
    .map(({ index, time, fields: { restored, former, size, published_size: published } }) => ({
      what: 'restored',
      leaves: [index],
      sentence:
        `At ${time} it was restored as ${restored} from a backup of ${former}, of ${size} entries; of what that one's log had after ` +
        `them this receipt tells nothing${published === undefined ? '' : `, and it was published with ${published}`}.`,
    }));
}

function authorization(proven: ProvenLeaves, sealed: Sealed<WithdrawalIntent>): ProvenLeaf {
  const { digest, fields, intent } = sealed;
  const leaf = spendingLeaf(proven, intent.withdrawal, digest);
  for (const name of ['withdrawal', 'asset', 'amount', 'max_fee', 'pay_by']) {
    if (leaf.fields[name] !== fields[name]) throw differs('intent-differs', `leaf ${leaf.index} has another ${name}`);
  }
  for (const name of ['account', 'destination']) {
    if (openedOf(leaf, name) !== fields[name])
      throw differs('intent-differs', `leaf ${leaf.index} has another ${name}`);
  }
  if (!ofItsTime(sealed, leaf)) {
    throw differs('intent-differs', `leaf ${leaf.index} is not of the intent’s station and time`);
  }
  return leaf;
}

function approved(leaf: ProvenLeaf, { intent, digest }: Sealed<WithdrawalIntent>): ReceiptFact {
  const sentence =
    `Withdrawal ${intent.withdrawal} of account ${intent.account}, ${intent.amount} of ${intent.asset} to ` +
    `${intent.destination} for at most ${intent.maxFee} in fees, was authorized at ${leaf.time} as intent ${digest} ` +
    `under policy ${leaf.fields['policy'] ?? ''}.`;
  return { what: 'approved', leaves: [leaf.index], sentence };
}

/** Each attestation: by a factor that was enrolled for the account, announced and ripe when the withdrawal was authorized; or by an MFA service. */
function attested(
  receipt: ReceiptDocument,
  factors: ReceiptFactors,
  authorized: ProvenLeaf,
  { digest, intent }: Sealed<WithdrawalIntent>,
): ReceiptFact[] {
  const { attestations } = receipt.evidence;
  return factors
    .attested(attestations, digest, authorized, 'factors', openedOf(authorized, 'factors'), intent)
    .map(({ leaves, sentence }) => ({ what: 'attested', leaves, sentence }));
}

/** The entry that the authorization relied on: its owner's factors listed it, it was announced, ripe and not removed. */
function destination(
  { destination: shown }: ReceiptDocument,
  proven: ProvenLeaves,
  factors: ReceiptFactors,
  authorized: ProvenLeaf,
): { readonly fact: ReceiptFact; readonly added: ProvenLeaf; readonly ripening: ProvenLeaf } {
  const { destination_leaf, destination_w0, destination_d0 } = authorized.fields;
  const ripening = proven.one('destination-ripening', 'the destination', (l) => String(l.index) === destination_leaf);
  const { entry, intent, notice, w0, d0 } = ripening.fields;
  const added = proven.one('destination-added', `entry ${entry}`, (l) => l.fields['entry'] === entry);
  const listed = destinationSaid(shown.intent, added);
  const same =
    added.index < ripening.index &&
    added.fields['intent'] === intent &&
    added.fields['notice'] === notice &&
    openedOf(added, 'account') === openedOf(authorized, 'account') &&
    openedOf(added, 'destination') === openedOf(authorized, 'destination') &&
    w0 === destination_w0 &&
    d0 === destination_d0 &&
    listed.digest === intent &&
    listed.entry === entry &&
    listed.account === openedOf(added, 'account') &&
    listed.destination === openedOf(added, 'destination') &&
    listed.timely;
  if (!same) throw differs('destination-differs', `leaf ${authorized.index} relied on another destination`);
  stands(proven, ripening, authorized);
  const sentence =
    `Its destination was whitelisted at ${added.time}, ${listedBy(listed, shown, factors, added)}; it was announced by ` +
    `${ripening.time}, and had ripened for the ${Number(d0) / 3_600_000} h that it had to.`;
  return { fact: { what: 'ripe', leaves: [added.index, ripening.index], sentence }, added, ripening };
}

/** What listed a destination: its owner's intent, or a record that operators imported. */
interface DestinationSaid extends Pick<DestinationIntent, 'account' | 'destination'> {
  readonly entry: string;
  readonly digest: Digest;
  readonly imported: boolean;
  /** Of the leaf's station, and good at its time. */
  readonly timely: boolean;
}

function destinationSaid(text: string, added: ProvenLeaf): DestinationSaid {
  const bytes = utf8.encode(text);
  if (added.fields['admission'] !== 'import') {
    const sealed = intentOf(() => parseIntent(bytes, 'portcullis/destination/v1'));
    return { ...sealed.intent, digest: sealed.digest, imported: false, timely: ofItsTime(sealed, added) };
  }
  const { record } = intentOf(() => parseImportedDestination(bytes));
  // The leaf has the digest of all of it, and the act of a quorum stands behind the leaf.
  const digest = digestOf(bytes);
  return { ...record, entry: digest, digest, imported: true, timely: true };
}

function listedBy(
  { imported, digest }: DestinationSaid,
  { evidence: { attestations } }: ReceiptDocument['destination'],
  factors: ReceiptFactors,
  added: ProvenLeaf,
): string {
  if (!imported) {
    const by = factors.attested(attestations, digest, added, 'attested_by');
    return `as intent ${digest}, signed by ${by.map((one) => one.who).join(' and ')}`;
  }
  if (attestations.length > 0)
    throw differs('evidence-invalid', `leaf ${added.index} was not imported by operators alone`);
  const who = (added.fields['operators'] ?? '').split(' ').join(', ');
  return `from what the exchange had, imported by the operators ${who} (act ${added.fields['act']})`;
}

/** The destination is ripe, and not removed, at a leaf. */
function stands(proven: ProvenLeaves, ripening: ProvenLeaf, at: ProvenLeaf): void {
  const { entry } = ripening.fields;
  const gone = proven.of('destination-removed', (l) => l.fields['entry'] === entry && l.index < at.index);
  if (!ripeAt(ripening, at) || gone.length > 0) {
    throw differs('destination-differs', `entry ${entry} was not ripe, or removed, at leaf ${at.index}`);
  }
}

/** Every version on the one anchor, each permitted once for these payments; the signed ones exactly as released. */
function transactions(
  receipt: ReceiptDocument,
  proven: ProvenLeaves,
  { authorized, releases }: { readonly authorized: ProvenLeaf; readonly releases: readonly ProvenLeaf[] },
  ripening: ProvenLeaf,
  { intent }: Sealed<WithdrawalIntent>,
): ReceiptFact[] {
  const permits = proven.of('transaction-permitted', () => true);
  if (permits.length !== receipt.transactions.length)
    throw differs('transaction-differs', 'permits and transactions are not the same in number');
  return receipt.transactions.flatMap(({ id, wallet, unsigned, signed }, i): ReceiptFact[] => {
    const permit = proven.one('transaction-permitted', `transaction ${id}`, (l) => l.fields['transaction'] === id);
    const { anchor, payment_set, withdrawals = '', replaces } = permit.fields;
    const pays = withdrawals.split(' ');
    const fits =
      transactionId(wallet as WalletId, fromHex(unsigned)) === id &&
      permit.fields['wallet'] === wallet &&
      pays.includes(intent.withdrawal) &&
      paymentSet(pays) === payment_set &&
      paidAfter(authorized, releases, permit) &&
      replaces === (receipt.transactions[i - 1]?.id ?? '') &&
      permits.every((p) => p.fields['anchor'] === anchor && p.fields['payment_set'] === payment_set) &&
      permits.every((p) => p.fields['wallet'] === wallet);
    if (!fits) throw differs('transaction-differs', `leaf ${permit.index} permitted something else than ${id}`);
    stands(proven, ripening, permit);
    const [w0, d0] = recordedRipeness(permit, 'destinations', pays.indexOf(intent.withdrawal), pays.length);
    if (w0 !== ripening.fields['w0'] || d0 !== ripening.fields['d0'])
      throw differs('destination-differs', `leaf ${permit.index} relied on another ripening of the destination`);
    const permitted: ReceiptFact = {
      what: 'permitted',
      leaves: [permit.index],
      sentence: `Transaction ${id} of wallet ${wallet} was permitted on ${anchor} for ${pays.length} withdrawal(s).`,
    };
    const [release, another] = proven.of('transaction-signed', (l) => l.fields['transaction'] === id);
    if (release === undefined && signed === '') return [permitted];
    if (release === undefined || another !== undefined || release.fields['raw'] !== digestOf(fromHex(signed)))
      throw differs('transaction-differs', `the signed bytes of ${id} are not those that were released`);
    const sentence = `Its signature was released at ${release.time}.`;
    return [permitted, { what: 'signed', leaves: [release.index], sentence }];
  });
}

function ended(proven: ProvenLeaves, { fields }: ProvenLeaf): ReceiptFact[] {
  return proven
    .of('withdrawal-ended', (l) => l.fields['intent'] === fields['intent'])
    .map((leaf) => ({
      what: 'ended',
      leaves: [leaf.index],
      sentence: `The withdrawal ended at ${leaf.time}, unpaid: ${leaf.fields['state'] ?? ''}.`,
    }));
}

/** The policy documents by their hash: exactly those that the leaves name. */
function policies({ policies: documents }: ReceiptDocument, { all }: ProvenLeaves): ReadonlyMap<string, string> {
  const named = new Set(all.flatMap((leaf) => leaf.fields['policy'] ?? []));
  const shown = new Map(documents.map((document) => [digestOf(utf8.encode(document)) as string, document]));
  if (
    documents.length !== named.size ||
    shown.size !== named.size ||
    [...shown.keys()].some((hash) => !named.has(hash))
  )
    throw differs('policy-differs', 'the policy documents are not those that the leaves name');
  return shown;
}

function differs(reason: ReceiptReason, message: string): ReceiptError {
  return new ReceiptError(reason, message);
}
