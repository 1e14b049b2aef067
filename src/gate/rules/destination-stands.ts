import { type DestinationRecord, formatInstant, ripeness, second, type WallMs } from '../../domain/index.ts';
import type { Listed, Moment, TransactionCase, WithdrawalCase } from '../cases.ts';
import { type Judgement, pass, type Rule, refuse } from '../rule.ts';

function live(entry: DestinationRecord | undefined): entry is DestinationRecord {
  return entry !== undefined && (entry.state === 'announcing' || entry.state === 'pending');
}

function listed({ listing, entry }: Listed, account: string, destination: string): Judgement {
  const same = listing !== undefined && live(entry) && entry.entry === listing.entry;
  if (same && entry.account === account && entry.destination === destination) {
    return pass(`${destination} is on the whitelist of ${account} as entry ${entry.entry}`);
  }
  return refuse('destination-unlisted', `${destination} is not on the whitelist of ${account}`);
}

function ripe({ entry }: Listed, of: Moment): Judgement {
  const { policy, station, now, w } = of;
  const delay = policy.ripening.destination;
  const waiting = (remaining: number, why: string): Judgement => {
    const notBefore = formatInstant((now + Math.ceil(remaining / second) * second) as WallMs);
    return refuse('destination-unripe', `${entry?.destination ?? 'the destination'} ${why}: not before ${notBefore}`, {
      not_before: notBefore,
    });
  };
  if (!live(entry)) return waiting(delay, 'is not listed');
  if (entry.epoch !== station.factorEpoch) return waiting(delay, 'was whitelisted before all factors were revoked');
  if (entry.state !== 'pending' || entry.w0 === null || entry.d0 === null) {
    return waiting(delay, 'ripens only once its notice has been delivered');
  }
  const at = ripeness({ state: 'pending', w0: entry.w0, d0: entry.d0 }, delay, w);
  if (!at.ripe) return waiting(at.remaining, 'is still ripening');
  return pass(`entry ${entry.entry} is ripe: W ${w} is past ${at.w0} + ${Math.max(at.d0, delay)} ms`);
}

/** D1: looked up by account, chain and address, exact bytes. */
export const destinationListed: Rule<Pick<WithdrawalCase, 'intent' | 'listed'>> = {
  name: 'destination-listed',
  judge: ({ intent: { intent }, listed: found }) => listed(found, intent.account, intent.destination),
};

/** D2, I6: its delay has passed in witnessed time since its notice was accepted for delivery. */
export const destinationRipe: Rule<Moment & Pick<WithdrawalCase, 'listed'>> = {
  name: 'destination-ripe',
  judge: (of) => ripe(of.listed, of),
};

/** When signing, each destination must still be the very entry on which its withdrawal was authorized, and ripe. */
export const destinationsStand: Rule<TransactionCase> = {
  name: 'destinations-stand',
  judge(of) {
    for (const { record, listed: found } of of.withdrawals) {
      const judgement = listed(found, record.account, record.destination);
      if (!judgement.passed || found.entry?.entry !== record.entry) {
        return refuse(
          'destination-withdrawn',
          `entry ${record.entry} of withdrawal ${record.id} is no longer on the whitelist`,
        );
      }
      const ripeNow = ripe(found, of);
      if (!ripeNow.passed) return ripeNow;
    }
    return pass('every destination is still listed, and ripe');
  },
};
