import type { Moment } from '../cases.ts';
import { hold, pass, type Rule, refuse } from '../rule.ts';
import { quorumOf } from './holds.ts';

const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** When withdrawals are authorized, UTC: a thief would rather come when nobody watches. */
export const withinHours: Rule<Moment> = {
  name: 'within-hours',
  judge({ policy, now }) {
    const { hours } = policy;
    if (hours === undefined) return pass('policy names no hours');
    const at = new Date(now);
    const minutes = at.getUTCHours() * 60 + at.getUTCMinutes();
    const told = `it is ${dayNames[at.getUTCDay()] ?? ''} ${clock(minutes)} UTC`;
    const open = `policy’s hours are ${clock(hours.from)} to ${clock(hours.to)} UTC on ${hours.days.map((d) => dayNames[d] ?? '').join(', ')}`;
    if (hours.days.includes(at.getUTCDay()) && minutes >= hours.from && minutes < hours.to)
      return pass(`${told}, ${open}`);
    const details = { from: clock(hours.from), to: clock(hours.to) };
    if (hours.action === 'hold') return hold(quorumOf(policy), `${told}, ${open}; operators can approve it`, details);
    return refuse('outside-hours', `${told}, ${open}`, details);
  },
};

function clock(minutes: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
