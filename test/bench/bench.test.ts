import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chartOf } from '../../bench/chart.ts';
import { measurement, quantile, tableOf } from '../../bench/measurement.ts';

const run = promisify(execFile);
const bench = join(import.meta.dirname, '../../bench/main.ts');

describe('the bench', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes a list of figures, each with its name, unit, span and runs', async () => {
    const json = join(folder, 'bench.json');
    const { stdout } = await run(process.execPath, [bench, 'gate', '--tiny', '--json', json]);
    const figures: unknown = JSON.parse(readFileSync(json, 'utf8'));
    expect(figures).toContainEqual({
      name: 'gate.p50_ms',
      value: expect.any(Number),
      unit: 'ms',
      min: expect.any(Number),
      max: expect.any(Number),
      runs: 1,
      limit: 1,
      ratio: expect.any(Number),
    });
    expect(figures).toContainEqual(expect.objectContaining({ name: 'gate.p99_ms', unit: 'ms', limit: 5 }));
    expect(stdout).toContain('gate.p50_ms');
    // A station is made, customers enrol, and two processes talk: on a busy machine that takes its time.
  }, 120_000);

  it('reads and judges PSBTs of every shape beside reading them alone', async () => {
    const { stdout } = await run(process.execPath, [bench, 'bitcoin', '--tiny']);
    for (const shape of ['2in_2out', '20in_50out', '20in_200out'])
      expect(stdout).toContain(`bitcoin.${shape}.ratio_to_parse`);
    expect(stdout).toContain('bitcoin.decode.output_growth');
  }, 120_000);

  it('appends to a large journal beside a small one, and proves', async () => {
    const { stdout } = await run(process.execPath, [bench, 'journal', '--tiny']);
    for (const figure of ['append.ratio_to_ten_thousand', 'inclusion.p50_ms', 'consistency.p50_ms'])
      expect(stdout).toContain(`journal.${figure}`);
  }, 120_000);

  it('signs among many accounts beside few', async () => {
    const { stdout } = await run(process.execPath, [bench, 'scale', '--tiny']);
    expect(stdout).toContain('scale.p50_ratio');
  }, 120_000);

  it('names its parts to whoever asks for another', async () => {
    await expect(run(process.execPath, [bench, 'nothing'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the parts are gate, sign, hsm, scale, start'),
    });
  });
});

describe('a figure', () => {
  it('is the median of its rounds, with the least and the most', () => {
    expect(measurement('a', 'ms', [3, 1, 10])).toEqual({ name: 'a', value: 3, unit: 'ms', min: 1, max: 10, runs: 3 });
  });

  it('is within its budget where the ratio is at most 1, whichever side the bound is on', () => {
    expect(measurement('a', 'ms', [2], { most: 4 }).ratio).toBe(0.5);
    expect(measurement('a', '1/s', [2], { least: 4 }).ratio).toBe(2);
  });

  it('that was not measured is an error', () => {
    expect(() => measurement('a', 'ms', [])).toThrow('a was not measured');
  });

  it('of a quantile lies between its neighbours', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3], 1)).toBe(3);
  });

  it('stands in the table, and in the chart if it has a budget', () => {
    const figures = [measurement('with', 'ms', [2], { most: 4 }), measurement('without', 'ms', [2])];
    expect(tableOf(figures).split('\n')).toHaveLength(3);
    const chart = chartOf(figures);
    expect(chart).toContain('>with<');
    expect(chart).not.toContain('>without<');
  });
});
