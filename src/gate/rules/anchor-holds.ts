import { paymentSet } from '../../domain/index.ts';
import type { TransactionCase } from '../cases.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';

/**
 * I4, the rule that keeps money from being paid twice. An anchor belongs to one set of withdrawals for ever; a withdrawal
 * is bound to the anchor of the first transaction that pays it. Every version spends that anchor, so at most one can confirm.
 */
export const anchorHolds: Rule<TransactionCase> = {
  name: 'anchor-holds',
  judge(of) {
    const { anchor, anchorId, withdrawals, wallet } = of;
    if (wallet === undefined) return refuse('wallet-unknown', 'policy names no such wallet');
    if (withdrawals.length === 0) return refuse('payment-unmatched', 'the transaction pays no withdrawal');
    for (const { record } of withdrawals) {
      if (record.anchor !== null && (record.anchor !== anchorId || record.wallet !== wallet.id)) {
        return refuse(
          'anchor-taken',
          `withdrawal ${record.id} is bound to ${record.anchor} of ${record.wallet}: at ${anchorId} of ${wallet.id} it could be paid twice`,
          { anchor: record.anchor },
        );
      }
    }
    const set = paymentSet(withdrawals.map((w) => w.record.id));
    if (of.phase === 'again') return again(of, set);
    if (anchor === undefined) return first(of);
    if (anchor.paymentSet !== set) {
      return refuse('nonce-used', `${anchor.anchor} of ${wallet.id} belongs to another payment for ever`);
    }
    return replacement(of, set);
  },
};

function again({ anchor, id }: TransactionCase, set: string): Judgement {
  if (anchor?.transaction === id && anchor.paymentSet === set)
    return pass(`${anchor.anchor} is this transaction’s own`);
  return refuse('anchor-taken', 'the anchor has passed to another transaction');
}

function first({ withdrawals, replaces, anchorId }: TransactionCase): Judgement {
  if (replaces !== undefined)
    return refuse('replacement-differs', `nothing to replace: ${anchorId} has no transaction`);
  for (const { record } of withdrawals) {
    // Design §4, "Batches": a HELD member is settled first. Nothing of the batch is permitted before, nor, where its authorization
    // came inline, spent: that would hold one member of a call, and leave the others undecided.
    if (record.state === 'HELD') {
      const lacks = `it takes the approval of ${record.operators} operator(s), by ${record.heldBy.join(', ')}`;
      return refuse('withdrawal-held', `withdrawal ${record.id} is settled first: ${lacks}`, {
        withdrawal: record.id,
        operators: String(record.operators),
        held_by: record.heldBy.join(' '),
      });
    }
    if (record.state !== 'AUTHORIZED' || record.anchor !== null) {
      return refuse('withdrawal-not-payable', `withdrawal ${record.id} is ${record.state}`);
    }
  }
  return pass(`${anchorId} is free, and no withdrawal is bound to another`);
}

function replacement({ anchor, replaces, withdrawals }: TransactionCase, set: string): Judgement {
  if (anchor === undefined || replaces === undefined || replaces.id !== anchor.transaction) {
    return refuse(
      'replacement-missing',
      `${anchor?.anchor ?? 'the anchor'} has transaction ${anchor?.transaction}; name it in replaces`,
      {
        transaction: anchor?.transaction ?? '',
      },
    );
  }
  if (replaces.kind !== 'payment') {
    return refuse('transaction-voided', `operators voided what ${anchor.anchor} was for: nothing pays it any more`);
  }
  if (replaces.paymentSet !== set || replaces.anchor !== anchor.anchor || replaces.wallet !== anchor.wallet) {
    return refuse('replacement-differs', 'the replacement does not make the same payments on the same anchor');
  }
  if (replaces.state !== 'SIGNED' && replaces.state !== 'DECLINED' && replaces.state !== 'UNCERTAIN') {
    return refuse('replacement-in-flight', `transaction ${replaces.id} is ${replaces.state}`);
  }
  for (const { record } of withdrawals) {
    if (record.state !== 'COMMITTED' && record.state !== 'SIGNED') {
      return refuse('withdrawal-not-payable', `withdrawal ${record.id} is ${record.state}`);
    }
  }
  return pass(`replaces ${replaces.id} on ${anchor.anchor}, with the same payments`);
}

/** E7: a new anchor is not below the wallet's first nonce, nor below what operators stated after a restore, nor far above its next. */
export const nonceInWindow: Rule<
  Pick<TransactionCase, 'phase' | 'anchor' | 'effects' | 'wallet' | 'walletState' | 'policy'>
> = {
  name: 'nonce-in-window',
  judge({ phase, anchor, effects, wallet, walletState, policy }) {
    const { nonce } = effects;
    if (nonce === undefined) return pass('its chain has no nonces');
    if (phase === 'again' || anchor !== undefined) return pass(`nonce ${nonce} is held already`);
    const first = wallet?.kind === 'account' ? wallet.firstNonce : Number.POSITIVE_INFINITY;
    const next = walletState?.nextNonce ?? first;
    const used = { next_nonce: String(next) };
    if (nonce < first) return refuse('nonce-used', `nonce ${nonce} is below the wallet’s first, ${first}`, used);
    const stated = walletState?.leastNonce ?? 0;
    if (nonce < stated)
      return refuse('nonce-used', `nonce ${nonce} is below ${stated}, which operators stated to be the next`, used);
    if (nonce >= next + policy.nonceWindow) {
      return refuse('nonce-out-of-window', `nonce ${nonce} is not below ${next} + ${policy.nonceWindow}`, {
        next_nonce: String(next),
      });
    }
    return pass(`nonce ${nonce} is within ${policy.nonceWindow} of the wallet’s next, ${next}`);
  },
};

/**
 * B7: an outpoint that is another payment's anchor is spent by that payment's versions, and by nothing else: what spends it
 * beside its own anchor could keep that payment from ever confirming, or pass for a version of it.
 */
export const othersAnchorsLeft: Rule<Pick<TransactionCase, 'phase' | 'otherAnchors'>> = {
  name: 'others-anchors-left',
  judge({ phase, otherAnchors }) {
    // What was permitted before another took one of its outpoints for its anchor goes on: only one of the two confirms.
    if (phase === 'again') return pass('it was permitted before');
    const [taken] = otherAnchors;
    if (taken === undefined) return pass('it spends no other payment’s anchor');
    return refuse('outpoint-used', `${taken.anchor} is the anchor of transaction ${taken.transaction}`, {
      anchor: taken.anchor,
      transaction: taken.transaction,
    });
  },
};

/** B1: change that lies far ahead is lost to whoever scans for it. */
export const changeWithinGap: Rule<Pick<TransactionCase, 'phase' | 'effects' | 'walletState' | 'policy'>> = {
  name: 'change-within-gap',
  judge({ phase, effects, walletState, policy }) {
    const highest = Math.max(-1, ...effects.change.map(({ index }) => index));
    if (highest < 0) return pass('nothing of it is change');
    if (phase === 'again') return pass('its change was looked at when it was permitted');
    const next = walletState?.nextChange ?? 0;
    const gap = policy.chains.get(effects.chain)?.changeGap ?? 0;
    if (highest < next + gap) return pass(`change at ${highest} is within ${gap} of the wallet’s next, ${next}`);
    return refuse('change-beyond-gap', `change at /1/${highest} is not below ${next} + ${gap}`, {
      next_change: String(next),
    });
  },
};

/** B9: what cannot be mined now could be used when its approvals are forgotten. */
export const lockPassed: Rule<Pick<TransactionCase, 'phase' | 'effects' | 'policy' | 'now'>> = {
  name: 'lock-passed',
  judge({ phase, effects, policy, now }) {
    const { lock } = effects;
    if (lock === undefined) return pass('nothing keeps it from being mined');
    if (phase === 'again') return pass('its lock was looked at when it was permitted');
    if (lock.kind === 'time') {
      // BIP-113: compared with the median of the last blocks' times, about an hour behind the clock.
      if (lock.until * 1000 <= now) return pass(`its lock, ${lock.until} s since 1970, has passed`);
      return refuse('transaction-locked', `it cannot be mined before ${lock.until} s since 1970`);
    }
    const most = policy.chains.get(effects.chain)?.lockHeight ?? 0;
    if (lock.until <= most) return pass(`its lock, block ${lock.until}, is within policy’s ${most}`);
    return refuse('transaction-locked', `it cannot be mined before block ${lock.until}, policy allows ${most}`);
  },
};
