import type { IncidentReport } from '../custody/incident/report.ts';
import { day, hour, minute } from '../domain/index.ts';
import { escaped } from './operator-page.ts';

const width = 960;
const [left, right] = [72, 16];
/** Of a panel: its title, its bars, and what is below them. */
const [titled, tall, below] = [26, 92, 18];
const panelsMost = 6;
const barsMost = 72;
/** Marks that have words; the others are lines alone. */
const wordsMost = 5;

const steps = [1, 2, 5, 10, 15, 30]
  .map((n) => n * minute)
  .concat(
    [1, 2, 3, 6, 12].map((n) => n * hour),
    [1, 2, 7, 30, 90, 365].map((n) => n * day),
  );

interface Panel {
  readonly title: string;
  readonly kind: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

export interface Chart {
  /** SVG without any style of its own: classes of page/incident.css. */
  readonly svg: string;
  /** What it shows, in words. */
  readonly caption: string;
}

/** What left the station over time, an asset a panel, and what was refused; undefined where nothing happened. Numbers in it are rounded. */
export function chartOf(report: IncidentReport): Chart | undefined {
  const panels = panelsOf(report);
  const marks = report.events
    .filter(({ kind }) => kind === 'frozen' || kind === 'thawed' || kind === 'breaker-tripped')
    .map(({ kind, time }) => ({ kind, at: Date.parse(time) }));
  const times = [...panels.flatMap(({ points }) => points.map(({ at }) => at)), ...marks.map(({ at }) => at)];
  if (times.length === 0) return undefined;
  const [earliest, latest] = [Math.min(...chunked(times, Math.min)), Math.max(...chunked(times, Math.max))];
  const step = steps.find((one) => (latest - earliest) / one <= barsMost - 2) ?? 365 * day;
  const from = Math.floor(earliest / step) * step - step;
  const to = Math.floor(latest / step) * step + 2 * step;
  const x = (at: number): number => left + ((at - from) / (to - from)) * (width - left - right);

  const top = marks.length === 0 ? 4 : 40;
  const height = top + panels.length * (titled + tall + below) + 34;
  const bottom = height - 34 - below;
  const drawn = panels.map((panel, i) => drawPanel(panel, top + i * (titled + tall + below), { step, x, from, to }));
  const lines = marks.map(({ at }) => `<path class="mark" d="M${fixed(x(at))} ${top}V${bottom}"/>`);
  const words = marks.slice(0, wordsMost).map(({ kind, at }, i) => {
    const anchor = x(at) > width * 0.75 ? 'end' : 'start';
    const nudge = anchor === 'end' ? -4 : 4;
    return `<text class="marked" x="${fixed(x(at) + nudge)}" y="${14 + (i % 2) * 14}" text-anchor="${anchor}">${kind === 'breaker-tripped' ? 'breaker tripped' : kind} ${clockOf(at)}</text>`;
  });
  const title = `What was released and refused from ${shownAt(from)} to ${shownAt(to)}, UTC`;
  const svg = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
${[...drawn, ...lines, ...words, timeAxis(bottom, { from, to, x })].join('\n')}
</svg>`;
  const more = panels.length >= panelsMost + 1 ? ' Of the assets, those with the most payments.' : '';
  return { svg, caption: `A bar is ${spanOf(step)}. Times are UTC.${more}` };
}

function panelsOf({ payments, totals, refusals }: IncidentReport): Panel[] {
  const assets = [...totals.assets].sort((a, b) => b.payments - a.payments).slice(0, panelsMost);
  const panels = assets.map(({ asset, symbol, decimals }, i): Panel => {
    const scale = 10 ** (decimals ?? 0);
    const points = payments
      .filter((payment) => payment.asset === asset)
      .map((payment) => ({ at: Date.parse(payment.transaction.released.time), value: Number(payment.amount) / scale }));
    return { title: `${symbol ?? `base units of ${asset}`} released`, kind: `asset-${i % 4}`, points };
  });
  if (refusals.told.length > 0) {
    const points = refusals.told.map(({ time }) => ({ at: Date.parse(time), value: 1 }));
    panels.push({ title: 'requests refused', kind: 'refusal', points });
  }
  return panels;
}

interface Scale {
  readonly step: number;
  readonly from: number;
  readonly to: number;
  readonly x: (at: number) => number;
}

function drawPanel({ title, kind, points }: Panel, top: number, { step, from, to, x }: Scale): string {
  const sums = new Map<number, number>();
  for (const { at, value } of points) {
    const bar = Math.floor(at / step) * step;
    sums.set(bar, (sums.get(bar) ?? 0) + value);
  }
  const scale = niceAbove(Math.max(...chunked([...sums.values()], Math.max)));
  const floor = top + titled + tall;
  const y = (value: number): number => floor - (value / scale) * tall;
  const half = kind === 'refusal' && scale % 2 !== 0 ? [] : [scale / 2];
  const grid = [0, ...half, scale].map(
    (value) =>
      `<path class="grid" d="M${left} ${fixed(y(value))}H${width - right}"/><text class="tick" x="${left - 8}" y="${fixed(y(value) + 4)}" text-anchor="end">${plain(value)}</text>`,
  );
  const wide = Math.max(1, x(from + step) - x(from) - 1.5);
  const bars = [...sums].map(
    ([at, sum]) =>
      `<rect class="${kind}" x="${fixed(x(at) + 0.75)}" y="${fixed(y(sum))}" width="${fixed(wide)}" height="${fixed(floor - y(sum))}"><title>${shownAt(at)}: ${plain(sum)}</title></rect>`,
  );
  const heading = `<text class="panel" x="${left}" y="${top + 14}">${escaped(title)}, per ${spanOf(step)}</text>`;
  return [heading, ...grid, ...bars, ticks(floor, { from, to, x }).join('')].join('\n');
}

/** Whole steps of the clock, eight of them at most. */
function instants(from: number, to: number): number[] {
  const step = steps.find((one) => (to - from) / one <= 8) ?? 365 * day;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, i) => first + i * step);
}

function ticks(floor: number, { from, to, x }: Omit<Scale, 'step'>): string[] {
  return instants(from, to).map((at) => `<path class="grid" d="M${fixed(x(at))} ${floor}v4"/>`);
}

function timeAxis(bottom: number, { from, to, x }: Omit<Scale, 'step'>): string {
  const labels = instants(from, to).map((at, i, all) => {
    const before = all[i - 1];
    const dated = before === undefined || Math.floor(before / day) !== Math.floor(at / day);
    const date = dated
      ? `<text class="tick" x="${fixed(x(at))}" y="${bottom + 33}" text-anchor="middle">${shownAt(at).slice(0, 10)}</text>`
      : '';
    return `<text class="tick" x="${fixed(x(at))}" y="${bottom + 18}" text-anchor="middle">${clockOf(at)}</text>${date}`;
  });
  return `${labels.join('\n')}<text class="tick" x="${width - right}" y="${bottom + 33}" text-anchor="end">UTC</text>`;
}

/** 1, 2 or 5 times a power of ten, not below the value. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value > 0 ? value : 1));
  return ([1, 2, 5, 10].find((n) => n * power >= value) ?? 10) * power;
}

/** Of arrays too long to be arguments. */
function chunked(values: readonly number[], of: (...values: number[]) => number): number[] {
  const parts: number[] = [];
  for (let i = 0; i < values.length; i += 1_000) parts.push(of(...values.slice(i, i + 1_000)));
  return parts;
}

function plain(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 4 });
}

function fixed(at: number): string {
  return at.toFixed(1);
}

const shownAt = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
const clockOf = (at: number): string => new Date(at).toISOString().slice(11, 16);

function spanOf(step: number): string {
  if (step >= day) return step === day ? 'day' : `${step / day} days`;
  if (step >= hour) return step === hour ? 'hour' : `${step / hour} h`;
  return step === minute ? 'minute' : `${step / minute} min`;
}
