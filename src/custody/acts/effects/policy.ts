import {
  type Digest,
  isTestNetwork,
  Malformed,
  Refusal,
  type Wallet,
  type WalletId,
  walletIdentity,
} from '../../../domain/index.ts';
import type { Change } from '../../../gate/policy/change.ts';
import { onlyTightens, type Policy, policyChanges } from '../../../gate/policy.ts';
import type { LookupKey } from '../../../store/facts.ts';
import { type PolicyDocument, readPolicyDocument } from '../../policy-document.ts';
import { policyDelay, policyDetails } from '../../policy-proposal.ts';
import type { Facts, Station } from '../../station.ts';
import type { Effect, EffectParts } from '../effect.ts';

/** As much as comes in one request. */
export const policyMost = 48 * 1024;
/** How many members a sentence names. */
const toldMost = 5;

/**
 * I3, S11: another policy, by quorum: at once where it only tightens, else after the longer of the old delay and the new one. It
 * rests on the policy that it was decided on, so that it lapses where another takes effect first.
 */
export const policyEffect: Effect = {
  verb: 'policy',
  form: 'document',
  payload: { most: policyMost },
  ask(subject, payload, parts) {
    if (subject !== 'document') return undefined;
    const { station } = parts;
    const next = readPolicyDocument(payload);
    checkFits(next, parts);
    const was = station.policy;
    const changes = policyChanges(was, next.policy);
    const tightens = onlyTightens(changes);
    const wallets = new WalletWatch(station, next.policy);
    return {
      rows: [],
      lookups: wallets.lookups,
      tightens: false,
      whileSuspect: tightens,
      // It stands in for people who are lost, to name others; whatever else loosens is not its to decide.
      recovery: changes.every(({ direction, member }) => direction !== 'looser' || member.startsWith('operators.')),
      stoppedBy: tightens ? [] : ['station'],
      personal: false,
      approved(facts) {
        wallets.check(facts);
        return payload;
      },
      describe: (facts) => described(facts.station.policy, next.hash, changes),
      details: () => policyDetails(parts, next),
      signatures: () => was.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => (tightens ? undefined : policyDelay(was, next.policy)),
      apply(facts, by) {
        if (facts.station.policy === next.hash) throw new Refusal('act-lapsed', 'this policy is in force already');
        return {
          writes: [{ table: 'station', record: { ...facts.station, policy: next.hash }, leaf: by.position }],
          leaves: [
            { kind: 'policy-in-force', fields: { policy: next.hash, replaces: facts.station.policy, act: by.act } },
          ],
          policy: { hash: next.hash, document: next.text },
        };
      },
    };
  },
};

/** What a start would refuse, this refuses before anyone signs. */
function checkFits({ policy }: PolicyDocument, { station, fitting }: EffectParts): void {
  if (station.simulated) {
    const main = [...policy.chains.keys()].find((chain) => !isTestNetwork(chain));
    if (main !== undefined)
      throw new Malformed('policy.chains', `${main}: a station with simulated time names test networks only`);
  }
  fitting(policy);
}

/** What was begun with wallets that go, come, or become another. Each look-up is named; each trouble names what has it. */
class WalletWatch {
  readonly #gone: readonly Wallet[];
  /** Ids that must have made no transaction, and why. */
  readonly #unused: ReadonlyMap<WalletId, string>;

  constructor(station: Station, will: Policy) {
    const was = station.policy;
    this.#gone = [...was.wallets.values()].filter(({ id }) => !will.wallets.has(id));
    const comes = [...will.wallets.values()].filter((wallet) => !same(wallet, was.wallets.get(wallet.id)));
    const unused = new Map<WalletId, string>();
    for (const known of comes.length === 0 ? [] : formerWallets(station)) {
      for (const wallet of comes) {
        if (known.id === wallet.id && !same(known, wallet))
          unused.set(known.id, `${wallet.id} would get another key, chain or path than it had`);
        // E7: its nonces have owners under the other id, for ever.
        if (known.id !== wallet.id && walletIdentity(known) === walletIdentity(wallet))
          unused.set(known.id, `${wallet.id} would get the key of ${known.id}`);
      }
    }
    this.#unused = unused;
  }

  get lookups(): LookupKey[] {
    return [
      ...this.#gone.map(({ id }): LookupKey => ['transactionsOpen', id]),
      ...[...this.#unused.keys()].map((id): LookupKey => ['anchorsOfWallet', id]),
    ];
  }

  /** Throws `Refusal`. */
  check(facts: Facts): void {
    for (const { id } of this.#gone) {
      const open = facts.all('transactionsOpen', id).map((transaction) => transaction.id);
      if (open.length === 0) continue;
      const message = `the policy takes wallet ${id} away, whose transactions are not finished: ${open.join(', ')}`;
      throw new Refusal('policy-strands-transactions', message, { wallet: id, transactions: open.join(' ') });
    }
    for (const [id, why] of this.#unused) {
      if (facts.all('anchorsOfWallet', id).length === 0) continue;
      throw new Refusal('wallet-id-taken', `${why}, and wallet ${id} has made transactions`, { wallet: id });
    }
  }
}

/** Every wallet of every policy that was in force here, the present one's included. */
function formerWallets(station: Station): Wallet[] {
  return station.reading(() =>
    station.store
      .policies()
      .flatMap((document) => [...readPolicyDocument(new TextEncoder().encode(document)).policy.wallets.values()]),
  );
}

function same(one: Wallet, other: Wallet | undefined): boolean {
  if (other === undefined || walletIdentity(one) !== walletIdentity(other)) return false;
  // A pair that moves to another token, or into one, gets another place there; of what a device derives, the path is the key.
  if (one.kind === 'account' && other.kind === 'account')
    return one.key.kind === 'token' || other.key.kind === 'token' || one.key.path === other.key.path;
  // What was begun names its keys as the descriptor did.
  return one.kind === 'script' && other.kind === 'script' && one.descriptor === other.descriptor;
}

function described(base: Digest, next: Digest, changes: readonly Change[]): string {
  const looser = changes.filter(({ direction }) => direction === 'looser').map(({ member }) => member);
  const named = [...looser.slice(0, toldMost), ...(looser.length > toldMost ? ['…'] : [])].join(', ');
  const what = looser.length === 0 ? 'none of which loosens' : `of which these loosen: ${named}`;
  return `Replace the policy ${base} by ${next}: ${changes.length} change(s), ${what}`;
}
