import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askOnLoopback } from '../../src/cli/loopback.ts';
import { operatorAssertion, operatorCreationOptions, operatorEntry } from '../../src/custody/operator-key.ts';
import type { OperatorName } from '../../src/domain/index.ts';
import { Browser, chromium, type Tab } from '../browser.ts';
import { challenge } from './operator-people.ts';

// The page in a real browser, with the browser's own virtual authenticator (WebAuthn §11: WebDriver's, here through CDP).

const skipped = chromium === undefined ? ' (skipped: no Chromium on the PATH)' : '';
describe.skipIf(chromium === undefined)(`the operator’s page in a browser${skipped}`, () => {
  let browser: Browser;
  let tab: Tab;

  beforeAll(async () => {
    browser = await Browser.open();
    ({ tab } = browser);
    await tab.send('WebAuthn.enable');
    await tab.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'usb', hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
      },
    });
  }, 60_000);
  afterAll(() => browser.close());

  it('makes an operator’s key, and then signs with it, by the keyboard alone', async () => {
    const name = 'olivia' as OperatorName;
    const options = operatorCreationOptions(name, challenge);
    const entry = await askOnLoopback({
      port: 0,
      page: () => ({
        title: 'Portcullis: an operator’s key',
        lead: 'A key.',
        statement: 'Make the key of operator olivia',
        rows: [['Operator', 'olivia']],
        action: 'Make it with your key',
        ceremony: { kind: 'create', options },
      }),
      ready: (url) => {
        void (async () => {
          await tab.send('Page.navigate', { url });
          await tab.until("document.readyState === 'complete' && document.activeElement?.tagName === 'H1'");
          await tab.screenshot('enrol');
          await tab.press('Tab');
          await tab.press('Enter');
        })();
      },
      settle: async (json, origin) => ({
        value: await operatorEntry(name, json, { challenge, origin }),
        message: 'made',
      }),
    });
    expect(entry).toMatchObject({ name, class: 'device', backupEligible: false });
    await tab.until("document.getElementById('status').textContent === 'made'");

    const digest = 'ab'.repeat(32);
    let shown = '';
    const assertion = await askOnLoopback({
      port: 0,
      page: () => ({
        title: 'Portcullis: an operator’s signature',
        lead: 'Your key signs exactly this, and nothing else. Compare it with what you mean to do.',
        statement: `Approve withdrawal w-1: 11 ETH of account alice to eip155:11155111:0x70997970C51812dc3A010C7d01b50e0d17dc79C8, to be signed by 2026-01-02T00:00:00Z, held by bands <script>document.title='hit'</script>`,
        rows: [
          ['Act', 'approve withdrawal:w-1'],
          ['Digest', digest],
          ['Takes', '2 signatures; omar signed already'],
          ['Effect', 'at once'],
          ['Relying party', 'localhost'],
        ],
        action: 'Sign with your key',
        ceremony: {
          kind: 'get',
          options: {
            challenge: Buffer.from(digest, 'hex').toString('base64url'),
            rpId: 'localhost',
            allowCredentials: [{ type: 'public-key', id: entry.credential }],
            userVerification: 'required',
          },
          expires: Date.now() + 900_000,
        },
      }),
      ready: (url) => {
        void (async () => {
          await tab.send('Page.navigate', { url });
          await tab.until("document.title.includes('signature') && document.activeElement?.tagName === 'H1'");
          shown = String(await tab.value('document.body.innerText'));
          await tab.screenshot('sign');
          // A stray key signs nothing: the button has to be reached first.
          await tab.press('Enter');
          expect(await tab.value("document.getElementById('status').textContent")).toBe('');
          await tab.press('Tab');
          await tab.press('Enter');
        })();
      },
      settle: async (json) => ({ value: operatorAssertion(json), message: 'done: signed by omar, olivia.' }),
    });
    expect(assertion.credential).toBe(entry.credential);
    const client = JSON.parse(Buffer.from(assertion.clientData).toString());
    expect(client).toMatchObject({ type: 'webauthn.get', challenge: Buffer.from(digest, 'hex').toString('base64url') });
    expect(shown).toContain('11 ETH');
    expect(shown).toContain('0x70997970C51812dc3A010C7d01b50e0d17dc79C8');
    expect(shown).toContain(digest);
    await tab.until("document.getElementById('status').textContent.startsWith('done')");
    expect(await tab.value('document.title')).not.toBe('hit');
    await tab.screenshot('signed');
    // The station verifies ES256 and EdDSA only; Chromium advises to offer RS256 too.
    expect(tab.complaints.filter((text) => !/favicon|pubKeyCredParams/.test(text))).toEqual([]);
  }, 60_000);

  it('whoever presses "Do not sign" signs nothing', async () => {
    const declined = askOnLoopback({
      port: 0,
      page: () => ({
        title: 'declining',
        lead: '',
        statement: 'Freeze station, at once: drill',
        rows: [],
        action: 'Sign with your key',
        ceremony: { kind: 'get', options: { challenge: 'AAAA' } },
      }),
      ready: (url) => {
        void (async () => {
          await tab.send('Page.navigate', { url });
          await tab.until("document.title === 'declining' && document.activeElement?.tagName === 'H1'");
          await tab.press('Tab');
          await tab.press('Tab');
          await tab.press('Enter');
        })();
      },
      settle: async () => ({ value: 'signed', message: '' }),
    });
    await expect(declined).rejects.toThrow('nothing was signed');
    await tab.until("document.getElementById('status').textContent.startsWith('Nothing was signed')");
  }, 60_000);
});
