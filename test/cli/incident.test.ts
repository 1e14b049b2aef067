import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentReport } from '../../src/custody/incident/report.ts';
import { Browser, chromium } from '../browser.ts';
import { tamper } from '../custody/audit-station.ts';
import { incident, type January, january, lost, victims } from '../custody/january.ts';
import { emptyFolder, type Ran, ran } from './station.ts';

describe('incident, after January 2022', () => {
  let lived: January;
  let folder: string;
  let list: string;
  let stateKey: string;

  beforeAll(async () => {
    lived = await january();
    folder = emptyFolder();
    list = join(folder, 'disputed');
    stateKey = join(folder, 'state.key');
    writeFileSync(list, `${lived.disputed.join('\n')}\n`);
    writeFileSync(stateKey, `${Buffer.from(lived.station.stateKey).toString('hex')}\n`, { mode: 0o600 });
  }, 240_000);
  afterAll(() => lived.of.close());

  const asked = (...args: string[]): Promise<Ran> =>
    ran(
      'incident',
      ...['--since', incident.since, '--until', incident.until, '--data', dirname(lived.station.file)],
      ...['--state-key', stateKey, ...args],
    );
  const read = (file: string): IncidentReport => JSON.parse(readFileSync(file, 'utf8'));

  it('gives 483 accounts, 4,836.26 ETH, 443.93 BTC and 66,200 of other coins', async () => {
    const json = join(folder, 'report.json');
    const vkey = lived.station.verifierKey;
    const checkpoint = join(folder, 'checkpoint');
    writeFileSync(checkpoint, (await lived.station.custody.journal.checkpoint(undefined)).note);
    const { code, out } = await asked(
      ...['--withdrawals', list, '--json', json, '--log-key', vkey, '--checkpoint', checkpoint],
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^accounts +483$/m);
    expect(out).toMatch(/^lost +4836\.26 ETH \(4836260000000000000000 base units/m);
    expect(out).toMatch(/^lost +443\.93 BTC \(44393000000 base units/m);
    expect(out).toMatch(/^lost +66200 TST /m);
    expect(out).toContain('Both counts agree');
    expect(out).toContain('late-1: AUTHORIZED');

    const report = read(json);
    const amounts = Object.fromEntries([...lost].map(([asset, amount]) => [asset, String(amount)]));
    const count = { payments: lived.disputed.length - 2, accounts: victims, assets: amounts };
    expect(report.agreement).toEqual({
      ...{ holds: true, from_rows: count, from_leaves: count, differences: [], findings: 0, found: [] },
    });
    expect(report.read).toMatchObject({ size: lived.station.store.size, consistent_with: lived.station.store.size });
    expect(report.read).toMatchObject({ log_key: vkey, log_key_pinned: true, rows_authenticated: true });
    // Not one payment an account, nor one amount.
    expect(report.payments.length).toBeGreaterThan(victims);
    expect(new Set(report.payments.map(({ amount }) => amount)).size).toBeGreaterThan(victims);
    expect(report.accounts.some(({ assets }) => assets.length === 3)).toBe(true);
    for (const { transaction, attested_by, listing } of report.payments) {
      expect(transaction.hash).toMatch(/^(0x)?[0-9a-f]{64}$/);
      expect(attested_by).toMatchObject([{ user_verified: true, admitted_by: ['admission.example'] }]);
      expect(listing?.ripening.ripe_for).toBeGreaterThan(0);
    }
    // Each account's sums add up to the totals.
    for (const [asset, amount] of lost) {
      const sums = report.accounts.flatMap(({ assets }) => assets.filter((sum) => sum.asset === asset));
      expect(sums.reduce((sum, of) => sum + BigInt(of.amount), 0n)).toBe(amount);
    }
    expect(statSync(json).mode & 0o777).toBe(0o600);
  });

  it('without a list tells everything that was paid, and calls none of it lost', async () => {
    const { code, out } = await asked();
    expect(code).toBe(0);
    expect(out).toMatch(/^accounts +494$/m);
    expect(out).toContain('This is everything that was paid');
    expect(out).not.toMatch(/^lost/m);
  });

  it('names the withdrawals of a list that the station never had, and exits with 1', async () => {
    const typed = join(folder, 'typed');
    writeFileSync(typed, 'w-0001\nw-9999\n');
    const { code, out, err } = await asked('--withdrawals', typed);
    expect(code).toBe(1);
    expect(err).toBe('UNKNOWN w-9999: this journal has no such withdrawal');
    expect(out).toMatch(/^accounts +1$/m);
  });

  const skipped = chromium === undefined ? ' (skipped: no Chromium on the PATH)' : '';
  it.skipIf(chromium === undefined)(`makes a page that loads nothing, is searched and sorted${skipped}`, async () => {
    const html = join(folder, 'report.html');
    await asked('--withdrawals', list, '--html', html);
    const browser = await Browser.open('1200,2000');
    const { tab } = browser;
    try {
      await tab.send('Network.enable');
      await tab.send('Page.navigate', { url: pathToFileURL(html).href });
      await tab.until("document.readyState === 'complete' && document.querySelector('th button') !== null");
      for (const scheme of ['light', 'dark'] as const) {
        await tab.view(1200, 2000, scheme);
        await tab.screenshot(`incident-${scheme}`);
      }
      const rows = '[...document.querySelectorAll("section table")[0].tBodies[0].rows]';
      expect(await tab.value(`${rows}.length`)).toBe(victims);
      expect(await tab.value('document.querySelector(".figures").innerText')).toContain('4,836.26');
      const figures = String(await tab.value('document.querySelector(".figures").innerText'));
      for (const shown of ['483', '443.93', '66,200']) expect(figures).toContain(shown);
      // Larger amounts are larger however many digits they have.
      await tab.value('document.querySelectorAll("th button")[1].click()');
      const sorted = `${rows}.map((row) => Number(row.cells[1].innerText.replaceAll(",", "")))`;
      expect(await tab.value(`${sorted}.every((n, i, all) => i === 0 || all[i - 1] <= n)`)).toBe(true);
      const type = (text: string): Promise<unknown> =>
        tab.value(
          `(() => { const s = document.querySelector('input[type=search]'); s.value = '${text}'; s.dispatchEvent(new Event('input')); })()`,
        );
      await type('customer-0007');
      expect(await tab.value(`${rows}.filter((row) => row.checkVisibility()).length`)).toBe(1);
      await type('');
      expect(await tab.value(`${rows}.filter((row) => row.checkVisibility()).length`)).toBe(victims);
      // Neither styles nor scripts that the policy refused.
      expect(tab.complaints).toEqual([]);
      expect(await tab.value('performance.getEntriesByType("resource").length')).toBe(0);
    } finally {
      await browser.close();
    }
  });

  it('writes a page that runs no other script, loads nothing, and takes no name for markup', async () => {
    const html = join(folder, 'static.html');
    await asked('--withdrawals', list, '--html', html);
    const page = readFileSync(html, 'utf8');
    expect(page).toMatch(/<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/);
    expect(page).not.toMatch(/\s(?:src|href|style|on[a-z]+)="/);
    expect(page).not.toMatch(/https?:\/\//);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain('ETH released, per 5 min');
    expect(page).toContain('frozen 03:20');
  });

  it('refuses a span that ends before it begins, a time that is none, and files that are there', async () => {
    const data = dirname(lived.station.file);
    const at = (since: string, until: string): Promise<Ran> =>
      ran('incident', '--since', since, '--until', until, '--data', data);
    for (const until of ['2022-01-16', '2022-01-17', '2022-01-17T00:00:00Z']) {
      const { code, err } = await at('2022-01-17', until);
      expect(code).toBe(2);
      expect(err).toContain('--until is not after --since');
    }
    expect((await at('yesterday', '2022-01-17')).err).toContain('--since');
    expect((await at('2022-02-30', '2022-03-01')).err).toContain('--since');
    expect((await ran('incident', '--since', '2022-01-17', '--data', data)).err).toContain('--until is missing');
    const there = await asked('--json', list);
    expect(there).toMatchObject({ code: 1 });
    expect(there.err).toContain('a report is never overwritten');
    const same = await asked('--json', join(folder, 'one'), '--html', `${folder}/./one`);
    expect(same).toMatchObject({ code: 2, err: expect.stringContaining('name the same file') });
    expect((await ran('incident', '--since', '2022-01-17', '--until', '2022-01-18', '--data', folder)).err).toContain(
      'station.db does not exist',
    );
    expect((await asked('--withdrawals', join(folder, 'none'))).err).toContain('--withdrawals');
    expect((await asked('--account', 'a b')).err).toContain('--account');
    expect((await asked('--asset', 'ether')).err).toContain('--asset');
    expect((await asked('--destination', '0x00')).err).toContain('--destination');
  });

  // Last: it does harm.
  it('S4: of a damaged journal says loudly that its numbers prove nothing, on the terminal and on the page, and exits with 1', async () => {
    const [html, json] = [join(folder, 'damaged.html'), join(folder, 'damaged.json')];
    tamper(lived.station.file, "UPDATE withdrawals SET amount = '1' || amount WHERE id = 'w-0001'");
    const { code, err } = await asked('--withdrawals', list, '--html', html, '--json', json);
    expect(code).toBe(1);
    expect(err).toContain('DO NOT RELY ON THESE NUMBERS');
    expect(err).toContain('DIFFERS withdrawal w-0001: amount is 1');
    expect(err).toContain('FOUND row-forged: withdrawals w-0001');
    expect(existsSync(html)).toBe(true);
    expect(readFileSync(html, 'utf8')).toContain('Do not rely on these numbers');
    expect(read(json).agreement.holds).toBe(false);
  });
});
