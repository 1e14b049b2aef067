import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../simulators/ledger/emulator.ts';
import { Browser, chromium, type Tab } from '../../browser.ts';

const skipped = chromium === undefined ? ' (skipped: no Chromium on the PATH)' : '';
describe.skipIf(chromium === undefined)(`the emulator’s page in a browser${skipped}`, () => {
  let browser: Browser;
  let tab: Tab;
  let emulator: Emulator;
  beforeAll(async () => {
    browser = await Browser.open('1200,800');
    ({ tab } = browser);
  }, 60_000);
  afterAll(() => browser.close());

  const text = (id: string): Promise<unknown> => tab.value(`document.getElementById('${id}').textContent`);
  const shows = (line: string): Promise<void> =>
    tab.until(`document.getElementById('text').textContent.includes(${JSON.stringify(line)})`);
  const apdu = (data: string): Promise<Response> =>
    fetch(`${emulator.apiUrl}/apdu`, { method: 'POST', body: JSON.stringify({ data }) });
  const click = (selector: string): Promise<unknown> => tab.value(`document.querySelector('${selector}').focus()`);

  it('shows a Nano’s screen as it changes, what goes over the cable, and presses its buttons', async () => {
    emulator = await startEmulator({ model: 'nanosp', apiPort: 0, app: 'bitcoin' });
    try {
      await tab.send('Page.navigate', { url: `${emulator.apiUrl}/` });
      await shows('app is ready');
      await tab.until("document.getElementById('model').textContent === 'Emulated Nano'");
      expect(await tab.value('document.body.innerText')).toContain('never use it for real money');
      await apdu('b001000000');
      await apdu('e105000100');
      const reviewing = apdu('e10000010e0103800000548000000080000000');
      await shows('Confirm public key');
      for (const page of ['Path', 'Public key (1/3)']) {
        await click('.keys [data-button=right]');
        await tab.press('Enter');
        await shows(page);
      }
      expect(await text('log')).toContain('f5acc2fd 9000');
      await tab.screenshot('emulator');
      for (const page of ['Public key (2/3)', 'Public key (3/3)', 'Approve public key']) {
        await click('.keys [data-button=right]');
        await tab.press('Enter');
        await shows(page);
      }
      await click('.keys [data-button=both]');
      await tab.press('Enter');
      expect(await (await reviewing).json()).toEqual({ data: expect.stringMatching(/9000$/) });
      await tab.until("document.getElementById('count').textContent === '3'");
    } finally {
      await emulator.close();
    }
    expect(tab.complaints.filter((told) => !/favicon|ERR_CONNECTION|ERR_INCOMPLETE/.test(told))).toEqual([]);
  });

  it('is tapped on a touch screen, and breaks the device on request', async () => {
    emulator = await startEmulator({ model: 'flex', apiPort: 0, app: 'bitcoin' });
    try {
      await tab.send('Page.navigate', { url: `${emulator.apiUrl}/` });
      await shows('Bitcoin');
      await tab.until("document.getElementById('model').textContent === 'Emulated Flex'");
      await tab.value("document.getElementById('kind').value = 'lock'");
      await tab.value("document.getElementById('break').click()");
      await tab.until("document.getElementById('faults').textContent.includes('lock')");
      await shows('locked');
      await tab.value("document.getElementById('mend').click()");
      await tab.until("document.getElementById('faults').textContent === ''");
      await shows('Bitcoin');
    } finally {
      await emulator.close();
    }
  });
});
