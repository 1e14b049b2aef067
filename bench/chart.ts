import type { Measurement } from './measurement.ts';

const width = 720;
const rowHeight = 34;
const left = 230;
const right = 150;
const top = 44;
/** Where the scale begins. */
const least = 0.1;

/** A bar a figure that has a budget: how much of its limit it uses, with the span of its rounds. 1 is the limit. */
export function chartOf(measurements: readonly Measurement[]): string {
  const bars = measurements.flatMap((m) =>
    m.limit === undefined || m.ratio === undefined ? [] : [barOf(m, m.limit, m.ratio)],
  );
  const most = Math.max(1.25, ...bars.map((bar) => bar.high));
  // Logarithmic: one figure far from its limit must not hide how near the others are.
  const x = (ratio: number): number =>
    left + (Math.log(Math.max(ratio, least) / least) / Math.log(most / least)) * (width - left - right);
  const height = top + bars.length * rowHeight + 16;
  const rows = bars.map((bar, i) => {
    const y = top + i * rowHeight;
    const middle = y + 10;
    return `  <text x="${left - 10}" y="${middle + 4}" text-anchor="end">${bar.name}</text>
  <rect x="${left}" y="${y}" width="${fixed(x(bar.ratio) - left)}" height="20" fill="${bar.ratio <= 1 ? '#4c8c5a' : '#c0504d'}"/>
  <path d="M${fixed(x(bar.low))} ${middle}H${fixed(x(bar.high))}M${fixed(x(bar.low))} ${middle - 4}v8M${fixed(x(bar.high))} ${middle - 4}v8" stroke="#222" fill="none"/>
  <text x="${width - right + 10}" y="${middle + 4}">${bar.label}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
  <rect width="${width}" height="${height}" fill="#fff"/>
  <text x="10" y="18" font-weight="bold">Share of the budget used (less is better; the line is the limit; logarithmic)</text>
${rows.join('\n')}
  <path d="M${fixed(x(1))} ${top - 10}V${height - 10}" stroke="#222" stroke-dasharray="4 3"/>
</svg>
`;
}

interface Bar {
  readonly name: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly label: string;
}

function barOf({ name, value, min, max, unit }: Measurement, limit: number, ratio: number): Bar {
  // A bound from below is used up as the figure falls.
  const fromAbove = Math.abs(ratio - value / limit) < Math.abs(ratio - limit / value);
  const used = (figure: number): number => (fromAbove ? figure / limit : limit / figure);
  const [low, high] = [used(min), used(max)].sort((a, b) => a - b);
  const label = `${value} ${unit} (${fromAbove ? '≤' : '≥'} ${limit})`;
  return { name, ratio, low: low ?? ratio, high: high ?? ratio, label };
}

function fixed(at: number): string {
  return at.toFixed(1);
}
