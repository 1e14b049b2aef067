/** One figure of a run: the median of its rounds, with the least and the most. */
export interface Measurement {
  /** `gate.p50_ms`: names outlive releases, so that runs can be compared. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** How many rounds it is the median of. */
  readonly runs: number;
  /** The budget's bound, in the same unit. */
  readonly limit?: number;
  /** To the limit: of a bound from above value ÷ limit, of one from below limit ÷ value; at most 1 is within budget. */
  readonly ratio?: number;
}

export interface Budget {
  readonly most?: number;
  readonly least?: number;
}

export function measurement(name: string, unit: string, rounds: readonly number[], budget: Budget = {}): Measurement {
  if (rounds.length === 0) throw new Error(`${name} was not measured`);
  const value = median(rounds);
  const shared = {
    name,
    value: rounded(value),
    unit,
    min: rounded(Math.min(...rounds)),
    max: rounded(Math.max(...rounds)),
  };
  const runs = rounds.length;
  if (budget.most !== undefined) return { ...shared, runs, limit: budget.most, ratio: rounded(value / budget.most) };
  if (budget.least !== undefined) return { ...shared, runs, limit: budget.least, ratio: rounded(budget.least / value) };
  return { ...shared, runs };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the two nearest. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Four digits say more than such a machine can repeat. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** For people: a line a figure. */
export function tableOf(measurements: readonly Measurement[]): string {
  const head = ['name', 'median', 'min', 'max', 'unit', 'runs', 'limit', 'ratio'];
  const rows = measurements.map((m) =>
    [m.name, m.value, m.min, m.max, m.unit, m.runs, m.limit ?? '', m.ratio ?? ''].map(String),
  );
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 || i === 4 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  return [head, ...rows].map((cells) => line(cells).trimEnd()).join('\n');
}
