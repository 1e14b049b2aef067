import {
  generationOf,
  Malformed,
  parseTransactionId,
  parseWalletId,
  parseWalletStatement,
  paymentSet,
  Refusal,
  type WalletStatement,
} from '../../../domain/index.ts';
import type { Facts, RowKey } from '../../../store/facts.ts';
import type { Write } from '../../../store/verdict.ts';
import { walletBefore } from '../../wallet-state.ts';
import type { Effect, EffectParts } from '../effect.ts';

/** Some seven hundred outpoints; an act more states more. */
const statementMost = 48 * 1024;

/**
 * By a quorum, at once, also while the station is frozen: what a wallet had used by the time that the station was restored, since what
 * the station remembers is as old as the backup. Of an account its next nonce, of others each outpoint that they know to be spent:
 * below the one, and of the others, nothing new is signed (I4). What was permitted before the backup keeps its anchor.
 */
export const restoredEffect: Effect = {
  verb: 'restored',
  form: 'wallet:ID',
  payload: { most: statementMost },
  ask(subject, payload, parts) {
    if (!subject.startsWith('wallet:')) return undefined;
    const wallet = parts.station.policy.wallets.get(parseWalletId(subject.slice('wallet:'.length), 'subject'));
    if (wallet === undefined) throw new Refusal('wallet-unknown', 'policy names no such wallet');
    const statement = read(payload, parts);
    if (statement.wallet !== wallet.id)
      throw new Malformed('payload', `is about ${statement.wallet}, not ${wallet.id}`);
    if ((statement.nextNonce !== undefined) !== (wallet.kind === 'account'))
      throw new Malformed('payload', wallet.kind === 'account' ? 'states no next_nonce' : 'states a next_nonce');
    if (wallet.kind === 'account' && (statement.nextNonce ?? 0) < wallet.firstNonce)
      throw new Malformed('payload', `next_nonce is below the wallet’s first, ${wallet.firstNonce}`);
    const outpoints = statement.spent.map((spent) => `outpoint:${spent}`);
    const rows: RowKey[] = [['wallets', wallet.id], ...outpoints.map((one): RowKey => ['anchors', wallet.id, one])];
    return {
      rows,
      tightens: false,
      whileSuspect: true,
      recovery: false,
      stoppedBy: [],
      personal: false,
      approved: () => payload,
      describe: (facts) => description(statement, walletBefore(wallet, facts.get('wallets', wallet.id)).nextNonce),
      // Whoever joins the act reads what it says, not only how much.
      details: async () => statement.spent.map((one) => `spent ${one}`),
      signatures: () => parts.station.policy.operators?.quorum ?? Number.POSITIVE_INFINITY,
      delay: () => undefined,
      apply(facts, by) {
        const before = walletBefore(wallet, facts.get('wallets', wallet.id));
        const { nextNonce = 0 } = statement;
        const record = {
          ...before,
          leastNonce: nextNonce,
          nextNonce: Math.max(before.nextNonce, nextNonce),
          statedFor: generationOf(facts.station.name),
        };
        // No withdrawal's set has this name, so that each is another payment's for ever. Those that have a set keep it, and are not told anew.
        const spent = statement.spent.filter((one) => facts.get('anchors', wallet.id, `outpoint:${one}`) === undefined);
        const transaction = parseTransactionId(by.act, 'act');
        const writes: Write[] = [
          { table: 'wallets', record, leaf: by.position },
          ...spent.map((one): Write => {
            const record = {
              wallet: wallet.id,
              anchor: `outpoint:${one}`,
              paymentSet: paymentSet([`act:${by.act}`]),
              transaction,
            };
            return { table: 'anchors', record, leaf: by.position };
          }),
        ];
        const fields = {
          wallet: wallet.id,
          next_nonce: statement.nextNonce === undefined ? '' : String(nextNonce),
          spent: spent.join(' '),
          who: by.operators.join(', '),
          act: by.act,
        };
        return { writes, leaves: [{ kind: 'wallet-stated', fields }] };
      },
    };
  },
};

function read(payload: Uint8Array, { station }: EffectParts): WalletStatement {
  const statement = parseWalletStatement(payload);
  checkGeneration(statement, station.look({}));
  return statement;
}

/** What was stated after an earlier restore says nothing about this one. */
function checkGeneration({ station }: WalletStatement, facts: Facts): void {
  if (station !== facts.station.name)
    throw new Refusal('station-mismatch', `it was stated of ${station}, this is ${facts.station.name}`);
  if (generationOf(facts.station.name) === 1)
    throw new Refusal('act-settled', 'the station was never restored: it knows what its wallets have used');
}

function description({ wallet, nextNonce, spent }: WalletStatement, remembered: number): string {
  if (nextNonce !== undefined)
    return `State that the next nonce of wallet ${wallet} is ${nextNonce}: every one below it was used. The restored station remembers none above ${remembered - 1}`;
  const which = spent.length === 0 ? 'no outpoint' : `${spent.length} outpoint(s)`;
  return `State that ${which} of wallet ${wallet} were spent that the restored station may not know of. It spends none of these again`;
}
