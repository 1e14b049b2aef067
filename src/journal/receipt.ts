import {
  digestOf,
  parseInstant,
  parseIntent,
  paymentSet,
  Refusal,
  type Sealed,
  transactionId,
  type WalletId,
  type WithdrawalIntent,
} from '../domain/index.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { parseVerifierKey } from './note.ts';
import { parseReceipt, type ReceiptDocument } from './receipt-document.ts';
import { ReceiptError, type ReceiptReason } from './receipt-error.ts';
import { checkReceiptAssertion } from './receipt-evidence.ts';
import { fromHex, openedOf, type ProvenLeaf, ProvenLeaves, ripeAt, saidOf, unproven } from './receipt-leaves.ts';

/** One thing that a receipt proves: which leaves say so, and a sentence about it. */
export interface ReceiptFact {
  readonly what: 'log' | 'station' | 'approved' | 'attested' | 'ripe' | 'permitted' | 'signed' | 'ended';
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
  const intent = intentOf(receipt);
  const founded = station(proven, checkpoint, logVerifierKey);
  const authorized = authorization(proven, intent);
  policies(receipt, proven);
  return [
    {
      what: 'log',
      leaves: [],
      sentence: `The log ${checkpoint.origin} had ${checkpoint.size} entries and signed them.`,
    },
    founded,
    approved(authorized, intent),
    ...attested(receipt, proven, authorized, intent),
    ripe(receipt, proven, authorized),
    ...transactions(receipt, proven, authorized, intent),
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

function intentOf(receipt: ReceiptDocument): Sealed<WithdrawalIntent> {
  try {
    return parseIntent(utf8.encode(receipt.intent), 'portcullis/withdrawal/v1');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new ReceiptError('intent-differs', error.message, { cause: error });
  }
}

function station(proven: ProvenLeaves, { origin }: Checkpoint, key: string): ReceiptFact {
  const leaf = proven.one('station-founded', 'the station', () => true);
  if (leaf.index !== 0 || leaf.fields['journal_key'] !== key) throw unproven('its first leaf names another key');
  const simulated = leaf.fields['time_source'] === 'simulated';
  if (simulated !== origin.startsWith('portcullis/simulated/')) throw unproven('origin and time source disagree');
  const time = simulated ? 'simulated time: it guards nothing of worth' : 'its machine’s time';
  return { what: 'station', leaves: [0], sentence: `The station ${leaf.station} was founded on ${time}.` };
}

function authorization(proven: ProvenLeaves, { digest, fields, intent }: Sealed<WithdrawalIntent>): ProvenLeaf {
  const leaf = proven.one('withdrawal-authorized', intent.withdrawal, (l) => l.fields['intent'] === digest);
  for (const name of ['withdrawal', 'asset', 'amount', 'max_fee', 'pay_by']) {
    if (leaf.fields[name] !== fields[name]) throw differs('intent-differs', `leaf ${leaf.index} has another ${name}`);
  }
  for (const name of ['account', 'destination']) {
    if (openedOf(leaf, name) !== fields[name])
      throw differs('intent-differs', `leaf ${leaf.index} has another ${name}`);
  }
  const time = parseInstant(leaf.time, 'time');
  if (leaf.station !== intent.station || time < intent.issued || time > intent.expires) {
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

/** Each attestation, by a factor that was enrolled for the account, announced and ripe when the withdrawal was authorized. */
function attested(
  receipt: ReceiptDocument,
  proven: ProvenLeaves,
  authorized: ProvenLeaf,
  { digest }: Sealed<WithdrawalIntent>,
): ReceiptFact[] {
  const keys = factorKeys(receipt, proven);
  const { attestations } = receipt.evidence;
  const named = [...new Set(attestations.map((a) => a.credential))].join(' ');
  if (named === '' || named !== openedOf(authorized, 'factors')) {
    throw differs('evidence-invalid', `leaf ${authorized.index} was approved by other factors`);
  }
  return attestations.map((assertion) => {
    const factor = keys.get(assertion.credential);
    if (factor === undefined) throw differs('factor-differs', `factor ${assertion.credential} is not in the receipt`);
    const leaves = ripeFactor(proven, factor.added, authorized);
    const origin = checkReceiptAssertion(assertion, factor.coseKey, digest);
    const sentence = `Factor ${assertion.credential} signed this intent on ${origin}; it was enrolled, announced and ripe.`;
    return { what: 'attested', leaves, sentence };
  });
}

function factorKeys(
  { factors }: ReceiptDocument,
  proven: ProvenLeaves,
): Map<string, { readonly added: ProvenLeaf; readonly coseKey: Uint8Array }> {
  const keys = new Map<string, { added: ProvenLeaf; coseKey: Uint8Array }>();
  for (const { credential, class: kind, cose_key } of factors) {
    const added = proven.one('factor-added', `factor ${credential}`, (l) => l.opened['factor'] === credential);
    const coseKey = Buffer.from(cose_key, 'base64url');
    if (keys.has(credential) || added.fields['key'] !== digestOf(coseKey) || added.fields['class'] !== kind) {
      throw differs('factor-differs', `leaf ${added.index} enrolled another key or class for factor ${credential}`);
    }
    keys.set(credential, { added, coseKey });
  }
  return keys;
}

/** The leaves of a factor that was the account's, and ripe, at the authorization. */
function ripeFactor(proven: ProvenLeaves, added: ProvenLeaf, authorized: ProvenLeaf): number[] {
  if (openedOf(added, 'account') !== openedOf(authorized, 'account')) {
    throw differs('factor-differs', `leaf ${added.index} enrolled a factor of another account`);
  }
  const { intent, notice } = added.fields;
  const told = (l: ProvenLeaf): boolean => l.fields['intent'] === intent;
  const ripening = proven.one(
    'factor-ripening',
    `leaf ${added.index}`,
    (l) => told(l) && l.fields['notice'] === notice,
  );
  const gone = proven.of('factor-revoked', (l) => told(l) && l.index < authorized.index);
  if (!ripeAt(ripening, authorized) || gone.length > 0) {
    throw differs('factor-differs', `the factor of leaf ${added.index} was not ripe, or revoked, when it approved`);
  }
  return [added.index, ripening.index, authorized.index];
}

function ripe(receipt: ReceiptDocument, proven: ProvenLeaves, authorized: ProvenLeaf): ReceiptFact {
  const { destination_leaf, destination_w0, destination_d0 } = authorized.fields;
  const ripening = proven.one('destination-ripening', 'the destination', (l) => String(l.index) === destination_leaf);
  const { entry, intent, notice, w0, d0 } = ripening.fields;
  const added = proven.one('destination-added', `entry ${entry}`, (l) => l.fields['entry'] === entry);
  const same =
    added.fields['intent'] === intent &&
    added.fields['notice'] === notice &&
    openedOf(added, 'account') === openedOf(authorized, 'account') &&
    openedOf(added, 'destination') === openedOf(authorized, 'destination') &&
    w0 === destination_w0 &&
    d0 === destination_d0;
  if (!same) throw differs('destination-differs', `leaf ${authorized.index} relied on another destination`);
  const gone = proven.of('destination-removed', (l) => l.fields['entry'] === entry && l.index < authorized.index);
  if (!ripeAt(ripening, authorized) || gone.length > 0) {
    throw differs('destination-differs', `entry ${entry} was not ripe, or removed, when the withdrawal was authorized`);
  }
  const by = openedOf(added, 'attested_by');
  const attester = factorKeys(receipt, proven).get(by);
  if (attester === undefined) throw differs('factor-differs', `factor ${by} is not in the receipt`);
  ripeFactor(proven, attester.added, added);
  const hours = Number(d0) / 3_600_000;
  const sentence = `Its destination was whitelisted at ${added.time} by factor ${by}, announced by ${ripening.time}, and had ripened for the ${hours} h that it had to.`;
  return { what: 'ripe', leaves: [added.index, ripening.index], sentence };
}

/** Every version on the one anchor, each permitted once for these payments; the signed ones exactly as released. */
function transactions(
  receipt: ReceiptDocument,
  proven: ProvenLeaves,
  authorized: ProvenLeaf,
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
      permit.index > authorized.index &&
      replaces === (receipt.transactions[i - 1]?.id ?? '') &&
      permits.every((p) => p.fields['anchor'] === anchor && p.fields['payment_set'] === payment_set) &&
      permits.every((p) => p.fields['wallet'] === wallet);
    if (!fits) throw differs('transaction-differs', `leaf ${permit.index} permitted something else than ${id}`);
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

function policies({ policies: documents }: ReceiptDocument, { all }: ProvenLeaves): void {
  const named = new Set(all.flatMap((leaf) => leaf.fields['policy'] ?? []));
  const shown = documents.map((document) => digestOf(utf8.encode(document)) as string);
  if (shown.length !== named.size || shown.some((hash) => !named.has(hash)) || new Set(shown).size !== named.size)
    throw differs('policy-differs', 'the policy documents are not those that the leaves name');
}

function differs(reason: ReceiptReason, message: string): ReceiptError {
  return new ReceiptError(reason, message);
}
