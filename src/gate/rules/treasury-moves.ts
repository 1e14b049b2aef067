import type { Address, Payment } from '../../domain/index.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';
import type { TreasuryCase } from '../treasury-case.ts';
import { present } from './quorum-present.ts';

/** I1: the station's own moves reach only its own wallets or the operators' ripened list; a void reaches nobody. */
export const movesNothingElsewhere: Rule<TreasuryCase> = {
  name: 'moves-nothing-elsewhere',
  judge: (of) => (of.kind === 'void' ? voids(of) : transfers(of)),
};

function voids({ effects: { payments, change }, wallet }: TreasuryCase): Judgement {
  if (wallet?.kind === 'script') {
    if (payments.length === 0 && change.length > 0) return pass('all of it comes back to its own wallet');
    return refuse('void-differs', `a void sends everything back to change of ${wallet.id} and pays nobody`);
  }
  const [only] = payments;
  const idle =
    payments.length === 1 &&
    only !== undefined &&
    only.amount === 0n &&
    only.destination === wallet?.address &&
    native(only);
  if (idle) return pass('it pays nothing to its own wallet');
  return refuse('void-differs', `a void pays zero to ${wallet?.address ?? 'its own wallet'} and does nothing else`);
}

const native = ({ asset }: Payment): boolean => asset.includes('/slip44:');

function transfers({ effects: { payments }, wallet, policy }: TreasuryCase): Judgement {
  const own = [...policy.wallets.values()].filter((w) => w.id !== wallet?.id).map((w) => w.address);
  const reachable = new Set<Address>([...own, ...policy.treasury.map((t) => t.address)]);
  for (const { asset, destination, amount } of payments) {
    if (!reachable.has(destination) || policy.denied.has(destination)) {
      return refuse(
        'transfer-elsewhere',
        `${destination} is neither another wallet of the station nor on policy’s treasury list`,
      );
    }
    if (!policy.assets.has(asset)) return refuse('token-unknown', `${asset} is not in policy’s registry`);
    if (amount === 0n) return refuse('amount-mismatch', 'it transfers nothing');
  }
  if (payments.length === 0) return refuse('payment-unmatched', 'it makes no payment');
  return pass('all of it goes to the station’s own wallets, or to policy’s treasury list');
}

/** D4: rows are not evidence. The quorum's signatures are verified and counted again before a device sees a byte. */
export const operatorsAsked: Rule<TreasuryCase> = {
  name: 'operators-asked',
  judge(of) {
    const quorum = of.policy.operators?.quorum ?? Number.POSITIVE_INFINITY;
    if (of.phase === 'again') return present(of.signatures, quorum, of);
    const count = new Set(of.operators).size;
    if (count >= quorum) return pass(`${count} operators signed, ${quorum} are needed`);
    return refuse('quorum-missing', `${count} operators signed, ${quorum} are needed`);
  },
};
