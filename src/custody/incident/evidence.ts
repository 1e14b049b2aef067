import { fromBase64url } from '../../attestation/base64url.ts';
import {
  type Attestation,
  digestOf,
  type FactorRecord,
  formatInstant,
  parseInstant,
  type TransactionRecord,
  type WallMs,
  type WithdrawalRecord,
} from '../../domain/index.ts';
import { chainOf } from '../chain.ts';
import { decodeEvidence } from '../kept-evidence.ts';
import type { AssetNames } from './assets.ts';
import { admitters, type PaidByLeaves } from './leaves.ts';
import { amountIn, type Entry, refOf, type StationRecords, words } from './record.ts';
import type { Attester, PaymentEvidence, RipeningEvidence } from './report.ts';

/** W₀ and d₀ of a thing that a decision relied on, as its entry has them. */
interface Ripened {
  readonly w0: number | null;
  readonly d0: number | null;
}

const nothing: Ripened = { w0: null, d0: null };

/** Everything that a payment rested on: its entries, its rows, and the evidence that they bind by hash. */
export class EvidenceOf {
  readonly #records: StationRecords;
  readonly #names: AssetNames;

  constructor(records: StationRecords, names: AssetNames) {
    this.#records = records;
    this.#names = names;
  }

  payment(paid: PaidByLeaves): PaymentEvidence {
    const { withdrawal, authorized, permitted, released, replacedBy } = paid;
    const { member } = authorized;
    const row = this.#records.row('withdrawals', withdrawal);
    const asset = member('asset') ?? '';
    const amount = member('amount') ?? '0';
    const transaction = permitted.member('transaction') ?? '';
    const raw = released.member('raw') ?? '';
    return {
      withdrawal,
      account: member('account') ?? row?.account ?? null,
      asset,
      symbol: this.#names.of(asset).symbol,
      amount,
      units: this.#names.units(asset, amountIn(amount)),
      destination: member('destination') ?? row?.destination ?? null,
      intent: member('intent') ?? '',
      policy: member('policy') ?? '',
      authorized: { ...refOf(authorized), w: authorized.leaf.w },
      attested_by: row === undefined ? [] : this.#attesters(row.evidence, authorized, 'factors'),
      held: row === undefined || row.heldBy.length === 0 ? null : this.#held(row),
      listing: row === undefined ? null : this.#listing(row, authorized),
      transaction: {
        id: transaction,
        hash: nameOnChain(this.#records.row('transactions', transaction), raw),
        wallet: permitted.member('wallet') ?? '',
        anchor: permitted.member('anchor') ?? '',
        permitted: refOf(permitted),
        released: refOf(released),
        raw,
        replaced_by: replacedBy,
      },
    };
  }

  #held({ heldBy, history }: WithdrawalRecord): PaymentEvidence['held'] {
    const approved = this.#records.entries(history).find(({ leaf }) => leaf.kind === 'withdrawal-approved');
    return { by: heldBy, approved_by: words(approved?.member('operators')) };
  }

  #listing({ entry, destination }: WithdrawalRecord, authorized: Entry): PaymentEvidence['listing'] {
    const row = this.#records.row('destinations', entry);
    if (row === undefined || row.destination !== destination) return null;
    const told = this.#records.entries(row.history);
    const added = told.find(({ leaf }) => leaf.kind === 'destination-added');
    const { member } = authorized;
    const relied = { w0: whole(member('destination_w0')), d0: whole(member('destination_d0')) };
    return {
      entry,
      label: row.label,
      listed: added === undefined ? null : refOf(added),
      admission: added?.member('admission') ?? 'attested',
      listed_by: added === undefined ? [] : this.#attesters(row.evidence, added, 'attested_by'),
      ripening: ripening(told, 'destination-ripening', relied, authorized),
    };
  }

  /** `listed`: the entry's member that lists the factors, in whose order it has their ripeness. */
  #attesters(evidence: Uint8Array, entry: Entry, listed: 'factors' | 'attested_by'): Attester[] {
    const ids = words(entry.member(listed));
    const [w0s, d0s] = [`${listed}_w0`, `${listed}_d0`].map((name) => (entry.member(name) ?? '').split(' '));
    let attestations: Attestation[];
    try {
      attestations = decodeEvidence(evidence);
    } catch {
      // Damaged, which the audit names: what the entry lists is still told.
      return ids.map((id) =>
        this.#attester(id, 'webauthn', { user_verified: null, payment_shown: null }, nothing, entry),
      );
    }
    return attestations.map((attestation) => {
      if (attestation.kind === 'mfa-token') return ofService(attestation.token);
      const id = attestation.kind === 'webauthn' ? attestation.credential : attestation.factor;
      const at = ids.indexOf(id);
      const relied = { w0: whole(w0s?.[at]), d0: whole(d0s?.[at]) };
      const seen = attestation.kind === 'webauthn' ? seenIn(attestation) : { user_verified: null, payment_shown: null };
      return this.#attester(id, attestation.kind, seen, relied, entry);
    });
  }

  #standing({ state, epoch }: FactorRecord): NonNullable<Attester['state']> {
    if (state === 'cancelled') return 'cancelled';
    if (state === 'removed' || epoch !== this.#records.row('station', 'station')?.factorEpoch) return 'revoked';
    return 'standing';
  }

  #attester(
    id: string,
    kind: 'webauthn' | 'totp',
    seen: Pick<Attester, 'user_verified' | 'payment_shown'>,
    relied: Ripened,
    by: Entry,
  ): Attester {
    const factor = this.#records.row('factors', id);
    const told = factor === undefined ? [] : this.#records.entries(factor.history);
    const added = told.find(({ leaf }) => leaf.kind === 'factor-added');
    return {
      kind,
      id,
      class: factor?.class ?? null,
      ...seen,
      enrolled: added === undefined ? null : refOf(added),
      admission: factor?.admission ?? null,
      admitted_by: added === undefined ? [...(factor?.attestedBy ?? [])] : admitters(added),
      ripening: ripening(told, 'factor-ripening', relied, by),
      state: factor === undefined ? null : this.#standing(factor),
    };
  }
}

function ripening(
  told: readonly Entry[],
  kind: 'factor-ripening' | 'destination-ripening',
  { w0, d0 }: Ripened,
  relying: Entry,
): RipeningEvidence {
  const delivered = told.find(({ leaf }) => leaf.kind === kind);
  return {
    notice_delivered: delivered === undefined ? null : refOf(delivered),
    w0,
    d0,
    ripe_not_before: delivered === undefined || d0 === null ? null : instantAfter(delivered.leaf.time, d0),
    ripe_for: w0 === null || d0 === null ? null : relying.leaf.w - w0 - d0,
  };
}

/** Null where an entry has what no station writes. */
function instantAfter(time: string, ms: number): string | null {
  try {
    return formatInstant((parseInstant(time, 'time') + ms) as WallMs);
  } catch {
    return null;
  }
}

/** WebAuthn L3 §6.1: the flags are behind the RP ID's hash; bit 2 is UV. */
function seenIn({ authenticatorData, clientData }: Extract<Attestation, { kind: 'webauthn' }>) {
  const flags = authenticatorData[32];
  return {
    user_verified: flags === undefined ? null : (flags & 4) !== 0,
    payment_shown: Buffer.from(clientData).includes('"type":"payment.get"'),
  };
}

/** What an MFA service's token says of itself; the station verified it. */
function ofService(token: string): Attester {
  const claims = fromBase64url(token.split('.')[1] ?? '');
  let issuer: unknown;
  try {
    issuer = Object(JSON.parse(new TextDecoder().decode(claims)))['iss'];
  } catch {
    issuer = undefined;
  }
  const unknown = { class: null, user_verified: null, payment_shown: null, enrolled: null, admission: null };
  const id = typeof issuer === 'string' ? issuer : '';
  return { kind: 'mfa-token', id, ...unknown, admitted_by: [], ripening: null, state: null };
}

/** Only of bytes that the entry binds. */
function nameOnChain(transaction: TransactionRecord | undefined, raw: string): string | null {
  if (transaction === undefined || transaction.signed === null || digestOf(transaction.signed) !== raw) return null;
  try {
    return chainOf(transaction.chain, 'chain').nameOf(transaction.signed);
  } catch {
    return null;
  }
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,16}$/.test(text) ? Number(text) : null;
}
