import { Malformed } from '../../domain/index.ts';
import { type Members, textItem } from '../document.ts';
import { type Change, lessTightens, moreTightens, named, whole } from './change.ts';
import { together } from './english.ts';
import { type LimitAction, limitActions } from './limits.ts';
import type { Section } from './section.ts';

/** When withdrawals are authorized: UTC; outside, they are held or refused. */
export interface HoursPolicy {
  /** 0 is Sunday (as Date.getUTCDay). */
  readonly days: readonly number[];
  /** Minutes of the day, `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  readonly action: LimitAction;
}

export interface HoursPart {
  /** Undefined: at any hour. */
  readonly hours: HoursPolicy | undefined;
}

const weekdays: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

export const hoursSection: Section<HoursPart> = {
  title: 'Hours',
  parse: (top) => ({ hours: top.has('hours') ? parseHours(top.members('hours')) : undefined }),
  changes: (was, will) =>
    whole('hours', was.hours, will.hours, {
      say: sayHours,
      comes: 'tighter',
      goes: 'looser',
      kept: (old, fresh) => [
        ...named('hours.days', dayNames(old), dayNames(fresh), 'looser'),
        ...moreTightens('hours.from', old.from, fresh.from, timeOfDay),
        ...lessTightens('hours.to', old.to, fresh.to, timeOfDay),
        ...action(old.action, fresh.action),
      ],
    }),
  say: ({ hours }) => (hours === undefined ? ['Withdrawals are authorized at any hour.'] : [`${sayHours(hours)}.`]),
};

function action(was: LimitAction, will: LimitAction): Change[] {
  return was === will
    ? []
    : [{ member: 'hours.action', was, will, direction: will === 'refuse' ? 'tighter' : 'looser' }];
}

const dayNames = ({ days }: HoursPolicy): string[] => days.map((day) => weekdays[day] ?? String(day));

/** `07:30` */
function timeOfDay(minutes: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function sayHours(hours: HoursPolicy): string {
  const else_ = hours.action === 'hold' ? 'held for operators' : 'refused';
  return `Withdrawals are authorized from ${timeOfDay(hours.from)} to ${timeOfDay(hours.to)} UTC on ${together(dayNames(hours), 'no day')}; at other times they are ${else_}`;
}

function parseHours(of: Members): HoursPolicy {
  const hours = {
    days: of.list('days', (value, place) => {
      const at = weekdays.indexOf(textItem(value, place));
      if (at < 0) throw new Malformed(place, `expected one of ${weekdays.join(', ')}`);
      return at;
    }),
    from: parseTime(of, 'from'),
    to: parseTime(of, 'to'),
    action: of.oneOf('action', limitActions),
  };
  if (hours.to <= hours.from) throw new Malformed(of.at('to'), 'is not later than from');
  of.done();
  return hours;
}

function parseTime(of: Members, member: string): number {
  const text = of.text(member);
  const match = /^(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)$/.exec(text);
  if (match === null) throw new Malformed(of.at(member), 'expected a time of the day, UTC, such as 07:30');
  return text === '24:00' ? 1440 : Number(match[1]) * 60 + Number(match[2]);
}
